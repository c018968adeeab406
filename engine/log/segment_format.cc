#include "engine/log/segment_format.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/base/bytes.h"
#include "engine/base/check.h"

namespace tenantry::log {
namespace {

constexpr std::string_view kHeaderMagic = "TNTRYSEG";
constexpr std::string_view kFooterMagic = "TNTRYEND";
constexpr uint32_t kGroupMagic = 0x47544E54;  // "TNTG" in file order.
constexpr std::string_view kSegmentSuffix = ".seg";
constexpr size_t kIndexDigits = 20;

constexpr size_t kPageHashAt = kPageBytes - 8;
constexpr size_t kGroupHashAt = kGroupHeaderBytes - 8;

void AppendChain(std::string* out, const Hash128& chain) {
  AppendLittle(out, chain.low);
  AppendLittle(out, chain.high);
}

Hash128 LoadChain(const char* at) {
  return {LoadLittle<uint64_t>(at), LoadLittle<uint64_t>(at + 8)};
}

// Fills the page with zeros and closes it with the hash of everything before.
void ClosePage(std::string* page) {
  page->resize(kPageHashAt, '\0');
  AppendLittle(page, Hash64(*page));
}

bool PageHashMatches(std::string_view page) {
  return Hash64(page.substr(0, kPageHashAt)) == LoadLittle<uint64_t>(page.data() + kPageHashAt);
}

}  // namespace

void SegmentTail::AddEntry(const EntryHeader& entry, const Hash128& chain_after) {
  const int64_t time = entry.time_unix_ms;
  time_min_unix_ms = entry_count == 0 ? time : std::min(time_min_unix_ms, time);
  time_max_unix_ms = entry_count == 0 ? time : std::max(time_max_unix_ms, time);
  ++entry_count;
  last = {entry.epoch, entry.index};
  chain = chain_after;
}

void SegmentTail::AddGroup(std::string_view header_bytes, uint64_t total_bytes) {
  headers_hash = Hash64(header_bytes, headers_hash);
  end_offset += total_bytes;
}

SegmentTail EmptyTail(const SegmentHeader& header) {
  SegmentTail tail;
  tail.last = header.previous;
  tail.chain = header.previous_chain;
  return tail;
}

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string page(kHeaderMagic);
  AppendLittle(&page, kSegmentVersion);
  AppendLittle(&page, static_cast<uint32_t>(kSegmentHeaderBytes));
  AppendLittle(&page, header.segment_id);
  AppendLittle(&page, header.cluster_id);
  AppendLittle(&page, header.previous.epoch);
  AppendLittle(&page, header.first_index());
  AppendChain(&page, header.previous_chain);
  AppendLittle(&page, header.created_unix_ms);
  AppendLittle(&page, header.room_bytes);
  ClosePage(&page);
  return page;
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view page, const std::string& path) {
  if (page.size() != kSegmentHeaderBytes || !page.starts_with(kHeaderMagic)) {
    return Corruption(path + ": not a log segment");
  }
  if (!PageHashMatches(page)) return Corruption(path + ": segment header is damaged at offset 0");
  const auto version = LoadLittle<uint32_t>(page.data() + 8);
  if (version != kSegmentVersion) {
    return Corruption(path + ": segment format version " + std::to_string(version) +
                      " is not known here");
  }
  SegmentHeader header;
  header.segment_id = LoadLittle<uint64_t>(page.data() + 16);
  header.cluster_id = LoadLittle<uint64_t>(page.data() + 24);
  header.previous.epoch = LoadLittle<uint64_t>(page.data() + 32);
  header.previous.index = LoadLittle<uint64_t>(page.data() + 40) - 1;
  header.previous_chain = LoadChain(page.data() + 48);
  header.created_unix_ms = LoadLittle<int64_t>(page.data() + 64);
  header.room_bytes = LoadLittle<uint64_t>(page.data() + 72);
  return header;
}

std::string EncodeSegmentFooter(const SegmentTail& tail, uint64_t segment_id) {
  std::string page(kFooterMagic);
  AppendLittle(&page, kSegmentVersion);
  AppendLittle(&page, uint32_t{0});
  AppendLittle(&page, segment_id);
  AppendLittle(&page, tail.entry_count);
  AppendLittle(&page, tail.last.index);
  AppendLittle(&page, tail.last.epoch);
  AppendLittle(&page, tail.time_min_unix_ms);
  AppendLittle(&page, tail.time_max_unix_ms);
  AppendChain(&page, tail.chain);
  AppendLittle(&page, tail.headers_hash);
  AppendLittle(&page, tail.end_offset);
  ClosePage(&page);
  return page;
}

bool DecodeSegmentFooter(std::string_view page, uint64_t segment_id, SegmentTail* tail) {
  if (page.size() != kSegmentFooterBytes || !page.starts_with(kFooterMagic)) return false;
  if (!PageHashMatches(page)) return false;
  if (LoadLittle<uint32_t>(page.data() + 8) != kSegmentVersion) return false;
  if (LoadLittle<uint64_t>(page.data() + 16) != segment_id) return false;
  tail->entry_count = LoadLittle<uint64_t>(page.data() + 24);
  tail->last.index = LoadLittle<uint64_t>(page.data() + 32);
  tail->last.epoch = LoadLittle<uint64_t>(page.data() + 40);
  tail->time_min_unix_ms = LoadLittle<int64_t>(page.data() + 48);
  tail->time_max_unix_ms = LoadLittle<int64_t>(page.data() + 56);
  tail->chain = LoadChain(page.data() + 64);
  tail->headers_hash = LoadLittle<uint64_t>(page.data() + 80);
  tail->end_offset = LoadLittle<uint64_t>(page.data() + 88);
  return true;
}

void StoreGroupHeader(char* at, const GroupHeader& header) {
  StoreLittle(at, kGroupMagic);
  StoreLittle(at + 4, header.total_bytes);
  StoreLittle(at + 8, header.entry_bytes);
  StoreLittle(at + 12, header.entry_count);
  StoreLittle(at + 16, header.first_index);
  StoreLittle(at + 24, header.watermark);
  StoreLittle(at + 32, header.segment_id);
  StoreLittle(at + 40, header.previous_chain.low);
  StoreLittle(at + 48, header.previous_chain.high);
  StoreLittle(at + kGroupHashAt, Hash64({at, kGroupHashAt}));
}

bool LoadGroupHeader(const char* at, uint64_t segment_id, GroupHeader* header) {
  if (LoadLittle<uint32_t>(at) != kGroupMagic) return false;
  if (Hash64({at, kGroupHashAt}) != LoadLittle<uint64_t>(at + kGroupHashAt)) return false;
  header->total_bytes = LoadLittle<uint32_t>(at + 4);
  header->entry_bytes = LoadLittle<uint32_t>(at + 8);
  header->entry_count = LoadLittle<uint32_t>(at + 12);
  header->first_index = LoadLittle<uint64_t>(at + 16);
  header->watermark = LoadLittle<uint64_t>(at + 24);
  header->segment_id = LoadLittle<uint64_t>(at + 32);
  header->previous_chain = LoadChain(at + 40);
  if (header->segment_id != segment_id) return false;
  if (header->entry_count == 0 || header->total_bytes > kGroupBytesMax) return false;
  return header->total_bytes >= kGroupHeaderBytes + header->entry_bytes;
}

void FinishGroup(std::string* group, GroupHeader* header, bool pad) {
  TNT_CHECK(group->size() >= kGroupHeaderBytes);
  header->entry_bytes = static_cast<uint32_t>(group->size() - kGroupHeaderBytes);
  if (pad) group->resize(PaddedGroupBytes(header->entry_bytes), '\0');
  TNT_CHECK(group->size() <= kGroupBytesMax);
  header->total_bytes = static_cast<uint32_t>(group->size());
  StoreGroupHeader(group->data(), *header);
}

std::string SegmentFileName(uint64_t first_index) {
  std::string digits = std::to_string(first_index);
  std::string name(kIndexDigits - digits.size(), '0');
  return name.append(digits).append(kSegmentSuffix);
}

bool ParseSegmentFileName(std::string_view name, uint64_t* first_index) {
  if (name.size() != kIndexDigits + kSegmentSuffix.size()) return false;
  if (!name.ends_with(kSegmentSuffix)) return false;
  const char* end = name.data() + kIndexDigits;
  const auto [stopped, error] = std::from_chars(name.data(), end, *first_index);
  return error == std::errc() && stopped == end && *first_index > 0;
}

}  // namespace tenantry::log
