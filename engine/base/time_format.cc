#include "engine/base/time_format.h"

#include <array>

namespace tenantry {
namespace {

constexpr int64_t kDayMs = 86'400'000;
// 0000-01-01 and 9999-12-31T23:59:59.999Z.
constexpr int64_t kMinMs = -62'167'219'200'000;
constexpr int64_t kMaxMs = 253'402'300'799'999;

// Writes the last `width` digits and gives the place behind them.
char* WriteDigits(char* at, int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + width;
}

constexpr size_t kDateChars = 10;
constexpr size_t kInstantChars = 24;

char* WriteDate(char* at, CivilDate date) {
  at = WriteDigits(at, date.year, 4);
  *at++ = '-';
  at = WriteDigits(at, date.month, 2);
  *at++ = '-';
  return WriteDigits(at, date.day, 2);
}

// Reads exactly `width` digits off the front.
bool TakeDigits(std::string_view* in, int width, int* value) {
  if (in->size() < static_cast<size_t>(width)) return false;
  int result = 0;
  for (int i = 0; i < width; ++i) {
    const char c = (*in)[static_cast<size_t>(i)];
    if (c < '0' || c > '9') return false;
    result = result * 10 + (c - '0');
  }
  in->remove_prefix(static_cast<size_t>(width));
  *value = result;
  return true;
}

bool TakeChar(std::string_view* in, char c) {
  if (in->empty() || in->front() != c) return false;
  in->remove_prefix(1);
  return true;
}

int DaysInMonth(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

bool TakeDate(std::string_view* in, CivilDate* date) {
  if (!TakeDigits(in, 4, &date->year) || !TakeChar(in, '-')) return false;
  if (!TakeDigits(in, 2, &date->month) || !TakeChar(in, '-')) return false;
  if (!TakeDigits(in, 2, &date->day)) return false;
  if (date->month < 1 || date->month > 12 || date->day < 1) return false;
  return date->day <= DaysInMonth(date->year, date->month);
}

// "Z", "+02:00", "+0200" or "+02"; the offset in minutes east of UTC.
bool TakeZone(std::string_view* in, int* offset_minutes) {
  if (TakeChar(in, 'Z') || TakeChar(in, 'z')) {
    *offset_minutes = 0;
    return true;
  }
  const bool negative = !in->empty() && in->front() == '-';
  if (!TakeChar(in, '+') && !TakeChar(in, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!TakeDigits(in, 2, &hours)) return false;
  if (!in->empty()) {
    TakeChar(in, ':');
    if (!TakeDigits(in, 2, &minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  *offset_minutes = (negative ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

// ".123456" cut to milliseconds; absent means zero.
bool TakeFraction(std::string_view* in, int* ms) {
  *ms = 0;
  if (!TakeChar(in, '.') && !TakeChar(in, ',')) return true;
  int digits = 0;
  int scale = 100;
  while (!in->empty() && in->front() >= '0' && in->front() <= '9') {
    if (++digits > 9) return false;
    *ms += (in->front() - '0') * scale;
    scale /= 10;
    in->remove_prefix(1);
  }
  return digits > 0;
}

}  // namespace

int64_t DaysFromCivil(CivilDate date) {
  // Counts from 0000-03-01 so that the leap day ends a year (Hinnant's civil calendar arithmetic).
  const int64_t y = date.month <= 2 ? date.year - 1 : date.year;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t year_of_era = y - era * 400;
  const int64_t shifted_month = (date.month + 9) % 12;
  const int64_t day_of_year = (153 * shifted_month + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  date.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  date.year = static_cast<int>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

void AppendInstant(std::string* out, int64_t unix_ms) {
  unix_ms = unix_ms < kMinMs ? kMinMs : unix_ms > kMaxMs ? kMaxMs : unix_ms;
  int64_t days = unix_ms / kDayMs;
  int64_t rest = unix_ms % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  std::array<char, kInstantChars> text;
  char* at = WriteDate(text.data(), CivilFromDays(days));
  *at++ = 'T';
  at = WriteDigits(at, rest / 3'600'000, 2);
  *at++ = ':';
  at = WriteDigits(at, rest / 60'000 % 60, 2);
  *at++ = ':';
  at = WriteDigits(at, rest / 1'000 % 60, 2);
  *at++ = '.';
  at = WriteDigits(at, rest % 1'000, 3);
  *at++ = 'Z';
  out->append(text.data(), text.size());
}

std::string FormatInstant(int64_t unix_ms) {
  std::string text;
  text.reserve(kInstantChars);
  AppendInstant(&text, unix_ms);
  return text;
}

std::optional<int64_t> ParseInstant(std::string_view text) {
  CivilDate date;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int ms = 0;
  int offset_minutes = 0;
  if (!TakeDate(&text, &date)) return std::nullopt;
  if (!TakeChar(&text, 'T') && !TakeChar(&text, 't') && !TakeChar(&text, ' ')) return std::nullopt;
  if (!TakeDigits(&text, 2, &hour) || !TakeChar(&text, ':')) return std::nullopt;
  if (!TakeDigits(&text, 2, &minute)) return std::nullopt;
  if (TakeChar(&text, ':')) {
    if (!TakeDigits(&text, 2, &second) || !TakeFraction(&text, &ms)) return std::nullopt;
  }
  if (!TakeZone(&text, &offset_minutes) || !text.empty()) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const int64_t seconds = hour * 3'600 + minute * 60 + second - offset_minutes * 60;
  return DaysFromCivil(date) * kDayMs + seconds * 1'000 + ms;
}

std::optional<CivilDate> ParseDate(std::string_view text) {
  CivilDate date;
  if (!TakeDate(&text, &date) || !text.empty()) return std::nullopt;
  return date;
}

std::string FormatDate(CivilDate date) {
  std::array<char, kDateChars> text;
  WriteDate(text.data(), date);
  return {text.data(), text.size()};
}

}  // namespace tenantry
