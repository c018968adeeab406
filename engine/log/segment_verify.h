#pragma once
// Segment verify: whether every byte of a segment file is what was written; stricter than recovery, which need not look at
// padding.
//
// Rules    a sealed segment is header, groups, footer, and zeros where a crash kept the room. In an unsealed one, bytes behind
//          the last whole group that no later group proves are a torn write: a finding only when `must_be_sealed`.
// Errors   kIoError only; what the bytes say is a finding, not an error.
// Threads  functions without state.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/file.h"
#include "engine/log/segment_format.h"

namespace tenantry::log {

struct SegmentFinding {
  uint64_t offset = 0;
  std::string what;  // Whole sentence without the path.
};

struct SegmentVerdict {
  bool has_header = false;
  SegmentHeader header;
  bool sealed = false;
  SegmentTail tail;         // As far as it is whole.
  uint64_t torn_bytes = 0;  // Of a last write that nobody was told about.
  std::vector<SegmentFinding> findings;
};

Result<SegmentVerdict> VerifySegment(const File& file, bool must_be_sealed);

}  // namespace tenantry::log
