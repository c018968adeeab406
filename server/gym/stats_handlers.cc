// Numbers: of oneself, and for managers of the gym.

#include <algorithm>
#include <array>

#include "engine/codec/json_out.h"
#include "engine/counters/bucket.h"
#include "engine/gym/business.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/session_parts.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/session_filter.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr size_t kShortMonthChars = 3;
constexpr size_t kFavoriteCategories = 3;
constexpr size_t kFavoriteTypes = 5;
constexpr int64_t kMonthsShown = 12;
constexpr uint64_t kDaysDefault = 30;
constexpr uint64_t kDaysMax = 1096;

std::string MonthName(int64_t month) {
  return std::string(kMonths[static_cast<size_t>(month % 12)]) + " " + std::to_string(month / 12);
}
std::string ShortMonthName(int64_t month) {
  return std::string(kMonths[static_cast<size_t>(month % 12)].substr(0, kShortMonthChars)) + " " +
         std::to_string(month / 12);
}

struct NamedCount {
  std::string name;
  int64_t count = 0;
};

void AppendCounts(std::string* out, std::string_view label, const std::vector<NamedCount>& counts,
                  size_t rows_max) {
  out->push_back('[');
  for (size_t i = 0; i < counts.size() && i < rows_max; ++i) {
    if (i > 0) out->push_back(',');
    codec::ObjectWriter object(out);
    object.String(label, counts[i].name);
    object.Int("count", counts[i].count);
  }
  out->push_back(']');
}

Result<std::vector<NamedCount>> TypeCounts(const SpaceReader& space,
                                           const domain::MemberStats& stats) {
  std::vector<NamedCount> counts;
  for (const domain::MemberStats::Count& count : stats.types) {
    if (counts.size() == kFavoriteTypes) break;
    TNT_ASSIGN_OR_RETURN(const domain::SessionType type,
                         domain::GetSessionType(space, count.type_id));
    counts.push_back({domain::String(type->getName()), count.count});
  }
  return counts;
}

Result<std::vector<NamedCount>> CategoryCounts(const SpaceReader& space,
                                               const domain::MemberStats& stats) {
  std::vector<NamedCount> counts;
  for (const domain::MemberStats::Count& count : stats.types) {
    TNT_ASSIGN_OR_RETURN(const domain::SessionType type,
                         domain::GetSessionType(space, count.type_id));
    const std::string_view category = View(type->getCategory());
    const auto known = std::find_if(counts.begin(), counts.end(),
                                    [&](const NamedCount& row) { return row.name == category; });
    if (known == counts.end()) {
      counts.push_back({std::string(category), count.count});
    } else {
      known->count += count.count;
    }
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const NamedCount& a, const NamedCount& b) { return a.count > b.count; });
  return counts;
}

// Twelve months, this one first.
void AppendMonthlyActivity(std::string* out, const domain::MemberStats& stats, int64_t now_ms) {
  const int64_t this_month = counters::MonthOf(now_ms);
  codec::ObjectWriter object(out);
  for (int64_t month = this_month; month > this_month - kMonthsShown; --month) {
    const auto counted =
        std::find_if(stats.months.begin(), stats.months.end(),
                     [month](const domain::MemberStats::Month& m) { return m.month == month; });
    object.Int(MonthName(month), counted == stats.months.end() ? 0 : counted->attended);
  }
}

Result<domain::MemberStats> CallerStats(const Access& access, const SpaceReader& space,
                                        int64_t now_ms) {
  return domain::StatsOf(space, access.caller->actor().member_id, now_ms);
}

Result<std::string> RenderMyStats(const Access& access, int64_t now_ms) {
  const SpaceReader space = access.Space();
  TNT_ASSIGN_OR_RETURN(const domain::MemberStats stats, CallerStats(access, space, now_ms));
  TNT_ASSIGN_OR_RETURN(const std::vector<NamedCount> types, TypeCounts(space, stats));
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Int("totalBookings", stats.bookings);
    object.Int("attendedSessions", stats.attended);
    object.Int("cancelledBookings", stats.cancelled);
    object.Int("noShows", stats.no_shows);
    object.Int("attendanceRate", stats.attendance_percent());
    object.Int("currentStreak", stats.current_streak);
    object.Int("longestStreak", stats.longest_streak);
    AppendCounts(object.Key("favoriteSessionTypes"), "name", types, kFavoriteTypes);
    AppendMonthlyActivity(object.Key("monthlyActivity"), stats, now_ms);
  }
  return out;
}

Result<std::string> RenderMyShortStats(const Access& access, int64_t now_ms) {
  const SpaceReader space = access.Space();
  TNT_ASSIGN_OR_RETURN(const domain::MemberStats stats, CallerStats(access, space, now_ms));
  TNT_ASSIGN_OR_RETURN(const std::vector<NamedCount> categories, CategoryCounts(space, stats));
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Int("totalBookings", stats.bookings);
    object.Int("attendedSessions", stats.attended);
    object.Int("attendanceRate", stats.attendance_percent());
    object.Int("currentStreak", stats.current_streak);
    AppendCounts(object.Key("favoriteCategories"), "category", categories, kFavoriteCategories);
    if (stats.last_attended_ms) {
      object.Instant("lastActivity", *stats.last_attended_ms);
    } else {
      object.Null("lastActivity");
    }
    object.Instant("memberSince", access.caller->member->getCreatedAt());
  }
  return out;
}

void AppendBusiness(std::string* out, const domain::BusinessStats& stats) {
  codec::ObjectWriter object(out);
  object.Int("totalMembers", stats.total_members);
  object.Int("activeMembers", stats.active_members);
  object.Number("retentionRate", stats.retention_rate);
  object.Money("monthlyRevenue", stats.monthly_revenue);
  object.Number("revenueGrowth", stats.revenue_growth);
  object.Int("todaySessions", stats.today_sessions);
  object.Int("upcomingBookings", stats.upcoming_bookings);
  object.String("currency", stats.currency);
}

void AppendMonths(std::string* out, const std::vector<domain::MonthValue>& values, bool money) {
  out->push_back('[');
  for (const domain::MonthValue& value : values) {
    if (out->back() != '[') out->push_back(',');
    codec::ObjectWriter object(out);
    object.String("month", ShortMonthName(value.month));
    money ? object.Money("value", value.value) : object.Int("value", value.value);
  }
  out->push_back(']');
}

std::string RenderAnalytics(const domain::Analytics& analytics) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    AppendBusiness(object.Key("overview"), analytics.overview);
    AppendMonths(object.Key("memberGrowth"), analytics.member_growth, false);
    AppendMonths(object.Key("revenueGrowth"), analytics.revenue, true);
    AppendMonths(object.Key("sessionAttendance"), analytics.attendance, false);
    std::string* types = object.Key("topSessionTypes");
    types->push_back('[');
    for (const domain::TypeShare& share : analytics.top_types) {
      if (types->back() != '[') types->push_back(',');
      codec::ObjectWriter row(types);
      row.String("name", share.name);
      row.Int("count", share.count);
      row.Number("percentage", share.percentage);
    }
    types->push_back(']');
    std::string* hours = object.Key("peakHours");
    hours->push_back('[');
    for (size_t hour = 0; hour < analytics.peak_hours.size(); ++hour) {
      if (hour > 0) hours->push_back(',');
      codec::ObjectWriter row(hours);
      row.Int("hour", static_cast<int64_t>(hour));
      row.Int("count", analytics.peak_hours[hour]);
    }
    hours->push_back(']');
  }
  return out;
}

std::string RenderOverview(const domain::MembersOverview& overview) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Int("totalMembers", overview.total);
    object.Int("activeThisMonth", overview.active_this_month);
    object.Int("newThisMonth", overview.new_this_month);
    object.Number("averageStreak", overview.average_streak);
    std::string* top = object.Key("topPerformers");
    top->push_back('[');
    for (const domain::MembersOverview::Performer& performer : overview.top) {
      if (top->back() != '[') top->push_back(',');
      codec::ObjectWriter row(top);
      row.String("name", performer.name);
      row.Int("streak", performer.streak);
    }
    top->push_back(']');
  }
  return out;
}

}  // namespace

http::Response MembersOverview(const Context& context, const Access& access,
                               const http::Request& request) {
  const auto overview =
      domain::MembersOverviewAt(access.Space(), context.engine.clock().NowUnixMs());
  if (!overview.ok()) return Refused(context, overview.status(), request);
  return http::Response::Json(200, RenderOverview(*overview));
}

http::Response MyShortStats(const Context& context, const Access& access,
                            const http::Request& request) {
  return Answered(context, request, RenderMyShortStats(access, context.engine.clock().NowUnixMs()));
}

http::Response MyStats(const Context& context, const Access& access, const http::Request& request) {
  return Answered(context, request, RenderMyStats(access, context.engine.clock().NowUnixMs()));
}

http::Response Business(const Context& context, const Access& access,
                        const http::Request& request) {
  const auto stats = domain::BusinessStatsAt(access.Space(), context.engine.clock().NowUnixMs());
  if (!stats.ok()) return Refused(context, stats.status(), request);
  std::string out;
  AppendBusiness(&out, *stats);
  return http::Response::Json(200, std::move(out));
}

http::Response Analytics(const Context& context, const Access& access,
                         const http::Request& request) {
  const Result<uint64_t> days = ParseCount(request, "days", kDaysDefault, kDaysMax);
  if (!days.ok()) return Refused(context, days.status(), request);
  const auto analytics = domain::AnalyticsOver(access.Space(), static_cast<int64_t>(*days),
                                               context.engine.clock().NowUnixMs());
  if (!analytics.ok()) return Refused(context, analytics.status(), request);
  return http::Response::Json(200, RenderAnalytics(*analytics));
}

}  // namespace tenantry::server::gym
