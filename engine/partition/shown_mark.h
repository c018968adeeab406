#pragma once
// ShownMark: up to which entry this node showed or acknowledged its log: SHOWN in the data folder. What lies behind it in the log
// waits for a word of other nodes, also across a restart.
//
// Units    index of an entry; kUnbounded when whatever is in the log counts, as on a leader with durability `disk`.
// Rules    written before a view is published. Not synced: after a kill it is exact, after a power loss it may name an earlier
//          entry, never a later one.
// Errors   a failed write stops the process, as for the log.
// Threads  any.
// Owns     its file.
// Source   docs/file-formats.md, INV-1.

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/file.h"
#include "engine/base/mutex.h"

namespace tenantry::partition {

class ShownMark {
 public:
  static constexpr uint64_t kUnbounded = UINT64_MAX;

  static Result<std::unique_ptr<ShownMark>> Open(FileSystem& files, const std::string& directory);
  // As found by Open; kUnbounded in a new folder, 0 when the file is damaged.
  uint64_t at_open() const { return at_open_; }

  // From now on Note counts; `shown` was shown so far.
  void Bound(uint64_t shown) TNT_EXCLUDES(mutex_);
  void Unbound() TNT_EXCLUDES(mutex_);
  // While bound: entries up to here are about to be shown.
  void Note(uint64_t index) TNT_EXCLUDES(mutex_);

 private:
  explicit ShownMark(std::unique_ptr<File> file) : file_(std::move(file)) {}
  void WriteLocked(uint64_t index) TNT_REQUIRES(mutex_);

  uint64_t at_open_ = kUnbounded;  // Constant after Open.
  Mutex mutex_{"shown_mark"};
  const std::unique_ptr<File> file_;
  bool bound_ TNT_GUARDED_BY(mutex_) = false;
  uint64_t written_ TNT_GUARDED_BY(mutex_) = kUnbounded;
};

}  // namespace tenantry::partition
