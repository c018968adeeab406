#pragma once
// SegmentLog: the append-only log of one node, in segment files of one directory.
//
//   AppendGroup ──▶ active segment ──full: footer──▶ sealed segments ──TrimBefore──▶ unlinked
//                        ▲                                │
//   EnsureSpace, PrepareAtRest ──▶ reserve (preallocated) └──▶ Reader (durable entries only)
//
// Units    indexes count entries from 1; sizes in bytes.
// Errors   AppendGroup, EnsureSpace, PrepareAtRest, Close: after kIoError the log refuses everything
//          (the caller stops the process; a sync is never retried). kNoSpace changes nothing and heals
//          once space returns.
//          kInvalidArgument: the entries do not continue the log, nothing was written.
// Threads  AppendGroup, EnsureSpace, PrepareAtRest and Close from one appending thread; the rest from
//          any thread.
// Owns     its files in the directory. Borrows files, clock and random, which must outlive it.
// Readers borrow the log. Source   docs/file-formats.md#log.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/mutex.h"
#include "engine/base/random.h"
#include "engine/log/entry.h"
#include "engine/log/reader.h"
#include "engine/log/recovery.h"
#include "engine/log/segment_format.h"
#include "engine/log/segment_index.h"
#include "engine/log/segment_reserve.h"

namespace tenantry::log {

inline constexpr uint64_t kSegmentBytesDefault = 64u << 20;
// A header, a footer, and a group of a few entries.
inline constexpr uint64_t kSegmentBytesMin = 4 * kPageBytes;

// Each breaks one rule, so that the crash tests can show that they would notice.
struct TestFaults {
  bool skip_sync = false;         // AppendGroup answers before its bytes are durable.
  bool ignore_watermark = false;  // Recovery cuts damage like a torn tail.
  bool omit_padding = false;      // Groups share a page.
};

// Where a log begins that does not hold entry 1, such as a follower's after a full sync.
struct LogStart {
  Position previous;  // The entry before the first.
  Hash128 previous_chain;
};

struct LogOptions {
  uint64_t segment_bytes = kSegmentBytesDefault;
  uint64_t cluster_id = 0;
  const Clock* clock = nullptr;
  Random* random = nullptr;
  std::optional<LogStart>
      start;  // Read only when the directory holds no log; default: entry 1 of the cluster.
  TestFaults faults;
};

class SegmentLog {
 public:
  // Recovers (recovery.h) and starts a new segment, so it needs room for one: kNoSpace when there
  // is not even a little. `report` may be null.
  static Result<std::unique_ptr<SegmentLog>> Open(FileSystem& files, const std::string& directory,
                                                  const LogOptions& options,
                                                  RecoveryReport* report);
  SegmentLog(const SegmentLog&) = delete;
  SegmentLog& operator=(const SegmentLog&) = delete;

  // One write and one sync for all of `entries`, whose indexes continue the log and whose epochs do
  // not fall. They are durable and visible to readers when this returns OK.
  Status AppendGroup(std::span<const Entry> entries);

  // Fills the reserve when the active segment is half full; before, it is cheap and wants no zeros any
  // more that PrepareAtRest wanted. Call it after appends and, while growth_possible() is false, now
  // and then. kNoSpace: refuse growth; what is left of the active segment is for deletes.
  Status EnsureSpace();
  // Call it when no append came for a while. Fills the reserve when an eighth of the active segment is
  // full, and wants all of its zeros: no append waits behind their syncs now. kNoSpace: nothing is
  // left behind, growth goes on until EnsureSpace needs the room, and it is not tried again in this
  // segment; but for a moment it took what room there was, and others may have failed for it.
  Status PrepareAtRest();
  // Zeros for the reserve: see SegmentReserve. The one part of the log that may run on a thread of
  // its own beside the appending one.
  bool wants_zeros() const { return reserve_.wants_zeros(); }
  Status ZeroSome() { return reserve_.ZeroSome(); }
  // False from a kNoSpace until space was found again.
  bool growth_possible() const { return growth_possible_.load(std::memory_order_relaxed); }

  // Of the newest durable entry; the entry before the first one while there is none.
  Position end() const { return index_.end(); }
  Hash128 end_chain() const { return index_.end_chain(); }
  // Of the oldest entry still here, or of the next one while there is none.
  uint64_t first_index() const { return index_.first_index(); }
  size_t segments() const { return index_.segments(); }

  // kNotFound for a trimmed entry, kInvalidArgument for one behind the next entry to be appended.
  Result<std::unique_ptr<Reader>> ReadFrom(uint64_t index) const;

  // The chain hash after an entry, which with its position names the history up to there. Index 0 is the beginning.
  // kNotFound when the log no longer or not yet says.
  Result<Hash128> ChainAt(uint64_t index) const;
  // Oldest entry of about this many newest bytes, in whole segments.
  uint64_t FirstIndexWithin(uint64_t bytes) const;

  // Unlinks whole sealed segments whose entries are all below `index`, oldest first, one directory
  // sync each, so that a power loss cannot leave a gap.
  Status TrimBefore(uint64_t index) TNT_EXCLUDES(trim_mutex_);

  // Seals the active segment, which spares the next Open its scan. No appends after this.
  Status Close();

 private:
  SegmentLog(FileSystem& files, std::string directory, const LogOptions& options);
  Status StartFirst(RecoveryPlan plan);
  Status StartSegment(const SegmentTail& after, std::string group);
  void CloseGroup(std::string* group, uint64_t segment_id, const SegmentTail& before,
                  SegmentTail* tail) const;
  Status CheckGroup(std::span<const Entry> entries, uint64_t* group_bytes) const;
  Status MakeRoom(uint64_t group_bytes);
  Status WriteGroup(std::span<const Entry> entries, uint64_t group_bytes);
  std::string_view ZerosAhead(uint64_t end);
  Status Seal();
  Status FillReserve(uint64_t bytes);
  Status Fail(Status status);

  // Constant after construction.
  FileSystem& files_;
  const std::string directory_;
  const LogOptions options_;

  // Appending thread only.
  Status failure_;  // Why the log refuses everything, or OK.
  SegmentReserve reserve_;
  std::shared_ptr<File> active_;
  SegmentHeader active_header_;
  SegmentTail tail_;
  bool no_room_at_rest_ = false;  // In this segment.
  uint64_t zeroed_end_ = 0;       // Of the active segment: blocks below were written once.
  std::string buffer_;            // Of the group being written, kept to spare allocations.

  std::atomic<bool> growth_possible_{true};  // Relaxed: a hint for admission.
  SegmentIndex index_;
  Mutex trim_mutex_{"log_trim", LockRank::kLog, 0};  // One trim at a time.
};

}  // namespace tenantry::log
