#pragma once
// Runner: the threads that take due jobs and run them.
//
//   look (any worker)   the directory's queue up to now, when it changed or the next job's time has come
//   claim               a command; the lease covers a crash of this process
//   handle              outside any lock: the handler does the work and says what to write
//   finish              one entry: what the handler wants written, and the job gone or moved
//
// Rules    at most kPerTenantMax jobs of a tenant at once, so that one dead target cannot hold all workers.
//          A job whose tenant is gone is dropped. A handler runs at least once per job: its work must bear repetition.
// Units    milliseconds.
// Threads  Start, Stop and RunDue from one thread; RunDue only while no workers run, for tests and tools.
// Owns     its threads. Borrows the engine; handlers must outlive it.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "engine/jobs/queue.h"

namespace tenantry::jobs {

// How a run ended.
struct RunResult {
  // OK: the job is done. Otherwise it is tried again as `failure` says; its error is this message.
  Status status;
  Failure failure;
  // Written in the entry that completes or moves the job; may be empty.
  std::function<Status(Transaction&)> write;
};
using Handler = std::function<RunResult(const Claim&)>;

class Runner {
 public:
  static constexpr int64_t kLeaseMs = 60'000;
  static constexpr uint32_t kPerTenantMax = 2;

  struct Options {
    uint32_t threads = 4;
  };
  Runner(Engine& engine, std::map<std::string, Handler, std::less<>> handlers,
         const Options& options);
  ~Runner();  // Waits for the jobs that run.

  void Start();
  // Runs what is due, on this thread; how many jobs ran.
  size_t RunDue();

  // Counts since the start, for metrics.
  uint64_t done() const { return done_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }
  uint32_t running() const;
  // Jobs of all tenants, as of about a second ago.
  Depth depth() const;

 private:
  struct Place {  // Of a job in the queue.
    SpaceId space;
    std::string id;
    int64_t run_at_ms = 0;
  };
  void Work();
  // The next job that may run, or nullopt.
  std::optional<Place> TakeLocked() TNT_REQUIRES(mutex_);
  void LookLocked() TNT_REQUIRES(mutex_);
  void CountNowAndThen() TNT_EXCLUDES(depth_mutex_);
  void Run(const Place& place);
  Status Process(const Place& place);
  Status RunClaimed(const Claim& claim);
  RunResult Handle(const Claim& claim) const;

  // Constant after construction.
  Engine& engine_;
  const std::map<std::string, Handler, std::less<>> handlers_;
  const Options options_;

  mutable Mutex mutex_{"job_runner"};
  CondVar changed_;
  bool stop_ TNT_GUARDED_BY(mutex_) = false;
  std::vector<Place> due_ TNT_GUARDED_BY(mutex_);  // Soonest last.
  // Index of the view that was looked at last; nothing: look again. Not that of the queue's newest change, which is there a moment
  // before a view shows it.
  std::optional<uint64_t> looked_at_ TNT_GUARDED_BY(mutex_);
  int64_t next_run_ms_ TNT_GUARDED_BY(mutex_) = 0;
  std::set<std::string> running_ids_ TNT_GUARDED_BY(mutex_);
  std::map<SpaceId, uint32_t> running_of_ TNT_GUARDED_BY(mutex_);

  mutable Mutex depth_mutex_{"job_depth"};
  Depth depth_ TNT_GUARDED_BY(depth_mutex_);
  std::atomic<int64_t> counted_at_ms_{0};  // Relaxed: two counts at once do no harm.

  std::atomic<uint64_t> done_{0};    // Relaxed: counts.
  std::atomic<uint64_t> failed_{0};  // Relaxed: counts.
  std::vector<Thread> threads_;
};

}  // namespace tenantry::jobs
