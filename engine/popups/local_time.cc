#include "engine/popups/local_time.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

namespace tenantry::popups {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr size_t kZoneNameMax = 64;
using Instant = cctz::time_point<cctz::seconds>;

Instant ToInstant(int64_t unix_ms) {
  const int64_t seconds = unix_ms / 1000 - (unix_ms % 1000 < 0 ? 1 : 0);
  return Instant(cctz::seconds(seconds));
}

int64_t ToMs(Instant instant) {
  return instant.time_since_epoch().count() * 1000;
}

// Where clocks skip that second, the first instant after; where they repeat it, the first of the two.
template <class Civil>
int64_t StartOf(const Civil& civil, const cctz::time_zone& zone) {
  return ToMs(cctz::convert(cctz::civil_second(civil), zone));
}

cctz::civil_day WeekOf(const cctz::civil_day& day) {
  return cctz::prev_weekday(day + 1, cctz::weekday::monday);
}

int64_t MsIntoHour(int64_t unix_ms, const cctz::time_zone& zone) {
  const cctz::civil_second local = cctz::convert(ToInstant(unix_ms), zone);
  return (int64_t{local.minute()} * 60 + local.second()) * 1000 +
         (unix_ms - ToMs(ToInstant(unix_ms)));
}

// The nearest change of clocks in (after, until), or `until`.
int64_t ChangeWithin(int64_t after_ms, int64_t until_ms, const cctz::time_zone& zone) {
  cctz::time_zone::civil_transition change;
  if (!zone.next_transition(ToInstant(after_ms), &change)) return until_ms;
  // Where clocks go back, the time they show next came before, too: the lookup knows the change itself.
  const cctz::time_zone::civil_lookup shown = zone.lookup(change.to);
  const bool repeated = shown.kind == cctz::time_zone::civil_lookup::REPEATED;
  const int64_t at = ToMs(repeated ? shown.trans : shown.pre);
  return after_ms < at && at < until_ms ? at : until_ms;
}

}  // namespace

std::optional<Granularity> ParseGranularity(std::string_view name) {
  if (name == "hour") return Granularity::kHour;
  if (name == "day") return Granularity::kDay;
  if (name == "week") return Granularity::kWeek;
  if (name == "month") return Granularity::kMonth;
  return std::nullopt;
}

LocalTime::LocalTime(const cctz::time_zone& zone)
    : zone_(std::make_unique<cctz::time_zone>(zone)) {}
LocalTime::~LocalTime() = default;
LocalTime::LocalTime(LocalTime&&) noexcept = default;
LocalTime& LocalTime::operator=(LocalTime&&) noexcept = default;

std::optional<LocalTime> LocalTime::Load(std::string_view zone_name) {
  // The loader would read any file it is pointed to; only names of the database pass.
  if (zone_name.empty() || zone_name.size() > kZoneNameMax || zone_name.front() == '/' ||
      zone_name.front() == ':' || zone_name.find("..") != std::string_view::npos ||
      zone_name.find('\0') != std::string_view::npos || zone_name == "localtime" ||
      zone_name.starts_with("Fixed/UTC")) {
    return std::nullopt;
  }
  cctz::time_zone zone;
  if (!cctz::load_time_zone(std::string(zone_name), &zone)) return std::nullopt;
  return LocalTime(zone);
}

int64_t LocalTime::DayStart(CivilDate date) const {
  return StartOf(cctz::civil_day(date.year, date.month, date.day), *zone_);
}

CivilDate LocalTime::DateOf(int64_t unix_ms) const {
  const cctz::civil_day day(cctz::convert(ToInstant(unix_ms), *zone_));
  return {static_cast<int>(day.year()), day.month(), day.day()};
}

int64_t LocalTime::PeriodStart(int64_t unix_ms, Granularity granularity) const {
  const cctz::civil_day day(cctz::convert(ToInstant(unix_ms), *zone_));
  switch (granularity) {
    case Granularity::kHour: {
      const int64_t start = unix_ms - MsIntoHour(unix_ms, *zone_);
      return std::max(start, ChangeWithin(start, unix_ms + 1, *zone_) <= unix_ms
                                 ? ChangeWithin(start, unix_ms + 1, *zone_)
                                 : start);
    }
    case Granularity::kDay:
      return StartOf(day, *zone_);
    case Granularity::kWeek:
      return StartOf(WeekOf(day), *zone_);
    case Granularity::kMonth:
      return StartOf(cctz::civil_month(day), *zone_);
  }
  return unix_ms;
}

int64_t LocalTime::PeriodEnd(int64_t unix_ms, Granularity granularity) const {
  if (granularity == Granularity::kHour) {
    const int64_t end = unix_ms + kHourMs - MsIntoHour(unix_ms, *zone_);
    return ChangeWithin(unix_ms, end, *zone_);
  }
  const cctz::civil_day day(cctz::convert(ToInstant(unix_ms), *zone_));
  // A zone that moved across the date line once left a day out, whose period is empty.
  for (int step = 1; step <= 3; ++step) {
    int64_t end = 0;
    if (granularity == Granularity::kDay) end = StartOf(day + step, *zone_);
    if (granularity == Granularity::kWeek) end = StartOf(WeekOf(day) + 7 * step, *zone_);
    if (granularity == Granularity::kMonth) {
      end = StartOf(cctz::civil_month(day) + step, *zone_);
    }
    if (end > unix_ms) return end;
  }
  return unix_ms + kHourMs;
}

}  // namespace tenantry::popups
