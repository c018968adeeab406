#include "engine/base/thread.h"

#include <atomic>
#include <string>

#include <gtest/gtest.h>
#include <pthread.h>

namespace tenantry {
namespace {

TEST(ThreadTest, RunsUnderItsNameAndIsJoinedByItsOwner) {
  std::atomic<bool> ran{false};
  std::string name;
  {
    const Thread thread("tnt-a-name-longer-than-15", [&] {
      char buffer[32] = {};
      pthread_getname_np(pthread_self(), buffer, sizeof buffer);
      name = buffer;
      ran = true;
    });
  }
  EXPECT_TRUE(ran);
  EXPECT_EQ(name, "tnt-a-name-long");
}

TEST(ThreadTest, JoinsOnceAndMoves) {
  int runs = 0;
  Thread thread("tnt-once", [&] { ++runs; });
  Thread moved = std::move(thread);
  moved.Join();
  moved.Join();
  EXPECT_EQ(runs, 1);
}

TEST(ThreadDeathTest, AnExceptionThatLeavesTheBodyStopsTheProcess) {
  EXPECT_DEATH({ Thread thread("tnt-throws", [] { throw 1; }); }, "");
}

}  // namespace
}  // namespace tenantry
