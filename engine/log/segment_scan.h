#pragma once
// Segment scan: reads a segment from its header to the first byte that is not a whole, chained
// group, and looks behind that byte for proof that it once was one.
//
// Errors   kIoError only; what the bytes say is a finding, not an error.
// Threads  functions without state; the file may be read by others meanwhile, not written.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/file.h"
#include "engine/log/segment_format.h"

namespace tenantry::log {

// Where and why a segment stops being readable.
struct BadRecord {
  uint64_t group_offset = 0;           // Everything before it is whole.
  uint64_t offset = 0;                 // Of the group header or entry that is bad.
  uint64_t index = 0;                  // Which entry belongs there.
  std::optional<uint64_t> space = {};  // Only when the entry's header is proven good.
  uint32_t group_entries = 0;          // As the group header says; 0 when that is bad itself.
  std::string_view what;               // Static text.
};

struct ScanResult {
  SegmentTail tail;         // After the last whole group.
  SegmentTail before_last;  // Before that group; equal to `tail` when there is none.
  bool sealed = false;      // A footer stands at tail.end_offset.
  std::optional<BadRecord>
      bad;  // Absent when the scan ended at a footer, at `stop_index` or at the end of the file.
};

// Reads groups until one is bad, or the entry `stop_index` has been read (UINT64_MAX: read all).
Result<ScanResult> ScanSegment(const File& file, const SegmentHeader& header, uint64_t stop_index);

// The bytes from `offset` to the end of the file, as far as recovery cares.
struct TailProbe {
  std::optional<uint64_t>
      witness_offset;        // A group header or footer that proves entry `index` was durable.
  uint64_t nonzero_end = 0;  // One past the last byte that is not zero; 0 when all are.
};
Result<TailProbe> ProbeTail(const File& file, uint64_t offset, uint64_t segment_id, uint64_t index);

// The footer in the file's last page, if one of this segment is there.
Result<std::optional<SegmentTail>> ReadFooter(const File& file, const SegmentHeader& header);
// The header page. kCorruption when it is short, damaged or of an unknown version.
Result<SegmentHeader> ReadSegmentHeader(const File& file, const std::string& path);

}  // namespace tenantry::log
