#include "engine/gym/memberships.h"

#include <gtest/gtest.h>

#include "engine/base/time_format.h"

namespace tenantry::gym {
namespace {

std::string After(std::string_view from, int months) {
  return FormatInstant(AddMonths(*ParseInstant(from), months)).substr(0, 19);
}

// F42: the day is cut to the month's length, and a quarter is three months.
TEST(MembershipsTest, MonthsAreCalendarMonths) {
  EXPECT_EQ(After("2026-01-31T10:00:00Z", 1), "2026-02-28T10:00:00");
  EXPECT_EQ(After("2028-01-31T10:00:00Z", 1), "2028-02-29T10:00:00");
  EXPECT_EQ(After("2026-11-30T23:59:59Z", 3), "2027-02-28T23:59:59");
  EXPECT_EQ(After("2028-02-29T00:00:00Z", 12), "2029-02-28T00:00:00");
  EXPECT_EQ(After("2026-12-15T00:00:00Z", 1), "2027-01-15T00:00:00");
}

}  // namespace
}  // namespace tenantry::gym
