#include "engine/gym/local_day.h"

#include <chrono>
#include <string>

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

namespace tenantry::gym {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr size_t kZoneNameMax = 64;

int64_t StartMs(const cctz::civil_day& day, const cctz::time_zone& zone) {
  return cctz::convert(cctz::civil_second(day), zone).time_since_epoch().count() * 1000;
}

bool LoadZone(std::string_view name, cctz::time_zone* zone) {
  // The loader would read any file it is pointed to; only names of the database pass.
  if (name.empty() || name.size() > kZoneNameMax || name.front() == '/' || name.front() == ':' ||
      name.find("..") != std::string_view::npos || name.find('\0') != std::string_view::npos) {
    return false;
  }
  if (name == "localtime" || name.substr(0, 9) == "Fixed/UTC") return false;
  return cctz::load_time_zone(std::string(name), zone);
}

cctz::time_zone ZoneOrUtc(std::string_view name) {
  cctz::time_zone zone;
  return LoadZone(name, &zone) ? zone : cctz::utc_time_zone();
}

cctz::civil_second LocalSecond(int64_t unix_ms, std::string_view time_zone) {
  const std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds> instant{
      std::chrono::milliseconds(unix_ms)};
  return cctz::convert(instant, ZoneOrUtc(time_zone));
}

}  // namespace

bool IsTimeZone(std::string_view name) {
  cctz::time_zone zone;
  return LoadZone(name, &zone);
}

InstantRange LocalDay(CivilDate date, std::string_view time_zone) {
  const cctz::time_zone zone = ZoneOrUtc(time_zone);
  const cctz::civil_day day(date.year, date.month, date.day);
  return {StartMs(day, zone), StartMs(day + 1, zone)};
}

CivilDate LocalDateOf(int64_t unix_ms, std::string_view time_zone) {
  const cctz::civil_day day(LocalSecond(unix_ms, time_zone));
  return {static_cast<int>(day.year()), day.month(), day.day()};
}

int LocalHourOf(int64_t unix_ms, std::string_view time_zone) {
  return LocalSecond(unix_ms, time_zone).hour();
}

InstantRange DayAnywhere(CivilDate date) {
  const int64_t start_ms = DaysFromCivil(date) * kDayMs;
  return {start_ms - 16 * kHourMs, start_ms + kDayMs + 16 * kHourMs};
}

}  // namespace tenantry::gym
