#pragma once
// SegmentReserve: the next segment, allocated before it is needed, so that a full disk shows up
// before an append.
//
// States   empty --Fill--> filled (a file under a temporary name) --Activate--> a segment under its
// final name, empty. Errors   Fill: kNoSpace, and then nothing is left behind. Anything else from
// either: the log stops. Threads  the appending thread only.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/file.h"
#include "engine/log/segment_format.h"

namespace tenantry::log {

class SegmentReserve {
 public:
  SegmentReserve(FileSystem& files, std::string directory);

  uint64_t room_bytes() const { return room_bytes_; }
  // Makes room for at least `bytes`. A file left by a crash is taken over: its blocks may be all
  // that is left.
  Status Fill(uint64_t bytes);
  // Gives the reserve its header (with room_bytes filled in) and an optional first group, syncs it,
  // renames it to its final name, replacing a file of that name, and syncs the directory.
  Result<std::unique_ptr<File>> Activate(SegmentHeader* header, std::string_view first_group);

 private:
  Status Allocate(uint64_t bytes);

  // Constant after construction.
  FileSystem& files_;
  const std::string directory_;
  const std::string path_;
  // Appending thread only.
  std::unique_ptr<File> file_;
  uint64_t room_bytes_ = 0;
};

}  // namespace tenantry::log
