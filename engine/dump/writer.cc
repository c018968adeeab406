#include "engine/dump/writer.h"

#include <zstd.h>

#include "engine/base/bytes.h"
#include "engine/keys/keys.h"

namespace tenantry::dump {
namespace {

constexpr int kZstdLevel = 3;
constexpr char kPutMark = 1;
constexpr char kDeleteMark = 2;

}  // namespace

bool KindOf(std::string_view key, uint8_t* kind, uint16_t* collection) {
  if (key.empty()) return false;
  *kind = static_cast<uint8_t>(key[0]);
  *collection = 0;
  if (*kind != static_cast<uint8_t>(keys::Kind::kRecord)) return true;
  if (key.size() < 3) return false;
  *collection =
      static_cast<uint16_t>(static_cast<uint8_t>(key[1]) << 8 | static_cast<uint8_t>(key[2]));
  return true;
}

Status DumpWriter::Write(std::string_view bytes) {
  offset_ += bytes.size();
  return sink_.Write(bytes);
}

Status DumpWriter::Begin(const Header& header) {
  const std::string bytes = EncodeHeader(header);
  chain_ = ChainOfHeader(bytes);
  return Write(bytes);
}

Status DumpWriter::BeginSpace(SpaceId space, std::string_view tenant, BlockKind kind) {
  TNT_RETURN_IF_ERROR(EndSpace());
  head_ = {};
  head_.kind = kind;
  head_.space = space;
  head_.tenant = tenant;
  footer_.spaces.push_back({space, std::string(tenant), 0, {}});
  hash_ = {};
  return Status::Ok();
}

Status DumpWriter::Count(std::string_view key, std::string_view value) {
  uint8_t kind = 0;
  uint16_t collection = 0;
  if (!KindOf(key, &kind, &collection)) return Corruption("a row with a malformed key");
  KindTotal& total = kinds_[{kind, collection}];
  total.kind = kind;
  total.collection = collection;
  ++total.rows;
  total.bytes += key.size() + value.size();
  hash_.Add(key, value);
  if (head_.rows == 0) head_.first_key = key;
  head_.last_key = key;
  ++head_.rows;
  ++footer_.rows;
  return raw_.size() < kBlockRawBytes ? Status::Ok() : FlushBlock();
}

Status DumpWriter::Put(std::string_view key, std::string_view value) {
  if (head_.kind == BlockKind::kEffects) raw_.push_back(kPutMark);
  AppendSized(&raw_, key);
  AppendSized(&raw_, value);
  return Count(key, value);
}

Status DumpWriter::Delete(std::string_view key) {
  raw_.push_back(kDeleteMark);
  AppendSized(&raw_, key);
  return Count(key, {});
}

Status DumpWriter::FlushBlock() {
  if (head_.rows == 0) return Status::Ok();
  std::string payload(ZSTD_compressBound(raw_.size()), '\0');
  const size_t bytes =
      ZSTD_compress(payload.data(), payload.size(), raw_.data(), raw_.size(), kZstdLevel);
  if (ZSTD_isError(bytes) != 0) return Internal("zstd: " + std::string(ZSTD_getErrorName(bytes)));
  payload.resize(bytes);
  head_.stored_bytes = static_cast<uint32_t>(bytes);
  head_.raw_bytes = static_cast<uint32_t>(raw_.size());
  head_.number = static_cast<uint32_t>(footer_.block_offsets.size());
  head_.chain_before = chain_;
  head_.payload_hash = Hash64(payload);
  footer_.block_offsets.push_back(offset_);
  const std::string head = EncodeBlockHead(head_);
  chain_ = ChainAfter(chain_, head);
  head_.rows = 0;
  raw_.clear();
  TNT_RETURN_IF_ERROR(Write(head));
  return Write(payload);
}

Status DumpWriter::EndSpace() {
  if (footer_.spaces.empty()) return Status::Ok();
  TNT_RETURN_IF_ERROR(FlushBlock());
  footer_.spaces.back().rows = hash_.rows();
  footer_.spaces.back().hash = hash_.Finish();
  return Status::Ok();
}

Status DumpWriter::Finish() {
  TNT_RETURN_IF_ERROR(EndSpace());
  footer_.offset = offset_;
  footer_.chain = chain_;
  for (const auto& [kind, total] : kinds_) footer_.kinds.push_back(total);
  return Write(EncodeFooter(footer_));
}

}  // namespace tenantry::dump
