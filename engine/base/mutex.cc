#include "engine/base/mutex.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace tenantry {

#ifndef NDEBUG
namespace {

// The locks this thread holds, innermost last. Small: ranks allow only a handful at once.
constexpr int kHeldMax = 16;
thread_local const Mutex* held[kHeldMax];
thread_local int held_count = 0;

void CheckOrder(const Mutex& taking) {
  if (held_count == 0 || taking.rank() == LockRank::kLeaf) return;
  const Mutex& last = *held[held_count - 1];
  const bool rises =
      last.rank() < taking.rank() || (last.rank() == taking.rank() && last.id() < taking.id());
  if (rises) return;
  std::fprintf(stderr, "tenantry: lock order: taking '%s' while holding '%s'\n", taking.name(),
               last.name());
  std::abort();
}

void Push(const Mutex& mutex) {
  if (held_count == kHeldMax) std::abort();
  held[held_count++] = &mutex;
}

void Pop(const Mutex& mutex) {
  for (int i = held_count - 1; i >= 0; --i) {
    if (held[i] != &mutex) continue;
    for (int j = i; j + 1 < held_count; ++j) held[j] = held[j + 1];
    --held_count;
    return;
  }
  std::abort();
}

}  // namespace
#else
namespace {
void CheckOrder(const Mutex&) {}
void Push(const Mutex&) {}
void Pop(const Mutex&) {}
}  // namespace
#endif

void Mutex::Lock() {
  CheckOrder(*this);
  mutex_.lock();
  Push(*this);
}

void Mutex::Unlock() {
  Pop(*this);
  mutex_.unlock();
}

void CondVar::Wait(Mutex& mutex) {
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  cond_.wait(lock);
  lock.release();
}

bool CondVar::WaitForMs(Mutex& mutex, int64_t timeout_ms) {
  std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
  const bool woken =
      cond_.wait_for(lock, std::chrono::milliseconds(timeout_ms)) == std::cv_status::no_timeout;
  lock.release();
  return woken;
}

}  // namespace tenantry
