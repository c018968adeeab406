#pragma once
// Bucket: the numbers under which counters of a time span are kept.
//
// Units    Unix milliseconds, UTC. Quarter hours and hours count from the Unix epoch, months from
//          year 0. Quarter hours sum to any local day, since every zone in use is a whole number of
//          them away from UTC.
// Threads  stateless.

#include <cstdint>

#include "engine/base/time_format.h"

namespace tenantry::counters {

inline constexpr int64_t kQuarterHourMs = 15 * 60 * 1000;
inline constexpr int64_t kHourMs = 4 * kQuarterHourMs;
inline constexpr int64_t kDayMs = 24 * kHourMs;

// Rounds towards the past, also before 1970.
constexpr int64_t FloorDivide(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}
constexpr int64_t QuarterHourOf(int64_t unix_ms) {
  return FloorDivide(unix_ms, kQuarterHourMs);
}
constexpr int64_t HourOf(int64_t unix_ms) {
  return FloorDivide(unix_ms, kHourMs);
}

inline int64_t MonthOf(int64_t unix_ms) {
  const CivilDate date = CivilFromDays(FloorDivide(unix_ms, kDayMs));
  return int64_t{date.year} * 12 + date.month - 1;
}

}  // namespace tenantry::counters
