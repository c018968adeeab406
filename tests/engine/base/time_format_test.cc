#include "engine/base/time_format.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace tenantry {
namespace {

constexpr int64_t kFirstMs = -62'167'219'200'000;
constexpr int64_t kLastMs = 253'402'300'799'999;

TEST(TimeFormatTest, FormatsKnownInstants) {
  EXPECT_EQ(FormatInstant(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatInstant(1'768'557'600'123), "2026-01-16T10:00:00.123Z");
  EXPECT_EQ(FormatInstant(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatInstant(kFirstMs), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatInstant(kLastMs), "9999-12-31T23:59:59.999Z");
}

TEST(TimeFormatTest, KeepsWithinFourDigitYears) {
  EXPECT_EQ(FormatInstant(INT64_MIN), FormatInstant(kFirstMs));
  EXPECT_EQ(FormatInstant(INT64_MAX), FormatInstant(kLastMs));
}

// Property: parsing what was formatted gives the instant back, over the whole range and around the
// leap days.
TEST(TimeFormatTest, EveryInstantRoundTrips) {
  SeededRandom random(3);
  for (int i = 0; i < 100'000; ++i) {
    const auto span = static_cast<uint64_t>(kLastMs - kFirstMs) + 1;
    const int64_t instant = kFirstMs + static_cast<int64_t>(random.Below(span));
    const std::string text = FormatInstant(instant);
    ASSERT_EQ(text.size(), 24u);
    ASSERT_EQ(ParseInstant(text), instant) << text;
  }
}

TEST(TimeFormatTest, EveryDayOfTheRangeRoundTrips) {
  const int64_t first = DaysFromCivil({0, 1, 1});
  const int64_t last = DaysFromCivil({9999, 12, 31});
  EXPECT_EQ(last - first + 1, 3'652'425);
  for (int64_t day = first; day <= last; ++day) {
    const CivilDate date = CivilFromDays(day);
    ASSERT_EQ(DaysFromCivil(date), day);
    if (day % 97 != 0) continue;
    const std::optional<CivilDate> parsed = ParseDate(FormatDate(date));
    ASSERT_TRUE(parsed.has_value());
    ASSERT_EQ(DaysFromCivil(*parsed), day);
  }
}

// Property: an offset moves the instant by exactly that much.
TEST(TimeFormatTest, OffsetsAreSubtracted) {
  SeededRandom random(4);
  for (int i = 0; i < 10'000; ++i) {
    const int hours = static_cast<int>(random.Below(24));
    const int minutes = static_cast<int>(random.Below(60));
    const bool west = random.Below(2) == 0;
    char zone[8];
    std::snprintf(zone, sizeof zone, "%c%02d:%02d", west ? '-' : '+', hours, minutes);
    const int64_t shift = (west ? 1 : -1) * (hours * 60 + minutes) * 60'000;
    ASSERT_EQ(ParseInstant(std::string("2026-06-01T12:00:00") + zone),
              *ParseInstant("2026-06-01T12:00:00Z") + shift)
        << zone;
  }
}

TEST(TimeFormatTest, AcceptsTheFormsClientsSend) {
  const int64_t instant = *ParseInstant("2026-01-16T10:00:00.000Z");
  for (const char* text :
       {"2026-01-16T10:00:00Z", "2026-01-16T10:00Z", "2026-01-16t10:00:00z", "2026-01-16 10:00:00Z",
        "2026-01-16T12:00:00+02:00", "2026-01-16T12:00:00+0200", "2026-01-16T12:00:00+02",
        "2026-01-16T10:00:00.0Z", "2026-01-16T10:00:00.000999999Z"}) {
    EXPECT_EQ(ParseInstant(text), instant) << text;
  }
  EXPECT_EQ(ParseInstant("2026-01-16T10:00:00.12Z"), instant + 120);
}

TEST(TimeFormatTest, RefusesWhatItDoesNotFullyUnderstand) {
  for (const char* text :
       {"", "2026-01-16", "2026-01-16T10:00:00", "2026-01-16T10:00:00.Z", "2026-1-16T10:00:00Z",
        "2026-13-01T10:00:00Z", "2026-00-01T10:00:00Z", "2026-02-29T10:00:00Z",
        "2026-02-30T10:00:00Z", "2026-01-32T10:00:00Z", "2026-01-16T24:00:00Z",
        "2026-01-16T10:60:00Z", "2026-01-16T10:00:60Z", "2026-01-16T10:00:00+24:00",
        "2026-01-16T10:00:00+02:60", "2026-01-16T10:00:00Zx", " 2026-01-16T10:00:00Z",
        "2026-01-16T10:00:00.1234567891Z", "2026-01-16T1a:00:00Z"}) {
    EXPECT_FALSE(ParseInstant(text).has_value()) << text;
  }
}

TEST(TimeFormatTest, LeapYearsFollowTheCalendar) {
  for (const char* text : {"2024-02-29", "2000-02-29", "0000-02-29"}) {
    EXPECT_TRUE(ParseDate(text).has_value()) << text;
  }
  for (const char* text : {"2023-02-29", "1900-02-29", "2100-02-29", "2026-04-31"}) {
    EXPECT_FALSE(ParseDate(text).has_value()) << text;
  }
}

// Goal: no text makes the parser misbehave. Method: damaged real texts; what is accepted must
// format and parse again.
TEST(TimeFormatTest, DamagedTextNeverParsesToSomethingElseTwice) {
  SeededRandom random(5);
  for (int i = 0; i < 50'000; ++i) {
    std::string text = "2026-01-16T10:00:00.123+02:00";
    text[random.Below(text.size())] = static_cast<char>(random.Below(256));
    text.resize(random.Below(text.size() + 1));
    const std::optional<int64_t> instant = ParseInstant(text);
    if (instant.has_value()) {
      ASSERT_EQ(ParseInstant(FormatInstant(*instant)), instant) << text;
    }
  }
}

}  // namespace
}  // namespace tenantry
