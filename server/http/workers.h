#pragma once
// WorkerLane: a few threads with one bounded queue, for handlers that wait for a disk or hash
// passwords.
//
// Errors   Push() refuses when the queue is full; the caller answers 503. PushNext() refuses only once the lane stops.
// Threads  Push() from any loop. The job runs on a worker and must not throw.
// Owns     its threads; the destructor drops what is queued and joins.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "server/http/options.h"

namespace tenantry::http {

class WorkerLane {
 public:
  WorkerLane(const std::string& name, const LaneLimits& limits);
  ~WorkerLane();

  using Job = std::function<void()>;
  // Moves from `job` only when it returns true.
  bool Push(Job&& job);
  // The next piece of an answer that has begun: beyond the limit, because a client can no longer be told to come back. Callers
  // bound it themselves; a connection has one.
  bool PushNext(Job&& job);
  // What is queued beyond a lower limit stays.
  void SetQueue(size_t requests);
  // Requests waiting for a worker.
  size_t depth() const;
  // Workers that run a job now.
  size_t busy() const { return busy_.load(std::memory_order_relaxed); }

 private:
  enum class Bound : uint8_t { kQueue, kNone };
  bool Add(Job&& job, Bound bound);
  void Run();

  const LaneLimits limits_;  // Its queue is where `queue_max_` begins.
  mutable Mutex mutex_{"http_worker_lane"};
  CondVar wake_;
  std::deque<Job> queue_ TNT_GUARDED_BY(mutex_);
  size_t queue_max_ TNT_GUARDED_BY(mutex_);
  bool stopping_ TNT_GUARDED_BY(mutex_) = false;
  std::atomic<size_t> busy_{0};  // Relaxed: a count.
  std::vector<Thread> threads_;
};

}  // namespace tenantry::http
