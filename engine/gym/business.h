#pragma once
// Business: how one gym does. Nothing here looks at another gym (F8), and nothing loads all members
// or all bookings: numbers come from counters and from indexes bounded by time.
//
// Units    money in hundredths; months from year 0, in UTC; instants in Unix milliseconds.
// Threads  any.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gym/scope.h"

namespace tenantry::gym {

// Attended within so many days: active.
inline constexpr int64_t kActiveDays = 30;

struct BusinessStats {
  int64_t total_members = 0;
  int64_t active_members = 0;
  double retention_rate = 0;    // Active of all, 0 to 1.
  int64_t monthly_revenue = 0;  // Charged this month, whatever the currency.
  double revenue_growth = 0;    // Against last month, as a fraction of it; 0 without one.
  int64_t today_sessions = 0;   // Not cancelled, starting today at their place.
  int64_t upcoming_bookings = 0;
  std::string_view currency;  // Of the country of an active place.
};
Result<BusinessStats> BusinessStatsAt(const SpaceReader& space, int64_t now_ms);

struct MonthValue {
  int64_t month = 0;
  int64_t value = 0;
};
struct TypeShare {
  std::string name;
  int64_t count = 0;  // Seats taken.
  double percentage = 0;
};
struct Analytics {
  BusinessStats overview;
  // One row per month, oldest first.
  std::vector<MonthValue> member_growth;  // Members at the end of the month.
  std::vector<MonthValue> revenue;
  std::vector<MonthValue> attendance;
  std::vector<TypeShare> top_types;      // At most 5, of sessions started in the period.
  std::array<int64_t, 24> peak_hours{};  // Seats taken by hour of start, at the place.
};
Result<Analytics> AnalyticsOver(const SpaceReader& space, int64_t days, int64_t now_ms);

struct MembersOverview {
  int64_t total = 0;
  int64_t active_this_month = 0;
  int64_t new_this_month = 0;
  double average_streak = 0;  // One decimal.
  struct Performer {
    std::string name;
    int64_t streak = 0;
  };
  std::vector<Performer> top;  // At most 3, longest current streak first.
};
Result<MembersOverview> MembersOverviewAt(const SpaceReader& space, int64_t now_ms);

}  // namespace tenantry::gym
