#pragma once
// SegmentIndex: which segments exist and how far they are durable; the one thing the appending
// thread, trimming and the readers share.
//
// Errors   none.
// Threads  all methods from any thread; serialised on `log_index`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/checksum.h"
#include "engine/base/ids.h"
#include "engine/base/mutex.h"

namespace tenantry::log {

struct SegmentRef {
  uint64_t first_index = 0;
  uint64_t segment_id = 0;  // Tells a segment from a later one under the same name.
  std::string path;
};

class SegmentIndex {
 public:
  // Adds the newest segment; replaces an empty one that starts at the same index.
  void Add(SegmentRef segment) TNT_EXCLUDES(mutex_);
  // Entries up to `end` are durable.
  void Publish(Position end, const Hash128& chain) TNT_EXCLUDES(mutex_);

  Position end() const TNT_EXCLUDES(mutex_);
  Hash128 end_chain() const TNT_EXCLUDES(mutex_);
  // Of the oldest entry, or of the next one while there is none.
  uint64_t first_index() const TNT_EXCLUDES(mutex_);
  size_t segments() const TNT_EXCLUDES(mutex_);

  // Where to find an entry that exists or comes next.
  struct Place {
    SegmentRef segment;
    uint64_t durable_index =
        0;  // Of that segment; below the entry asked for when it does not exist yet.
  };
  // Nothing for an entry that was trimmed.
  std::optional<Place> Find(uint64_t index) const TNT_EXCLUDES(mutex_);

  // First index of the `count` newest segments, or of all when there are fewer.
  uint64_t FirstIndexOfNewest(size_t count) const TNT_EXCLUDES(mutex_);

  // Forgets and returns the oldest segment when it is not the newest and all its entries are below
  // `index`.
  std::optional<SegmentRef> TakeOldestBelow(uint64_t index) TNT_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_{"log_index", LockRank::kLog, 1};
  // Guarded by mutex_.
  std::vector<SegmentRef> segments_ TNT_GUARDED_BY(mutex_);  // Oldest first.
  Position end_ TNT_GUARDED_BY(mutex_);
  Hash128 end_chain_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry::log
