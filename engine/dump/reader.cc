#include "engine/dump/reader.h"

#include <algorithm>

#include <zstd.h>

#include "engine/base/bytes.h"
#include "engine/dump/writer.h"
#include "engine/keys/keys.h"
#include "engine/schema/collections.h"

namespace tenantry::dump {
namespace {

constexpr size_t kReadBytes = 256u << 10;
constexpr size_t kSearchBytes = 1u << 20;
constexpr size_t kBlockHeadBytesMax = kBlockFixedBytes + 3 * 255;
constexpr char kPutMark = 1;

std::string At(uint64_t offset) {
  return " at offset " + std::to_string(offset);
}

// Texts of a key that are printable, as a person would search for them.
std::string ReadableParts(std::string_view tuple) {
  std::string text;
  while (!tuple.empty()) {
    std::string part;
    int64_t number = 0;
    if (keys::TakeText(&tuple, &part)) {
      const bool printable = std::all_of(part.begin(), part.end(), [](char c) {
        return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
      });
      text += (text.empty() ? "" : "/") + (printable ? part : FormatHex(part));
    } else if (keys::TakeInt(&tuple, &number)) {
      text += (text.empty() ? "" : "/") + std::to_string(number);
    } else {
      return text + (text.empty() ? "" : "/") + "0x" + FormatHex(tuple);
    }
  }
  return text;
}

}  // namespace

std::string DescribeKey(std::string_view key) {
  uint8_t kind = 0;
  uint16_t number = 0;
  if (!KindOf(key, &kind, &number)) return "0x" + FormatHex(key);
  switch (static_cast<keys::Kind>(kind)) {
    case keys::Kind::kMeta:
      return "meta " + std::string(key.substr(1));
    case keys::Kind::kRecord: {
      const schema::Collection* collection = schema::FindCollection(number);
      const std::string name =
          collection != nullptr ? collection->name : "collection " + std::to_string(number);
      return name + " " + ReadableParts(key.substr(3));
    }
    case keys::Kind::kCounter:
    case keys::Kind::kSketch:
      return std::string(static_cast<keys::Kind>(kind) == keys::Kind::kCounter ? "counter"
                                                                               : "sketch") +
             " 0x" + FormatHex(key.substr(1, 24));
    default:
      return "0x" + FormatHex(key.substr(0, 24));
  }
}

Status VisitRows(const Block& block, const VisitRow& visit) {
  std::string_view rest = block.raw;
  for (uint32_t i = 0; i < block.head.rows; ++i) {
    bool put = true;
    if (block.head.kind == BlockKind::kEffects) {
      if (rest.empty()) return Corruption("its rows are cut short");
      put = rest[0] == kPutMark;
      rest.remove_prefix(1);
    }
    std::string_view key, value;
    if (!TakeSized(&rest, &key) || (put && !TakeSized(&rest, &value))) {
      return Corruption("its rows are cut short");
    }
    TNT_RETURN_IF_ERROR(visit(put, key, value));
  }
  return rest.empty() ? Status::Ok() : Corruption("bytes follow its rows");
}

Result<std::string_view> DumpReader::Ahead(size_t bytes) {
  if (used_ > kReadBytes) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
  while (!at_end_ && buffer_.size() - used_ < bytes) {
    const size_t had = buffer_.size();
    buffer_.resize(had + std::max(kReadBytes, bytes - (had - used_)));
    const Result<size_t> got = source_.Read(buffer_.data() + had, buffer_.size() - had);
    buffer_.resize(had + (got.ok() ? *got : 0));
    TNT_RETURN_IF_ERROR(got.status());
    at_end_ = *got == 0;
  }
  return std::string_view(buffer_).substr(used_);
}

void DumpReader::Skip(size_t bytes) {
  used_ += bytes;
  offset_ += bytes;
}

Status DumpReader::Note(uint64_t offset, std::string what, bool rows_lost) {
  if (!tolerant_) return Corruption(std::move(what));
  damages_.push_back({offset, std::max(offset_, offset + 1), std::move(what), rows_lost});
  return Status::Ok();
}

Status DumpReader::Resync() {
  TNT_ASSIGN_OR_RETURN(const std::string_view here, Ahead(1));
  if (here.empty()) return Status::Ok();
  Skip(1);
  chain_.reset();
  for (;;) {
    TNT_ASSIGN_OR_RETURN(const std::string_view view, Ahead(kSearchBytes));
    const size_t at = view.find("TNT");
    if (at == std::string_view::npos) {
      // The beginning of a magic may stand at the end of what was read.
      Skip(at_end_ ? view.size() : view.size() - 2);
      if (at_end_) return Status::Ok();
      continue;
    }
    Skip(at);
    TNT_ASSIGN_OR_RETURN(const std::string_view start, Ahead(kBlockHeadBytesMax));
    BlockHead head;
    const size_t head_bytes = BlockHeadBytes(start);
    if (head_bytes > 0 && head_bytes <= start.size() &&
        DecodeBlockHead(start.substr(0, head_bytes), &head)) {
      return Status::Ok();
    }
    if (const size_t bytes = FooterBytes(start); bytes > 0) {
      TNT_ASSIGN_OR_RETURN(const std::string_view whole, Ahead(bytes));
      Footer footer;
      if (whole.size() >= bytes && DecodeFooter(whole.substr(0, bytes), &footer)) {
        return Status::Ok();
      }
    }
    Skip(1);
  }
}

Status DumpReader::Open() {
  TNT_ASSIGN_OR_RETURN(const std::string_view start, Ahead(16));
  const size_t bytes = HeaderBytes(start);
  if (bytes > 0) {
    TNT_ASSIGN_OR_RETURN(const std::string_view whole, Ahead(bytes));
    const std::string_view header = whole.substr(0, bytes);
    const Status decoded =
        whole.size() < bytes ? Corruption("it is cut short") : DecodeHeader(header, &header_);
    if (decoded.code() == StatusCode::kInvalidArgument) return decoded;
    if (decoded.ok()) {
      has_header_ = true;
      chain_ = ChainOfHeader(header);
      Skip(bytes);
      return Status::Ok();
    }
  }
  if (!tolerant_) {
    return Corruption(start.empty() ? "an empty file is no dump"
                                    : "the header at offset 0 is not that of a dump, or damaged");
  }
  TNT_RETURN_IF_ERROR(Resync());
  return Note(0, "the header at offset 0 is not that of a dump, or damaged", false);
}

std::string DumpReader::Name(const Block& block) const {
  return "block " + std::to_string(block.head.number) + At(block.offset) + " (space " +
         std::to_string(block.head.space.value()) +
         (block.head.tenant.empty() ? "" : ", tenant " + block.head.tenant) + ", " +
         DescribeKey(block.head.first_key) + " to " + DescribeKey(block.head.last_key) + ")";
}

Result<bool> DumpReader::NextBlock(Block* block) {
  for (;;) {
    TNT_ASSIGN_OR_RETURN(const std::string_view start, Ahead(kBlockHeadBytesMax));
    if (start.empty()) {
      // Said already when what came before was no block.
      if (!damages_.empty() && damages_.back().end == offset_) return false;
      TNT_RETURN_IF_ERROR(
          Note(offset_, "the dump ends early" + At(offset_) + ": its footer is missing", true));
      return false;
    }
    const size_t head_bytes = BlockHeadBytes(start);
    if (head_bytes > 0 && head_bytes <= start.size() &&
        DecodeBlockHead(start.substr(0, head_bytes), &block->head)) {
      TNT_ASSIGN_OR_RETURN(const bool good, ReadBlock(block, head_bytes));
      if (good) return true;
      continue;
    }
    if (const size_t bytes = FooterBytes(start); bytes > 0) {
      TNT_RETURN_IF_ERROR(ReadFooter(bytes));
      return false;
    }
    const uint64_t from = offset_;
    if (tolerant_) TNT_RETURN_IF_ERROR(Resync());
    TNT_RETURN_IF_ERROR(Note(from, "no block or footer, but damaged bytes" + At(from), true));
  }
}

Result<bool> DumpReader::ReadBlock(Block* block, size_t head_bytes) {
  block->offset = offset_;
  const size_t bytes = head_bytes + block->head.stored_bytes;
  TNT_ASSIGN_OR_RETURN(const std::string_view whole, Ahead(bytes));
  if (whole.size() < bytes) {
    Skip(whole.size());
    TNT_RETURN_IF_ERROR(Note(block->offset, Name(*block) + ": it is cut short", true));
    return false;
  }
  const std::string head(whole.substr(0, head_bytes));
  const std::string_view payload = whole.substr(head_bytes, block->head.stored_bytes);
  const bool proven = Hash64(payload) == block->head.payload_hash;
  block->raw.resize(block->head.raw_bytes);
  const bool unpacked =
      proven && ZSTD_decompress(block->raw.data(), block->raw.size(), payload.data(),
                                payload.size()) == block->raw.size();
  Skip(bytes);
  TNT_RETURN_IF_ERROR(CheckPlace(*block, head));
  if (!unpacked) {
    TNT_RETURN_IF_ERROR(
        Note(block->offset, Name(*block) + ": its bytes do not match their checksum", true));
    return false;
  }
  const Status rows = CheckRows(*block);
  if (rows.ok()) return true;
  TNT_RETURN_IF_ERROR(Note(block->offset, Name(*block) + ": " + std::string(rows.message()), true));
  return false;
}

Status DumpReader::CheckPlace(const Block& block, std::string_view head_bytes) {
  const bool follows = !chain_ || *chain_ == block.head.chain_before;
  const bool counted = !damages_.empty() || block.head.number == offsets_.size();
  chain_ = ChainAfter(block.head.chain_before, head_bytes);
  offsets_.push_back(block.offset);
  if (follows && counted) return Status::Ok();
  return Note(block.offset, Name(block) + ": it does not follow what is before it", false);
}

Status DumpReader::CheckRows(const Block& block) {
  if (spaces_.empty() || spaces_.back().space != block.head.space) {
    if (!spaces_.empty() && block.head.space < spaces_.back().space) {
      return Corruption("its space comes after a higher one");
    }
    if (!spaces_.empty()) {
      spaces_.back().rows = hash_.rows();
      spaces_.back().hash = hash_.Finish();
    }
    spaces_.push_back({block.head.space, block.head.tenant, 0, {}});
    hash_ = {};
    last_key_.clear();
  }
  return VisitRows(block,
                   [&](bool /*put*/, std::string_view key, std::string_view value) -> Status {
                     if (block.head.kind == BlockKind::kRows) {
                       if (key <= last_key_)
                         return Corruption("its keys are not in order: " + DescribeKey(key));
                       last_key_ = key;
                     }
                     uint8_t kind = 0;
                     uint16_t collection = 0;
                     if (!KindOf(key, &kind, &collection))
                       return Corruption("it has a row with a malformed key");
                     KindTotal& total = kinds_[{kind, collection}];
                     ++total.rows;
                     total.bytes += key.size() + value.size();
                     hash_.Add(key, value);
                     ++rows_;
                     return Status::Ok();
                   });
}

Status DumpReader::ReadFooter(size_t bytes) {
  const uint64_t from = offset_;
  TNT_ASSIGN_OR_RETURN(const std::string_view whole, Ahead(bytes));
  if (whole.size() < bytes || !DecodeFooter(whole.substr(0, bytes), &footer_)) {
    // Whatever follows belongs to it.
    for (;;) {
      TNT_ASSIGN_OR_RETURN(const std::string_view rest, Ahead(1));
      if (rest.empty()) break;
      Skip(rest.size());
    }
    return Note(from, "the footer" + At(from) + " is damaged or cut short", false);
  }
  Skip(bytes);
  has_footer_ = true;
  TNT_ASSIGN_OR_RETURN(const std::string_view rest, Ahead(1));
  if (!rest.empty()) {
    const uint64_t end = offset_;
    while (true) {
      TNT_ASSIGN_OR_RETURN(const std::string_view more, Ahead(1));
      if (more.empty()) break;
      Skip(more.size());
    }
    TNT_RETURN_IF_ERROR(Note(end, "bytes follow the footer" + At(end), false));
  }
  // Behind damage the totals cannot agree; what is missing has been named.
  if (!damages_.empty()) return Status::Ok();
  const Status totals = CheckTotals();
  return totals.ok() ? totals : Note(from, std::string(totals.message()), true);
}

Status DumpReader::CheckTotals() {
  if (!spaces_.empty()) {
    spaces_.back().rows = hash_.rows();
    spaces_.back().hash = hash_.Finish();
  }
  if (footer_.chain != chain_ || footer_.block_offsets != offsets_) {
    return Corruption("the footer names other blocks than the dump has");
  }
  if (footer_.rows != rows_) {
    return Corruption("the dump has " + std::to_string(rows_) + " rows, its footer says " +
                      std::to_string(footer_.rows));
  }
  std::map<std::pair<uint8_t, uint16_t>, KindTotal> expected;
  for (const KindTotal& total : footer_.kinds) expected[{total.kind, total.collection}] = total;
  for (const auto& [kind, total] : kinds_) {
    if (expected[kind].rows != total.rows || expected[kind].bytes != total.bytes) {
      return Corruption("the totals of collection " + std::to_string(kind.second) +
                        " differ from the footer's");
    }
  }
  auto found = spaces_.begin();
  for (const SpaceTotal& total : footer_.spaces) {
    const bool here = found != spaces_.end() && found->space == total.space;
    const bool same =
        here ? found->rows == total.rows && found->hash == total.hash : total.rows == 0;
    if (!same) {
      return Corruption("the rows of space " + std::to_string(total.space.value()) +
                        " differ from the footer's hash");
    }
    if (here) ++found;
  }
  return found == spaces_.end() ? Status::Ok()
                                : Corruption("the dump has a space its footer lacks");
}

}  // namespace tenantry::dump
