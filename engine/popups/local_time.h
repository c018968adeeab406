#pragma once
// LocalTime: how a span divides into local hours, days, weeks and months of a time zone.
//
// Shape    periods are contiguous and cover the span whole: none overlaps, nothing lies between two.
//          A day of a change of clocks has 23, 24 or 25 hours, an hour ends where clocks change.
//          Weeks begin on Monday.
// Units    Unix milliseconds, UTC; ends are exclusive.
// Threads  any; zones are loaded once per process.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/time_format.h"

namespace cctz {
class time_zone;
}

namespace tenantry::popups {

enum class Granularity : uint8_t { kHour, kDay, kWeek, kMonth };
std::optional<Granularity> ParseGranularity(std::string_view name);

class LocalTime {
 public:
  // Nothing for a name that the zone database lacks.
  static std::optional<LocalTime> Load(std::string_view zone_name);
  ~LocalTime();
  LocalTime(LocalTime&&) noexcept;
  LocalTime& operator=(LocalTime&&) noexcept;

  // First instant of the local day.
  int64_t DayStart(CivilDate date) const;
  CivilDate DateOf(int64_t unix_ms) const;
  // Of the period that holds the instant; its end is the start of the next one.
  int64_t PeriodStart(int64_t unix_ms, Granularity granularity) const;
  int64_t PeriodEnd(int64_t unix_ms, Granularity granularity) const;

 private:
  explicit LocalTime(const cctz::time_zone& zone);
  std::unique_ptr<cctz::time_zone> zone_;  // Behind a pointer to keep the library out of headers.
};

}  // namespace tenantry::popups
