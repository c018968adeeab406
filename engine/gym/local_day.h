#pragma once
// LocalDay: which instants a calendar day covers in a time zone.
//
// Units    Unix milliseconds, UTC.
// Threads  any; zones are loaded once per process.

#include <cstdint>
#include <string_view>

#include "engine/base/time_format.h"

namespace tenantry::gym {

// True for names of the zone database, such as "Europe/Berlin".
bool IsTimeZone(std::string_view name);

struct InstantRange {
  int64_t from_ms = 0;   // Inclusive.
  int64_t until_ms = 0;  // Exclusive.
  bool Contains(int64_t unix_ms) const { return from_ms <= unix_ms && unix_ms < until_ms; }
};

// 23, 24 or 25 hours; where a change of clocks skips midnight, the day begins at the first instant
// that exists. An unknown zone counts as UTC.
InstantRange LocalDay(CivilDate date, std::string_view time_zone);

// The calendar day that an instant falls on. An unknown zone counts as UTC.
CivilDate LocalDateOf(int64_t unix_ms, std::string_view time_zone);
// 0 to 23, by the clock on the wall.
int LocalHourOf(int64_t unix_ms, std::string_view time_zone);

// Covers the day in every zone there is: zones lie between UTC-12 and UTC+14, and the margin is
// wider.
InstantRange DayAnywhere(CivilDate date);

}  // namespace tenantry::gym
