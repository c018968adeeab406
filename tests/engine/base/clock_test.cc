#include "engine/base/clock.h"

#include <gtest/gtest.h>

namespace tenantry {
namespace {

TEST(ClockTest, ManualClockMovesOnlyWhenTold) {
  ManualClock clock(1000);
  const int64_t boot = clock.NowBootNs();
  EXPECT_EQ(clock.NowUnixMs(), 1000);
  clock.AdvanceMs(25);
  EXPECT_EQ(clock.NowUnixMs(), 1025);
  EXPECT_EQ(clock.NowBootNs() - boot, 25'000'000);
  clock.SetUnixMs(5);
  EXPECT_EQ(clock.NowUnixMs(), 5);
}

TEST(ClockTest, SystemClockIsPlausibleAndTheBootClockNeverStepsBack) {
  const SystemClock clock;
  EXPECT_GT(clock.NowUnixMs(), 1'700'000'000'000);
  int64_t previous = clock.NowBootNs();
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = clock.NowBootNs();
    EXPECT_GE(now, previous);
    previous = now;
  }
}

}  // namespace
}  // namespace tenantry
