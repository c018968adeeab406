#pragma once
// LogWalk: the entries of a data folder's log, read from its files without opening the folder, so also beside a server.
//
// Shape    segment by segment, each from its header on. A newest group that is being written just now ends the walk.
// Errors   kNotFound for a folder without a log, kCorruption naming file and offset. What was visited before stands.
// Threads  one at a time.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/file.h"
#include "engine/base/result.h"
#include "engine/log/entry.h"
#include "engine/log/segment_format.h"

namespace tenantry::inspect {

struct EntryPlace {
  std::string path;
  uint64_t group_offset = 0;
  uint32_t group_entries = 0;
};

// False ends the walk.
using VisitEntry = std::function<bool(const log::EntryView&, const EntryPlace&)>;

// Paths of the segments, oldest first.
Result<std::vector<std::string>> SegmentPaths(FileSystem& files, const std::string& data);

// Entries from `first` on.
Status WalkLog(FileSystem& files, const std::string& data, uint64_t first, const VisitEntry& visit);
// All of one file.
Status WalkSegment(FileSystem& files, const std::string& path, const VisitEntry& visit);

// What the audit trail calls a command; "command 123" for one that this build does not know.
std::string CommandName(uint16_t command);

}  // namespace tenantry::inspect
