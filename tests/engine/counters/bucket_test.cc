#include "engine/counters/bucket.h"

#include <gtest/gtest.h>

namespace tenantry::counters {
namespace {

int64_t At(std::string_view text) {
  return *ParseInstant(text);
}

TEST(BucketTest, QuarterHoursBeginOnTheQuarter) {
  const int64_t ten = QuarterHourOf(At("2026-03-02T10:00:00.000Z"));
  EXPECT_EQ(QuarterHourOf(At("2026-03-02T10:14:59.999Z")), ten);
  EXPECT_EQ(QuarterHourOf(At("2026-03-02T10:15:00.000Z")), ten + 1);
  EXPECT_EQ(QuarterHourOf(At("2026-03-02T09:59:59.999Z")), ten - 1);
}

TEST(BucketTest, RoundsTowardsThePastBeforeTheEpoch) {
  EXPECT_EQ(QuarterHourOf(-1), -1);
  EXPECT_EQ(QuarterHourOf(-kQuarterHourMs), -1);
  EXPECT_EQ(QuarterHourOf(-kQuarterHourMs - 1), -2);
  EXPECT_EQ(HourOf(-1), -1);
  EXPECT_EQ(HourOf(0), 0);
}

// Zones are whole quarter hours off UTC, so 96 buckets make any zone's day: here Nepal's,
// UTC+05:45.
TEST(BucketTest, QuarterHoursSumToALocalDayOfAnyZone) {
  const int64_t first = QuarterHourOf(At("2026-03-02T00:00:00.000+05:45"));
  EXPECT_EQ(first * kQuarterHourMs, At("2026-03-02T00:00:00.000+05:45"));
  EXPECT_EQ(QuarterHourOf(At("2026-03-02T23:59:59.999+05:45")), first + 95);
}

TEST(BucketTest, MonthsFollowTheCalendar) {
  const int64_t february = MonthOf(At("2028-02-29T23:59:59.999Z"));
  EXPECT_EQ(february, 2028 * 12 + 1);
  EXPECT_EQ(MonthOf(At("2028-03-01T00:00:00.000Z")), february + 1);
  EXPECT_EQ(MonthOf(At("2029-01-01T00:00:00.000Z")), february + 11);
}

}  // namespace
}  // namespace tenantry::counters
