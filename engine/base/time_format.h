#pragma once
// Time text: ISO-8601 instants and dates, as both APIs read and write them.
//
// Units    Unix milliseconds, UTC. Years 0000 to 9999.
// Errors   parsers return nullopt for anything they do not fully understand.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenantry {

// "2026-01-16T10:00:00.000Z": always three fractional digits and Z, 24 characters.
std::string FormatInstant(int64_t unix_ms);
void AppendInstant(std::string* out, int64_t unix_ms);

// An ISO-8601 date and time with Z or a numeric offset; seconds may be left out; 1 to 9 fractional digits are cut to
// milliseconds. No zone, no answer.
std::optional<int64_t> ParseInstant(std::string_view text);

struct CivilDate {
  int year = 1970;
  int month = 1;
  int day = 1;
};

// "YYYY-MM-DD" naming a day that exists.
std::optional<CivilDate> ParseDate(std::string_view text);
std::string FormatDate(CivilDate date);
// Days since 1970-01-01 in the proleptic Gregorian calendar, and back.
int64_t DaysFromCivil(CivilDate date);
CivilDate CivilFromDays(int64_t days);

}  // namespace tenantry
