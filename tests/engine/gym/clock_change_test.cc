// Goal: in every zone, a day of a place is what its clocks say, on the two days a year when they
// change.
// Method: zones that change at 00:00, 01:00, 02:00, 03:00 and at night's end, on both hemispheres
// and by half an hour, with the instants of their midnights written down.

#include <gtest/gtest.h>

#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

struct ChangeDay {
  const char* zone;
  CivilDate date;
  const char* from;   // The first instant of the day.
  const char* until;  // Of the next.
};

constexpr ChangeDay kDays[] = {
    {"Europe/Berlin", {2026, 3, 29}, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
    {"Europe/Berlin", {2026, 10, 25}, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
    {"Europe/London", {2026, 3, 29}, "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"},
    {"Europe/London", {2026, 10, 25}, "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"},
    {"America/New_York", {2026, 3, 8}, "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
    {"America/New_York", {2026, 11, 1}, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
    {"America/Los_Angeles", {2026, 3, 8}, "2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"},
    {"America/Los_Angeles", {2026, 11, 1}, "2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"},
    {"Australia/Sydney", {2026, 4, 5}, "2026-04-04T13:00:00Z", "2026-04-05T14:00:00Z"},
    {"Australia/Sydney", {2026, 10, 4}, "2026-10-03T14:00:00Z", "2026-10-04T13:00:00Z"},
    // By half an hour.
    {"Australia/Lord_Howe", {2026, 4, 5}, "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},
    {"Australia/Lord_Howe", {2026, 10, 4}, "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"},
    {"Pacific/Auckland", {2026, 4, 5}, "2026-04-04T11:00:00Z", "2026-04-05T12:00:00Z"},
    {"Pacific/Auckland", {2026, 9, 27}, "2026-09-26T12:00:00Z", "2026-09-27T11:00:00Z"},
    // At midnight: the day in spring begins at 01:00; before the one in autumn, 23:00 to 24:00
    // comes twice, and belongs to the day before.
    {"America/Santiago", {2026, 9, 6}, "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
    {"America/Santiago", {2026, 4, 4}, "2026-04-04T03:00:00Z", "2026-04-05T04:00:00Z"},
};

int64_t Instant(const char* text) {
  const std::optional<int64_t> parsed = ParseInstant(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(0);
}

TEST(ClockChangeTest, DaysBeginAndEndAtTheirOwnMidnight) {
  for (const ChangeDay& day : kDays) {
    SCOPED_TRACE(std::string(day.zone) + " " + FormatDate(day.date));
    const InstantRange range = LocalDay(day.date, day.zone);
    EXPECT_EQ(FormatInstant(range.from_ms), FormatInstant(Instant(day.from)));
    EXPECT_EQ(FormatInstant(range.until_ms), FormatInstant(Instant(day.until)));
    // Every instant of it falls on it, none around it does.
    for (int64_t at_ms = range.from_ms; at_ms < range.until_ms; at_ms += 10 * kMinuteMs) {
      ASSERT_EQ(FormatDate(LocalDateOf(at_ms, day.zone)), FormatDate(day.date));
    }
    EXPECT_NE(FormatDate(LocalDateOf(range.from_ms - 1, day.zone)), FormatDate(day.date));
    EXPECT_NE(FormatDate(LocalDateOf(range.until_ms, day.zone)), FormatDate(day.date));
  }
}

// F52. Rows: GET /sessions?date=, GET /sessions/today
class ClockChangeSessionsTest : public GymFixture {
 protected:
  std::vector<std::string> Starts(const SessionFilter& filter) {
    const Result<SessionPage> page = ListSessions(Space(), filter, {1, 100});
    EXPECT_TRUE(page.ok()) << page.status().ToString();
    std::vector<std::string> starts;
    for (const Session& session : page->rows)
      starts.push_back(FormatInstant(session->getStartTime()));
    return starts;
  }
};

TEST_F(ClockChangeSessionsTest, ListsOfADayAndOfTodayKeepToIt) {
  for (const ChangeDay& day : kDays) {
    SCOPED_TRACE(std::string(day.zone) + " " + FormatDate(day.date));
    location_id_ = AddLocation(R"({"name":")" + std::string(day.zone) + FormatDate(day.date) +
                               R"(","timezone":")" + day.zone + "\"}");
    const int64_t from_ms = Instant(day.from), until_ms = Instant(day.until);
    for (const int64_t start_ms : {from_ms - kMinuteMs, from_ms, until_ms - kMinuteMs, until_ms}) {
      AddSession(start_ms, R"(,"endTime":")" + FormatInstant(start_ms + kMinuteMs) + "\"");
    }
    const std::vector<std::string> both = {FormatInstant(from_ms),
                                           FormatInstant(until_ms - kMinuteMs)};
    SessionFilter filter;
    filter.location_id = location_id_;
    filter.date = day.date;
    EXPECT_EQ(Starts(filter), both);
    filter.date.reset();
    filter.today = true;
    for (const int64_t now_ms : {from_ms, (from_ms + until_ms) / 2, until_ms - 1}) {
      filter.now_ms = now_ms;
      EXPECT_EQ(Starts(filter), both);
    }
  }
}

}  // namespace
}  // namespace tenantry::gym
