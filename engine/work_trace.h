#pragma once
// WorkTrace: what the engine did for the request that runs on this thread: for which tenant, how many rows it read, and
// which of its operations were slow. Handlers need not pass anything along; whoever runs them opens a scope.
//
// Also how long it may read: a limit that every reader under it keeps.
//
// Shape    one scope per thread at a time, innermost wins; without a scope nothing is recorded and nothing is timed.
// Units    nanoseconds of the boot clock.
// Threads  a scope belongs to the thread that made it.
// Owns     its list of slow operations: the kSlowOperationsMax slowest.

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/status.h"

namespace tenantry::schema {
struct Collection;
}

namespace tenantry {

struct SlowOperation {
  // "scan" of an index, "records" of a collection in key order, "get", "counters", "sketches" or "command".
  std::string_view kind = {};
  SpaceId space = {};
  const schema::Collection* collection =
      nullptr;           // Null for gets, counters, sketches and commands.
  uint8_t index = 0;     // Of a scan: the number in the schema.
  uint16_t command = 0;  // engine/commands.h
  uint32_t rows = 0;     // Index rows, records and counters read.
  int64_t duration_ns = 0;
};

inline constexpr size_t kSlowOperationsMax = 8;

class WorkTrace {
 public:
  WorkTrace(const Clock& clock, int64_t slow_ns);
  ~WorkTrace();
  WorkTrace(const WorkTrace&) = delete;
  WorkTrace& operator=(const WorkTrace&) = delete;

  // Of the calling thread; null outside of any scope.
  static WorkTrace* Current();
  // The tenant the request is about: the newest one, the directory does not count.
  static void NoteSpace(SpaceId space) {
    if (WorkTrace* const trace = Current(); trace != nullptr && space != kDirectorySpace) {
      trace->space_ = space;
    }
  }

  // From now on: after so long CheckTime() refuses.
  void LimitReads(int64_t duration_ns);
  // kUnavailable when the request of this thread has read for too long; readers ask now and then.
  static Status CheckTime();

  SpaceId space() const { return space_; }
  const std::vector<SlowOperation>& slow() const { return slow_; }

 private:
  friend class TimedOperation;
  const Clock& clock_;
  const int64_t slow_ns_;
  WorkTrace* const outer_;
  SpaceId space_;
  int64_t reads_end_ns_ = 0;  // 0: no limit.
  std::vector<SlowOperation> slow_;
};

// Times one operation and records it when it was slow. Two readings of the clock inside a scope, nothing outside.
class TimedOperation {
 public:
  // `rows` is read again at the end: what was added is what the operation read.
  TimedOperation(SlowOperation operation, const uint32_t& rows);
  ~TimedOperation();
  TimedOperation(const TimedOperation&) = delete;
  TimedOperation& operator=(const TimedOperation&) = delete;

 private:
  WorkTrace* const trace_;
  SlowOperation operation_;
  const uint32_t& rows_;
  const uint32_t rows_before_;
  const int64_t started_ns_;
};

}  // namespace tenantry
