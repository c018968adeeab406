#include "engine/log/segment_scan.h"

#include <algorithm>

namespace tenantry::log {
namespace {

constexpr uint64_t kProbeChunkBytes = 256u << 10;

// Reads up to `bytes`; the string is shorter only at the end of the file.
Result<std::string> ReadPart(const File& file, uint64_t offset, uint64_t bytes) {
  std::string part(bytes, '\0');
  TNT_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, part.data(), bytes));
  part.resize(got);
  return part;
}

// What stands at the scan's offset.
enum class Step { kGroup, kFooter, kEnd, kBad };

class Scanner {
 public:
  Scanner(const File& file, const SegmentHeader& header, uint64_t file_bytes)
      : file_(file), header_(header), file_bytes_(file_bytes) {
    result_.tail = EmptyTail(header);
    result_.before_last = result_.tail;
  }

  Result<ScanResult> Run(uint64_t stop_index) {
    while (result_.tail.last.index < stop_index) {
      TNT_ASSIGN_OR_RETURN(const Step step, Next());
      if (step == Step::kGroup) continue;
      result_.sealed = step == Step::kFooter;
      break;
    }
    return result_;
  }

 private:
  Result<Step> Next() {
    const uint64_t offset = result_.tail.end_offset;
    if (offset + kGroupHeaderBytes > file_bytes_) return Step::kEnd;
    TNT_ASSIGN_OR_RETURN(const std::string page, ReadPart(file_, offset, kPageBytes));
    GroupHeader group;
    if (page.size() < kGroupHeaderBytes ||
        !LoadGroupHeader(page.data(), header_.segment_id, &group)) {
      SegmentTail footer;
      if (DecodeSegmentFooter(page, header_.segment_id, &footer) && FooterMatches(footer)) {
        return Step::kFooter;
      }
      return Bad({.offset = offset, .what = "group header"});
    }
    const bool follows = group.first_index == result_.tail.last.index + 1 &&
                         group.previous_chain == result_.tail.chain;
    if (!follows) return Bad({.offset = offset, .what = "group order"});
    if (offset + kGroupHeaderBytes + group.entry_bytes > file_bytes_) {
      return Bad({.offset = offset, .group_entries = group.entry_count, .what = "group length"});
    }
    return ReadEntries(page, group);
  }

  Result<Step> ReadEntries(const std::string& page, const GroupHeader& group) {
    const uint64_t offset = result_.tail.end_offset + kGroupHeaderBytes;
    TNT_ASSIGN_OR_RETURN(const std::string bytes, ReadPart(file_, offset, group.entry_bytes));
    std::string_view rest = bytes;
    SegmentTail next = result_.tail;
    for (uint32_t i = 0; i < group.entry_count; ++i) {
      const uint64_t entry_offset = offset + (bytes.size() - rest.size());
      EntryView entry;
      EntryFault fault = TakeEntry(&rest, &next.chain, &entry);
      const uint64_t index = group.first_index + i;
      if (fault == EntryFault::kNone && entry.header.index != index) fault = EntryFault::kChain;
      if (fault != EntryFault::kNone) {
        BadRecord bad{.offset = entry_offset,
                      .index = index,
                      .group_entries = group.entry_count,
                      .what = EntryFaultName(fault)};
        if (fault == EntryFault::kPayload) bad.space = entry.header.space;
        return Bad(bad);
      }
      next.AddEntry(entry.header, entry.chain);
    }
    if (!rest.empty()) {
      return Bad({.offset = offset, .group_entries = group.entry_count, .what = "group length"});
    }
    next.AddGroup(std::string_view(page).substr(0, kGroupHeaderBytes), group.total_bytes);
    result_.before_last = result_.tail;
    result_.tail = next;
    return Step::kGroup;
  }

  bool FooterMatches(const SegmentTail& footer) const {
    const SegmentTail& tail = result_.tail;
    return footer.end_offset == tail.end_offset && footer.last == tail.last &&
           footer.chain == tail.chain && footer.headers_hash == tail.headers_hash;
  }

  Step Bad(BadRecord bad) {
    bad.group_offset = result_.tail.end_offset;
    if (bad.index == 0) bad.index = result_.tail.last.index + 1;
    result_.bad = bad;
    return Step::kBad;
  }

  const File& file_;
  const SegmentHeader& header_;
  const uint64_t file_bytes_;
  ScanResult result_;
};

// Does this page prove that entry `index` was durable once?
bool IsWitness(std::string_view page, uint64_t segment_id, uint64_t index) {
  GroupHeader group;
  if (page.size() >= kGroupHeaderBytes && LoadGroupHeader(page.data(), segment_id, &group)) {
    return group.watermark >= index;
  }
  SegmentTail footer;
  return DecodeSegmentFooter(page, segment_id, &footer) && footer.last.index >= index;
}

}  // namespace

Result<ScanResult> ScanSegment(const File& file, const SegmentHeader& header, uint64_t stop_index) {
  TNT_ASSIGN_OR_RETURN(const uint64_t file_bytes, file.Size());
  return Scanner(file, header, file_bytes).Run(stop_index);
}

Result<TailProbe> ProbeTail(const File& file, uint64_t offset, uint64_t segment_id,
                            uint64_t index) {
  TailProbe probe;
  TNT_ASSIGN_OR_RETURN(const uint64_t file_bytes, file.Size());
  // Groups start on page boundaries; `offset` is one, or the first boundary behind it is.
  for (uint64_t at = offset / kPageBytes * kPageBytes; at < file_bytes; at += kProbeChunkBytes) {
    const uint64_t bytes = std::min(kProbeChunkBytes, file_bytes - at);
    TNT_ASSIGN_OR_RETURN(const std::string chunk, ReadPart(file, at, bytes));
    const size_t last = chunk.find_last_not_of('\0');
    if (last != std::string::npos && at + last >= offset) probe.nonzero_end = at + last + 1;
    for (uint64_t page = 0; page < chunk.size(); page += kPageBytes) {
      if (at + page < offset || probe.witness_offset.has_value()) continue;
      if (IsWitness(std::string_view(chunk).substr(page, kPageBytes), segment_id, index)) {
        probe.witness_offset = at + page;
      }
    }
  }
  return probe;
}

Result<std::optional<SegmentTail>> ReadFooter(const File& file, const SegmentHeader& header) {
  TNT_ASSIGN_OR_RETURN(const uint64_t file_bytes, file.Size());
  if (file_bytes < kSegmentHeaderBytes + kSegmentFooterBytes) return std::optional<SegmentTail>();
  const uint64_t offset = file_bytes - kSegmentFooterBytes;
  TNT_ASSIGN_OR_RETURN(const std::string page, ReadPart(file, offset, kSegmentFooterBytes));
  SegmentTail tail;
  const bool valid =
      DecodeSegmentFooter(page, header.segment_id, &tail) && tail.end_offset == offset;
  return valid ? std::optional<SegmentTail>(tail) : std::optional<SegmentTail>();
}

Result<SegmentHeader> ReadSegmentHeader(const File& file, const std::string& path) {
  TNT_ASSIGN_OR_RETURN(const std::string page, ReadPart(file, 0, kSegmentHeaderBytes));
  return DecodeSegmentHeader(page, path);
}

}  // namespace tenantry::log
