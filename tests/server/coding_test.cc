#include "server/coding.h"

#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace tenantry::server {
namespace {

std::string Expand(Coding coding, const std::string& bytes, size_t size) {
  std::string out(size, '\0');
  auto* to = reinterpret_cast<uint8_t*>(out.data());
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data());
  switch (coding) {
    case Coding::kGzip: {
      z_stream stream{};
      EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
      stream.next_in = const_cast<Bytef*>(from);
      stream.avail_in = static_cast<uInt>(bytes.size());
      stream.next_out = to;
      stream.avail_out = static_cast<uInt>(size);
      EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
      EXPECT_EQ(stream.total_out, size);
      inflateEnd(&stream);
      break;
    }
    case Coding::kBrotli:
      EXPECT_EQ(BrotliDecoderDecompress(bytes.size(), from, &size, to),
                BROTLI_DECODER_RESULT_SUCCESS);
      break;
    case Coding::kZstd:
      EXPECT_EQ(ZSTD_decompress(to, size, from, bytes.size()), size);
      break;
    case Coding::kIdentity:
      break;
  }
  return out;
}

TEST(CodingTest, Q5EveryCodingReadsBackAndShrinks) {
  std::string body = "[";
  for (int i = 0; i < 500; ++i) body.append("{\"id\":").append(std::to_string(i)).append("},");
  for (const Coding coding : {Coding::kGzip, Coding::kBrotli, Coding::kZstd}) {
    const std::string coded = Compress(coding, body);
    EXPECT_LT(coded.size(), body.size() / 2);
    EXPECT_EQ(Expand(coding, coded, body.size()), body) << CodingName(coding);
  }
}

TEST(CodingTest, Q5WeightsDecide) {
  const auto kept = [](std::string_view header) { return CodingName(ChooseCoding(header, true)); };
  EXPECT_EQ(kept(""), "identity");
  EXPECT_EQ(kept("gzip"), "gzip");
  EXPECT_EQ(kept("GZip, deflate"), "gzip");
  EXPECT_EQ(kept("x-gzip"), "gzip");
  EXPECT_EQ(kept("gzip, deflate, br, zstd"), "br");
  EXPECT_EQ(CodingName(ChooseCoding("gzip, deflate, br, zstd", false)), "zstd");
  EXPECT_EQ(kept("gzip;q=1.0, br;q=0.9"), "gzip");
  EXPECT_EQ(kept("gzip;q=0, br;q=0"), "identity");
  EXPECT_EQ(kept("*"), "br");
  EXPECT_EQ(kept("br;q=0, *"), "zstd");
  EXPECT_EQ(kept("gzip;q=0.001"), "gzip");
  EXPECT_EQ(kept("identity, gzip;q=0.5"), "identity");
  EXPECT_EQ(kept("identity;q=0.5, gzip;q=0.5"), "gzip");
  EXPECT_EQ(kept("deflate"), "identity");
  for (const char* bad :
       {"gzip;q=2", "gzip;q=x", "gzip;q=1.5", "gzip;q=0.1234", ";;;,,", "gzip;q="}) {
    EXPECT_EQ(kept(bad), std::string_view(bad) == "gzip;q=" ? "gzip" : "identity") << bad;
  }
}

TEST(CodingTest, OnlyTextShrinks) {
  EXPECT_TRUE(IsCompressible("application/json; charset=utf-8"));
  EXPECT_TRUE(IsCompressible("application/javascript; charset=utf-8"));
  EXPECT_TRUE(IsCompressible("text/html"));
  EXPECT_FALSE(IsCompressible("image/png"));
  EXPECT_FALSE(IsCompressible(""));
}

}  // namespace
}  // namespace tenantry::server
