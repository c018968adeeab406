#include "engine/gym/local_day.h"

#include <gtest/gtest.h>

namespace tenantry::gym {
namespace {

constexpr int64_t kHourMs = 3'600'000;

int64_t Instant(std::string_view text) {
  const std::optional<int64_t> parsed = ParseInstant(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(0);
}

TEST(LocalDayTest, ADayOfUtcIsTwentyFourHours) {
  const InstantRange day = LocalDay({2026, 3, 29}, "UTC");
  EXPECT_EQ(day.from_ms, Instant("2026-03-29T00:00:00Z"));
  EXPECT_EQ(day.until_ms, Instant("2026-03-30T00:00:00Z"));
}

// F52: days begin at midnight of the place, and have 23 or 25 hours when clocks change.
TEST(LocalDayTest, DaysOfClockChangesAreShorterAndLonger) {
  const InstantRange spring = LocalDay({2026, 3, 29}, "Europe/Berlin");
  EXPECT_EQ(spring.from_ms, Instant("2026-03-29T00:00:00+01:00"));
  EXPECT_EQ(spring.until_ms, Instant("2026-03-30T00:00:00+02:00"));
  EXPECT_EQ(spring.until_ms - spring.from_ms, 23 * kHourMs);
  const InstantRange autumn = LocalDay({2026, 10, 25}, "Europe/Berlin");
  EXPECT_EQ(autumn.until_ms - autumn.from_ms, 25 * kHourMs);
}

// Chile changes its clocks at midnight: 2026-09-06 begins at 01:00 local time.
TEST(LocalDayTest, ADayWithoutMidnightBeginsAtItsFirstInstant) {
  const InstantRange before = LocalDay({2026, 9, 5}, "America/Santiago");
  const InstantRange day = LocalDay({2026, 9, 6}, "America/Santiago");
  EXPECT_EQ(before.until_ms, day.from_ms);
  EXPECT_EQ(day.from_ms, Instant("2026-09-06T01:00:00-03:00"));
  EXPECT_EQ(day.until_ms - day.from_ms, 23 * kHourMs);
}

TEST(LocalDayTest, OnlyNamesOfTheZoneDatabaseAreZones) {
  EXPECT_TRUE(IsTimeZone("UTC"));
  EXPECT_TRUE(IsTimeZone("Africa/Nairobi"));
  for (const std::string_view bad : {"", "Mars/Olympus", "/etc/passwd", "../../etc/passwd",
                                     "localtime", ":UTC", "Fixed/UTC+01:00:00"}) {
    EXPECT_FALSE(IsTimeZone(bad)) << bad;
  }
}

TEST(LocalDayTest, AnUnknownZoneCountsAsUtc) {
  EXPECT_EQ(LocalDay({2026, 1, 1}, "Nowhere").from_ms, LocalDay({2026, 1, 1}, "UTC").from_ms);
}

TEST(LocalDayTest, TheWidestRangeCoversEveryZone) {
  const InstantRange wide = DayAnywhere({2026, 6, 1});
  for (const std::string_view zone : {"Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu"}) {
    const InstantRange day = LocalDay({2026, 6, 1}, zone);
    EXPECT_GE(day.from_ms, wide.from_ms) << zone;
    EXPECT_LE(day.until_ms, wide.until_ms) << zone;
  }
}

}  // namespace
}  // namespace tenantry::gym
