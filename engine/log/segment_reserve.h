#pragma once
// SegmentReserve: the next segment, allocated before it is needed, so that a full disk shows up
// before an append, and then written with zeros, so that the sync after an append finds its blocks
// written once and has no extent to convert: a third of a sync's time where that was measured, and
// now and then seconds, where the conversion waits for a thread of the kernel that others keep busy.
//
// States   empty --Fill--> filled (a file under a temporary name) --Activate--> a segment under its
//          final name, empty. ZeroSome works on a filled one, a part at a time, as far as WantZeros says.
// Errors   Fill: kNoSpace, and then nothing is left behind. Anything else from any: the log stops.
// Threads  the appending thread; ZeroSome from one other thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/file.h"
#include "engine/base/mutex.h"
#include "engine/log/segment_format.h"

namespace tenantry::log {

class SegmentReserve {
 public:
  SegmentReserve(FileSystem& files, std::string directory);

  // Makes room for at least `bytes`. A file left by a crash is taken over: its blocks may be all
  // that is left.
  Status Fill(uint64_t bytes) TNT_EXCLUDES(mutex_);
  // Gives the reserve its header (with room_bytes filled in) and an optional first group, syncs it,
  // renames it to its final name, replacing a file of that name, and syncs the directory. What is
  // below `*zeroed_bytes` was written before.
  Result<std::shared_ptr<File>> Activate(SegmentHeader* header, std::string_view first_group,
                                         uint64_t* zeroed_bytes) TNT_EXCLUDES(mutex_);

  // The first `bytes` of the filled reserve, at most its room, are to be zeros soon.
  void WantZeros(uint64_t bytes) { wanted_bytes_.store(bytes, std::memory_order_relaxed); }
  bool wants_zeros() const {
    return zeroed_bytes_.load(std::memory_order_relaxed) <
           wanted_bytes_.load(std::memory_order_relaxed);
  }
  // Writes and syncs zeros over the next part. The reserve may become a segment at any time before
  // or after, never between the look and the write.
  Status ZeroSome() TNT_EXCLUDES(mutex_);

 private:
  Status Allocate(uint64_t bytes) TNT_REQUIRES(mutex_);
  void SetRoom(uint64_t room_bytes) TNT_REQUIRES(mutex_);

  // Constant after construction.
  FileSystem& files_;
  const std::string directory_;
  const std::string path_;
  Mutex mutex_{"log_reserve", LockRank::kLog, 1};
  std::shared_ptr<File> file_ TNT_GUARDED_BY(mutex_);
  // Written under mutex_; relaxed reads without it by the appending thread, which writes the first, and as a hint to the
  // thread that zeroes.
  std::atomic<uint64_t> room_bytes_{0};
  std::atomic<uint64_t> zeroed_bytes_{0};
  std::atomic<uint64_t> wanted_bytes_{0};
};

}  // namespace tenantry::log
