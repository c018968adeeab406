#include "server/http/workers.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenantry::http {

WorkerLane::WorkerLane(const std::string& name, const LaneLimits& limits)
    : limits_(limits), queue_max_(limits.queue) {
  for (uint32_t i = 0; i < limits_.workers; ++i) {
    threads_.emplace_back(name + "-" + std::to_string(i), [this] { Run(); });
  }
}

WorkerLane::~WorkerLane() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  wake_.NotifyAll();
  for (Thread& thread : threads_) thread.Join();
}

bool WorkerLane::Push(Job&& job) {
  return Add(std::move(job), Bound::kQueue);
}

bool WorkerLane::PushNext(Job&& job) {
  return Add(std::move(job), Bound::kNone);
}

bool WorkerLane::Add(Job&& job, Bound bound) {
  {
    MutexLock lock(mutex_);
    const bool full = bound == Bound::kQueue && queue_.size() >= queue_max_;
    if (stopping_ || full) return false;
    queue_.push_back(std::move(job));
  }
  wake_.NotifyOne();
  return true;
}

void WorkerLane::SetQueue(size_t requests) {
  MutexLock lock(mutex_);
  queue_max_ = requests;
}

size_t WorkerLane::depth() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

void WorkerLane::Run() {
  if (limits_.nice != 0) {
    // Linux keeps priorities per thread. Running at the usual priority instead is not worth failing
    // for.
    const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
    (void)::setpriority(PRIO_PROCESS, thread, limits_.nice);
  }
  while (true) {
    Job job;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) wake_.Wait(mutex_);
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    busy_.fetch_add(1, std::memory_order_relaxed);
    job();
    job = nullptr;
    busy_.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace tenantry::http
