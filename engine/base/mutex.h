#pragma once
// Mutex: a named lock with a rank. A thread takes locks in rising rank only, several of one rank in rising id; debug
// builds check this and name both locks. Carries Clang's thread-safety annotations, which the standard mutex lacks.
//
// Under a lock: no callback, no network, no wait on another thread. Disk only under kLog, except reads of a command.

#include <condition_variable>
#include <cstdint>
#include <mutex>

#if defined(__clang__)
#define TNT_ATTRIBUTE(x) __attribute__((x))
#else
#define TNT_ATTRIBUTE(x)
#endif
#define TNT_CAPABILITY(x) TNT_ATTRIBUTE(capability(x))
#define TNT_SCOPED_CAPABILITY TNT_ATTRIBUTE(scoped_lockable)
#define TNT_GUARDED_BY(x) TNT_ATTRIBUTE(guarded_by(x))
#define TNT_REQUIRES(...) TNT_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define TNT_ACQUIRE(...) TNT_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define TNT_RELEASE(...) TNT_ATTRIBUTE(release_capability(__VA_ARGS__))
#define TNT_EXCLUDES(...) TNT_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define TNT_NO_THREAD_SAFETY_ANALYSIS TNT_ATTRIBUTE(no_thread_safety_analysis)

namespace tenantry {

// The one list of ranks, lowest taken first.
enum class LockRank : uint16_t {
  kAdminCommand = 5,  // Held while a command of an operator runs.
  kTenantRegistry = 10,
  kPartition = 20,  // Several at once in rising id: the directory (id 0) comes before a tenant's.
  kGroup = 30,
  kLog = 40,
  kLeaf = 1000,
};

class TNT_CAPABILITY("mutex") Mutex {
 public:
  explicit Mutex(const char* name, LockRank rank = LockRank::kLeaf, uint32_t id = 0)
      : name_(name), rank_(rank), id_(id) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() TNT_ACQUIRE();
  void Unlock() TNT_RELEASE();

  const char* name() const { return name_; }
  LockRank rank() const { return rank_; }
  uint32_t id() const { return id_; }

 private:
  friend class CondVar;
  const char* const name_;
  const LockRank rank_;
  const uint32_t id_;
  std::mutex mutex_;
};

class TNT_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TNT_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() TNT_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  // Wakes spuriously; callers loop over their condition.
  void Wait(Mutex& mutex) TNT_REQUIRES(mutex);
  // False when `timeout_ms` passed first.
  bool WaitForMs(Mutex& mutex, int64_t timeout_ms) TNT_REQUIRES(mutex);
  void NotifyOne() { cond_.notify_one(); }
  void NotifyAll() { cond_.notify_all(); }

 private:
  std::condition_variable cond_;
};

}  // namespace tenantry
