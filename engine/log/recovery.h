#pragma once
// Recovery: what a log directory holds after any stop, decided without changing it.
//
// Rules    1. Segments follow each other: a footer, or a full scan where there is none, must end at
// the entry and chain
//             that the next header names. Anything else is damage.
//          2. In the newest segment the first byte that is not a whole, chained group starts the
//          torn tail, unless a
//             later group or footer there names a watermark at or above that entry: then it is
//             damage.
//          3. A torn group was never acknowledged: it is cut as a whole.
//          4. The newest group may be in the page cache only (a failed sync marks pages clean): it
//          is written again, into
//             a new segment, before anything is served.
//
// Errors   kCorruption for damage, naming file, offset, index and, when proven, space.
// kInvalidArgument for the log of
//          another cluster. kIoError.
// Threads  functions without state.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/file.h"
#include "engine/log/segment_format.h"

namespace tenantry::log {

// What Open did, for the operator.
struct RecoveryReport {
  bool created = false;   // There was no log: an empty one was started.
  uint64_t segments = 0;  // Found, before the new one was started.
  uint64_t first_index = 0;
  Position end;
  uint64_t rewritten_entries = 0;  // Of the newest group, made durable again.
  // The torn tail, all zero when there was none.
  uint64_t cut_bytes = 0;
  uint64_t cut_entries = 0;  // As far as the torn group's header tells.
  uint64_t cut_offset = 0;
  std::string cut_file;
};

struct KeptSegment {
  std::string path;
  SegmentHeader header;
  SegmentTail tail;
  bool needs_footer =
      false;  // A footer is to be written at tail.end_offset, once the new segment is durable.
};

struct RecoveryPlan {
  std::vector<KeptSegment> kept;  // Oldest first.
  // The new segment: the entry before it, and the group it starts with (kGroupHeaderBytes of room,
  // then entries).
  Position previous;
  Hash128 previous_chain;
  std::string group;  // Empty when there is none.
};

struct RecoveryInput {
  std::string directory;
  uint64_t cluster_id = 0;
  bool ignore_watermark = false;  // Test only: breaks rule 2.
};

// `report` may not be null. The plan of a directory without segments keeps nothing and
// previous.index is 0.
Result<RecoveryPlan> PlanRecovery(FileSystem& files, const RecoveryInput& input,
                                  RecoveryReport* report);

}  // namespace tenantry::log
