#include "engine/gym/business.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/counters/bucket.h"
#include "engine/gym/local_day.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/members.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kSessionsByStatus = 1;
constexpr uint8_t kActivePlaces = 2;
constexpr uint8_t kStatsByLastAttended = 1;
constexpr uint8_t kMembersByTime = 3;
constexpr int64_t kDayMs = counters::kDayMs;
constexpr int64_t kDaysPerMonth = 30;
constexpr size_t kTopTypes = 5;
constexpr size_t kTopPerformers = 3;
// Whoever has a current streak attended within this time: today or yesterday, in any zone.
constexpr int64_t kStreakReachMs = 3 * kDayMs;

struct Country {
  std::string_view code, name, currency;
};
constexpr Country kCountries[] = {{"ZA", "South Africa", "ZAR"},
                                  {"US", "United States", "USD"},
                                  {"GB", "United Kingdom", "GBP"},
                                  {"KE", "Kenya", "KES"},
                                  {"NG", "Nigeria", "NGN"}};
constexpr std::string_view kOtherCurrency = "USD";

int64_t MonthStartMs(int64_t month) {
  const CivilDate first{static_cast<int>(month / 12), static_cast<int>(month % 12) + 1, 1};
  return DaysFromCivil(first) * kDayMs;
}

Result<std::string_view> CurrencyOf(const SpaceReader& space) {
  std::string_view currency;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymLocation>(
      {.index = kActivePlaces, .equal = {int64_t{1}}}, [&](const Location& place) {
        for (const Country& country : kCountries) {
          const std::string_view written = View(place->getCountry());
          if (written == country.code || written == country.name) currency = country.currency;
        }
        return currency.empty();
      }));
  return currency.empty() ? kOtherCurrency : currency;
}

using VisitSession = std::function<Status(const Session&)>;

// Sessions with that status that start in [from, until).
Status ForSessions(const SpaceReader& space, schema::GymSessionStatus status,
                   const InstantRange& range, const VisitSession& visit) {
  Status visited;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymSession>({.index = kSessionsByStatus,
                                                           .equal = {static_cast<int64_t>(status)},
                                                           .from = range.from_ms,
                                                           .until = range.until_ms},
                                                          [&](const Session& session) {
                                                            visited = visit(session);
                                                            return visited.ok();
                                                          }));
  return visited;
}

// What takes or took place.
Status ForHeldSessions(const SpaceReader& space, const InstantRange& range,
                       const VisitSession& visit) {
  TNT_RETURN_IF_ERROR(ForSessions(space, schema::GymSessionStatus::SCHEDULED, range, visit));
  return ForSessions(space, schema::GymSessionStatus::COMPLETED, range, visit);
}

Result<int64_t> SessionsToday(const SpaceReader& space, int64_t now_ms) {
  PartsCache cache(space);
  int64_t sessions = 0;
  const InstantRange around{now_ms - 2 * kDayMs, now_ms + 2 * kDayMs};
  TNT_RETURN_IF_ERROR(ForHeldSessions(space, around, [&](const Session& session) -> Status {
    TNT_ASSIGN_OR_RETURN(const Location place, cache.Place(View(session->getLocationId())));
    const std::string_view zone = View(place->getTimezone());
    const CivilDate today = LocalDateOf(now_ms, zone);
    sessions += LocalDay(today, zone).Contains(session->getStartTime()) ? 1 : 0;
    return Status::Ok();
  }));
  return sessions;
}

Result<int64_t> SeatsTakenAhead(const SpaceReader& space, int64_t now_ms) {
  int64_t seats = 0;
  TNT_RETURN_IF_ERROR(ForSessions(space, schema::GymSessionStatus::SCHEDULED, {now_ms, INT64_MAX},
                                  [&](const Session& session) {
                                    seats += session->getBookedCount();
                                    return Status::Ok();
                                  }));
  return seats;
}

Result<int64_t> MembersAttendedSince(const SpaceReader& space, int64_t from_ms) {
  TNT_ASSIGN_OR_RETURN(
      const uint64_t members,
      space.CountIndex<schema::GymMemberStats>({.index = kStatsByLastAttended, .from = from_ms}));
  return static_cast<int64_t>(members);
}

Result<std::vector<MonthValue>> Monthly(const SpaceReader& space, std::string_view name,
                                        int64_t first, int64_t last) {
  std::vector<MonthValue> values;
  for (int64_t month = first; month <= last; ++month) {
    TNT_ASSIGN_OR_RETURN(const int64_t value, Total(space, name, month));
    values.push_back({month, value});
  }
  return values;
}

// From today's total backwards: at the end of a month there were those of the month after, without
// who joined in it and with who left.
Result<std::vector<MonthValue>> MembersByMonth(const SpaceReader& space, int64_t first,
                                               int64_t last) {
  TNT_ASSIGN_OR_RETURN(int64_t members, Total(space, kTotalMembers, 0));
  std::vector<MonthValue> values;
  for (int64_t month = last; month >= first; --month) {
    values.push_back({month, members});
    TNT_ASSIGN_OR_RETURN(const int64_t joined, Total(space, kTotalJoined, month));
    TNT_ASSIGN_OR_RETURN(const int64_t left, Total(space, kTotalLeft, month));
    members += left - joined;
  }
  std::reverse(values.begin(), values.end());
  return values;
}

// Types and hours of the sessions that started in the period.
Status AddSessionShares(const SpaceReader& space, const InstantRange& period, Analytics* out) {
  PartsCache cache(space);
  std::map<std::string, TypeShare, std::less<>> types;
  int64_t seats = 0;
  TNT_RETURN_IF_ERROR(ForHeldSessions(space, period, [&](const Session& session) -> Status {
    const int64_t taken = session->getBookedCount();
    if (taken == 0) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(const SessionParts parts, cache.Parts(session));
    const int hour = LocalHourOf(session->getStartTime(), View(parts.location->getTimezone()));
    out->peak_hours[static_cast<size_t>(hour)] += taken;
    TypeShare& share = types[String(parts.type->getId())];
    share.name = String(parts.type->getName());
    share.count += taken;
    seats += taken;
    return Status::Ok();
  }));
  for (auto& [id, share] : types) {
    share.percentage =
        std::round(1000.0 * static_cast<double>(share.count) / static_cast<double>(seats)) / 10;
    out->top_types.push_back(std::move(share));
  }
  std::stable_sort(out->top_types.begin(), out->top_types.end(),
                   [](const TypeShare& a, const TypeShare& b) { return a.count > b.count; });
  if (out->top_types.size() > kTopTypes) out->top_types.resize(kTopTypes);
  return Status::Ok();
}

// Rounded to four decimals.
double Fraction(int64_t part, int64_t whole) {
  if (whole == 0) return 0;
  return std::round(10'000.0 * static_cast<double>(part) / static_cast<double>(whole)) / 10'000;
}

}  // namespace

Result<BusinessStats> BusinessStatsAt(const SpaceReader& space, int64_t now_ms) {
  BusinessStats stats;
  const int64_t month = counters::MonthOf(now_ms);
  TNT_ASSIGN_OR_RETURN(stats.total_members, Total(space, kTotalMembers, 0));
  TNT_ASSIGN_OR_RETURN(stats.active_members,
                       MembersAttendedSince(space, now_ms - kActiveDays * kDayMs));
  stats.retention_rate = Fraction(stats.active_members, stats.total_members);
  TNT_ASSIGN_OR_RETURN(stats.monthly_revenue, Total(space, kTotalCharged, month));
  TNT_ASSIGN_OR_RETURN(const int64_t last_revenue, Total(space, kTotalCharged, month - 1));
  stats.revenue_growth = Fraction(stats.monthly_revenue - last_revenue, last_revenue);
  TNT_ASSIGN_OR_RETURN(stats.today_sessions, SessionsToday(space, now_ms));
  TNT_ASSIGN_OR_RETURN(stats.upcoming_bookings, SeatsTakenAhead(space, now_ms));
  TNT_ASSIGN_OR_RETURN(stats.currency, CurrencyOf(space));
  return stats;
}

Result<Analytics> AnalyticsOver(const SpaceReader& space, int64_t days, int64_t now_ms) {
  Analytics analytics;
  TNT_ASSIGN_OR_RETURN(analytics.overview, BusinessStatsAt(space, now_ms));
  const int64_t last = counters::MonthOf(now_ms);
  const int64_t first = last - (days + kDaysPerMonth - 1) / kDaysPerMonth + 1;
  TNT_ASSIGN_OR_RETURN(analytics.member_growth, MembersByMonth(space, first, last));
  TNT_ASSIGN_OR_RETURN(analytics.revenue, Monthly(space, kTotalCharged, first, last));
  TNT_ASSIGN_OR_RETURN(analytics.attendance, Monthly(space, kTotalAttended, first, last));
  TNT_RETURN_IF_ERROR(AddSessionShares(space, {now_ms - days * kDayMs, now_ms}, &analytics));
  return analytics;
}

Result<MembersOverview> MembersOverviewAt(const SpaceReader& space, int64_t now_ms) {
  MembersOverview overview;
  const int64_t month_start_ms = MonthStartMs(counters::MonthOf(now_ms));
  TNT_ASSIGN_OR_RETURN(overview.total, Total(space, kTotalMembers, 0));
  TNT_ASSIGN_OR_RETURN(overview.active_this_month, MembersAttendedSince(space, month_start_ms));
  TNT_ASSIGN_OR_RETURN(
      const uint64_t joined,
      space.CountIndex<schema::GymMember>({.index = kMembersByTime, .from = month_start_ms}));
  overview.new_this_month = static_cast<int64_t>(joined);

  int64_t days = 0;
  std::vector<std::pair<int64_t, std::string>> streaks;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymMemberStats>(
      {.index = kStatsByLastAttended, .from = now_ms - kStreakReachMs},
      [&](const codec::Stored<schema::GymMemberStats>& stored) {
        const int64_t streak = StatsAt(*stored, now_ms).current_streak;
        days += streak;
        if (streak > 0) streaks.emplace_back(streak, String(stored->getMemberId()));
        return true;
      }));
  if (overview.total > 0) {
    overview.average_streak =
        std::round(10.0 * static_cast<double>(days) / static_cast<double>(overview.total)) / 10;
  }
  std::stable_sort(streaks.begin(), streaks.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (streaks.size() > kTopPerformers) streaks.resize(kTopPerformers);
  for (const auto& [streak, id] : streaks) {
    TNT_ASSIGN_OR_RETURN(const Member member, GetMember(space, id));
    overview.top.push_back({String(member->getName()), streak});
  }
  return overview;
}

}  // namespace tenantry::gym
