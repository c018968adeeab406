#include "server/coding.h"

#include <algorithm>
#include <optional>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include "engine/base/check.h"
#include "server/http/text.h"

namespace tenantry::server {
namespace {

constexpr int kGzipLevel = 5;
constexpr int kBrotliLevel = 5;  // Higher ones take many times as long for a few percent.
constexpr int kZstdLevel = 3;

// q in thousandths; nullopt when it is not a weight.
std::optional<int> ParseWeight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int unit = 100;
  for (const char c : text.substr(std::min<size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

// One element of Accept-Encoding: a coding and how much the client likes it.
struct Wish {
  std::string_view name;
  int weight = 1000;
};

Wish ParseWish(std::string_view element) {
  Wish wish;
  const size_t semicolon = std::min(element.find(';'), element.size());
  wish.name = http::TrimBlanks(element.substr(0, semicolon));
  std::string_view rest = http::TrimBlanks(element.substr(std::min(element.size(), semicolon + 1)));
  if (rest.size() > 2 && http::LowerAscii(rest[0]) == 'q' && rest[1] == '=') {
    wish.weight = ParseWeight(rest.substr(2)).value_or(0);
  }
  return wish;
}

std::string Gzip(std::string_view body) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemoryLevel = 8;
  TNT_CHECK(deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                         Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  TNT_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Brotli(std::string_view body) {
  size_t size = BrotliEncoderMaxCompressedSize(body.size());
  std::string out(size, '\0');
  TNT_CHECK(BrotliEncoderCompress(kBrotliLevel, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT,
                                  body.size(), reinterpret_cast<const uint8_t*>(body.data()), &size,
                                  reinterpret_cast<uint8_t*>(out.data())) == BROTLI_TRUE);
  out.resize(size);
  return out;
}

std::string Zstd(std::string_view body) {
  std::string out(ZSTD_compressBound(body.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), kZstdLevel);
  TNT_CHECK(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

}  // namespace

std::string_view CodingName(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return "gzip";
    case Coding::kBrotli:
      return "br";
    case Coding::kZstd:
      return "zstd";
    case Coding::kIdentity:
      break;
  }
  return "identity";
}

Coding ChooseCoding(std::string_view accept_encoding, bool kept) {
  constexpr std::array<Coding, 3> kSmallest = {Coding::kBrotli, Coding::kZstd, Coding::kGzip};
  constexpr std::array<Coding, 3> kFastest = {Coding::kZstd, Coding::kBrotli, Coding::kGzip};
  std::array<std::optional<int>, kCodings> weights;
  std::optional<int> others;
  while (!accept_encoding.empty()) {
    const std::string_view element = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), element.size() + 1));
    const Wish wish = ParseWish(element);
    if (wish.name == "*") others = wish.weight;
    for (size_t i = 0; i < kCodings; ++i) {
      const auto coding = static_cast<Coding>(i);
      const bool old_name = coding == Coding::kGzip && http::EqualsIgnoreCase(wish.name, "x-gzip");
      if (old_name || http::EqualsIgnoreCase(wish.name, CodingName(coding))) {
        weights[i] = wish.weight;
      }
    }
  }
  const auto weight = [&](Coding coding) {
    return weights[static_cast<size_t>(coding)].value_or(others.value_or(0));
  };
  // What is not asked for by name is only sent instead of a coding, never preferred to one.
  Coding best = Coding::kIdentity;
  int best_weight = weights[0].value_or(0);
  for (const Coding coding : kept ? kSmallest : kFastest) {
    const bool first = best == Coding::kIdentity;
    if (weight(coding) > 0 &&
        (first ? weight(coding) >= best_weight : weight(coding) > best_weight)) {
      best = coding;
      best_weight = weight(coding);
    }
  }
  return best;
}

bool IsCompressible(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("javascript") ||
         type.ends_with("xml");
}

std::string Compress(Coding coding, std::string_view body) {
  switch (coding) {
    case Coding::kGzip:
      return Gzip(body);
    case Coding::kBrotli:
      return Brotli(body);
    case Coding::kZstd:
      return Zstd(body);
    case Coding::kIdentity:
      break;
  }
  TNT_CHECK(false);
  return {};
}

std::shared_ptr<const std::string> CodedBodies::Find(Coding coding) const {
  MutexLock lock(mutex_);
  return bodies_[static_cast<size_t>(coding)];
}

void CodedBodies::Add(Coding coding, std::shared_ptr<const std::string> body) {
  MutexLock lock(mutex_);
  bodies_[static_cast<size_t>(coding)] = std::move(body);
}

}  // namespace tenantry::server
