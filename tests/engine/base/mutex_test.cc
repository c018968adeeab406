#include "engine/base/mutex.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tenantry {
namespace {

TEST(MutexTest, ExcludesOtherThreads) {
  Mutex mutex("counter");
  int64_t count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20'000; ++j) {
        MutexLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 80'000);
}

TEST(MutexTest, ConditionWakesTheWaiter) {
  Mutex mutex("ready");
  CondVar condition;
  bool ready = false;
  std::thread setter([&] {
    MutexLock lock(mutex);
    ready = true;
    condition.NotifyAll();
  });
  {
    MutexLock lock(mutex);
    while (!ready) condition.Wait(mutex);
    EXPECT_TRUE(ready);
    EXPECT_FALSE(condition.WaitForMs(mutex, 1)) << "nobody notifies";
  }
  setter.join();
}

TEST(MutexTest, RisingRanksAndIdsAreFine) {
  Mutex registry("registry", LockRank::kTenantRegistry);
  Mutex directory("partition", LockRank::kPartition, 0);
  Mutex partition("partition", LockRank::kPartition, 5);
  Mutex log("log", LockRank::kLog);
  Mutex leaf("leaf");
  MutexLock a(registry);
  MutexLock b(directory);
  MutexLock c(partition);
  MutexLock d(log);
  MutexLock e(leaf);
}

TEST(MutexTest, LocksMayBeReleasedInAnyOrder) {
  Mutex low("low", LockRank::kPartition);
  Mutex high("high", LockRank::kLog);
  low.Lock();
  high.Lock();
  low.Unlock();
  high.Unlock();
  MutexLock again(low);
}

// Only debug builds check the order.
TEST(MutexDeathTest, FallingRanksAndIdsStopADebugBuild) {
#ifdef NDEBUG
  GTEST_SKIP() << "release build";
#else
  const auto take_both = [](Mutex& first, Mutex& second) {
    MutexLock a(first);
    MutexLock b(second);
  };
  Mutex low("low_lock", LockRank::kPartition, 1);
  Mutex same("same_lock", LockRank::kPartition, 1);
  Mutex lower_id("lower_id_lock", LockRank::kPartition, 0);
  Mutex high("high_lock", LockRank::kLog);
  EXPECT_DEATH(take_both(high, low), "taking 'low_lock' while holding 'high_lock'");
  EXPECT_DEATH(take_both(low, same), "taking 'same_lock' while holding 'low_lock'");
  EXPECT_DEATH(take_both(low, lower_id), "taking 'lower_id_lock'");
#endif
}

}  // namespace
}  // namespace tenantry
