#include "engine/work_trace.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace tenantry {
namespace {

TEST(WorkTraceTest, O4_RecordsOperationsThatTookAsLongAsTheLimit) {
  ManualClock clock(1000);
  uint32_t rows = 5;
  const WorkTrace trace(clock, 100'000'000);
  {
    const TimedOperation timed({.kind = "scan", .index = 3}, rows);
    clock.AdvanceMs(100);
    rows += 7;
  }
  {
    const TimedOperation timed({.kind = "get"}, rows);
    clock.AdvanceMs(99);
  }
  ASSERT_EQ(trace.slow().size(), 1u);
  EXPECT_EQ(trace.slow()[0].kind, "scan");
  EXPECT_EQ(trace.slow()[0].index, 3);
  EXPECT_EQ(trace.slow()[0].rows, 7u);
  EXPECT_EQ(trace.slow()[0].duration_ns, 100'000'000);
}

TEST(WorkTraceTest, KeepsABoundedNumberOfTheSlowest) {
  ManualClock clock(1000);
  const uint32_t rows = 0;
  const WorkTrace trace(clock, 0);
  const auto take = [&](int64_t duration_ms) {
    const TimedOperation timed({.kind = "get"}, rows);
    clock.AdvanceMs(duration_ms);
  };
  for (size_t i = 0; i < 100; ++i) take(1);
  take(7);
  take(0);
  EXPECT_EQ(trace.slow().size(), kSlowOperationsMax);
  EXPECT_EQ(std::count_if(trace.slow().begin(), trace.slow().end(),
                          [](const SlowOperation& slow) { return slow.duration_ns == 7'000'000; }),
            1);
}

TEST(WorkTraceTest, TheTenantIsTheNewestSpaceButTheDirectory) {
  ManualClock clock(1000);
  WorkTrace::NoteSpace(SpaceId(1));  // Outside of a scope: nobody asks.
  const WorkTrace trace(clock, 0);
  EXPECT_EQ(trace.space(), kDirectorySpace);
  WorkTrace::NoteSpace(SpaceId(7));
  WorkTrace::NoteSpace(kDirectorySpace);
  EXPECT_EQ(trace.space(), SpaceId(7));
  {
    const WorkTrace inner(clock, 0);
    WorkTrace::NoteSpace(SpaceId(8));
    EXPECT_EQ(inner.space(), SpaceId(8));
  }
  EXPECT_EQ(WorkTrace::Current(), &trace);
  EXPECT_EQ(trace.space(), SpaceId(7));
}

}  // namespace
}  // namespace tenantry
