#include "engine/popups/local_time.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/time_format.h"
#include "tests/engine/popups/all_zones.h"

namespace tenantry::popups {
namespace {

constexpr int64_t kHourMs = 3'600'000;

TEST(LocalTimeTest, UnknownAndHostileNamesAreNoZones) {
  for (const char* name : {"", "Nowhere/City", "/etc/passwd", "../etc/passwd", "localtime", ":UTC",
                           "Fixed/UTC+01:00:00"}) {
    EXPECT_FALSE(LocalTime::Load(name).has_value()) << name;
  }
  EXPECT_TRUE(LocalTime::Load("UTC").has_value());
}

TEST(LocalTimeTest, DaysOfAChangeHave23And25Hours) {
  const auto berlin = LocalTime::Load("Europe/Berlin");
  ASSERT_TRUE(berlin.has_value());
  const auto hours = [&](CivilDate date) {
    const int64_t start = berlin->DayStart(date);
    return (berlin->PeriodEnd(start, Granularity::kDay) - start) / kHourMs;
  };
  EXPECT_EQ(hours({2026, 3, 28}), 24);
  EXPECT_EQ(hours({2026, 3, 29}), 23);
  EXPECT_EQ(hours({2026, 10, 25}), 25);
  EXPECT_EQ(FormatInstant(berlin->DayStart({2026, 3, 29})), "2026-03-28T23:00:00.000Z");
  EXPECT_EQ(
      FormatInstant(berlin->PeriodStart(*ParseInstant("2026-03-05T12:00:00Z"), Granularity::kWeek)),
      "2026-03-01T23:00:00.000Z")
      << "weeks begin on Monday";
  EXPECT_EQ(
      FormatInstant(berlin->PeriodEnd(*ParseInstant("2026-03-05T12:00:00Z"), Granularity::kMonth)),
      "2026-03-31T22:00:00.000Z");
}

// Goal: in every zone, periods of any kind follow each other without gap or overlap, and begin on quarter hours, so
// that local days sum to the same total as the counters beneath them.
// Method: every name of the zone database, from the start of 2025 to the end of 2026: four changes of clocks where
// there are any.
TEST(LocalTimeTest, PeriodsOfEveryZoneAreContiguousAndOnQuarterHours) {
  const std::vector<std::string> zones = AllZones();
  ASSERT_GT(zones.size(), 500u) << "tzdata is not installed";
  const int64_t from = *ParseInstant("2025-01-01T00:00:00Z");
  const int64_t until = *ParseInstant("2026-12-31T00:00:00Z");
  for (const std::string& name : zones) {
    const auto zone = LocalTime::Load(name);
    ASSERT_TRUE(zone.has_value()) << name;
    for (const Granularity granularity :
         {Granularity::kDay, Granularity::kWeek, Granularity::kMonth}) {
      int64_t start = zone->PeriodStart(from, granularity);
      ASSERT_LE(start, from) << name;
      while (start < until) {
        const int64_t end = zone->PeriodEnd(start, granularity);
        ASSERT_GT(end, start) << name;
        ASSERT_EQ(start % (kHourMs / 4), 0) << name;
        ASSERT_EQ(zone->PeriodStart(end - 1, granularity), start) << name;
        ASSERT_EQ(zone->PeriodStart(end, granularity), end) << name;
        start = end;
      }
    }
    // Hours around each change of clocks.
    for (int64_t day = from; day < until; day += 24 * kHourMs) {
      const int64_t start = zone->PeriodStart(day, Granularity::kDay);
      const int64_t end = zone->PeriodEnd(day, Granularity::kDay);
      if (end - start == 24 * kHourMs) continue;
      for (int64_t hour = zone->PeriodStart(start, Granularity::kHour); hour < end;) {
        const int64_t next = zone->PeriodEnd(hour, Granularity::kHour);
        ASSERT_GT(next, hour) << name;
        ASSERT_LE(next - hour, kHourMs) << name;
        ASSERT_EQ(next % (kHourMs / 4), 0) << name;
        ASSERT_EQ(zone->PeriodStart(next - 1, Granularity::kHour), hour) << name;
        hour = next;
      }
    }
  }
}

}  // namespace
}  // namespace tenantry::popups
