#include "engine/gym/member_stats.h"

#include "engine/counters/bucket.h"
#include "engine/gym/totals.h"
#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

class MemberStatsTest : public GymFixture {
 protected:
  // Mia attends one session, starting now.
  void Attend() {
    const int64_t start_ms = clock_.NowUnixMs() + kMinuteMs;
    const std::string session =
        AddSession(start_ms, R"(,"endTime":")" + FormatInstant(start_ms + kMinuteMs) + "\"");
    Must(Book(Mia(), session));
    clock_.AdvanceMs(kMinuteMs);
    Must(CheckIn(Mia(), session, {}));
    clock_.AdvanceMs(kMinuteMs);
  }
  void AttendDaily(int days) {
    for (int i = 0; i < days; ++i) {
      Attend();
      clock_.AdvanceMs(kDayMs - 2 * kMinuteMs);
    }
  }
  MemberStats Stats() { return *StatsOf(Space(), member_id_, clock_.NowUnixMs()); }
  int Milestones() {
    int found = 0;
    for (const schema::GymEventType type : EventsOf(member_id_)) {
      found += type == schema::GymEventType::STREAK_MILESTONE ? 1 : 0;
    }
    return found;
  }
};

TEST_F(MemberStatsTest, EveryChangeOfABookingIsCounted) {
  EXPECT_EQ(Stats().bookings, 0);
  const std::string session = AddSession(clock_.NowUnixMs() + kDayMs);
  const std::string booking = String(Must(Book(Mia(), session)).booking->getId());
  ASSERT_EQ(Stats().types.size(), 1u);
  EXPECT_EQ(Stats().types[0].type_id, type_id_);
  EXPECT_EQ(Stats().types[0].count, 1);
  Must(CancelBooking(Mia(), booking));
  EXPECT_EQ(Stats().bookings, 1);
  EXPECT_EQ(Stats().cancelled, 1);
  EXPECT_TRUE(Stats().types.empty());
  // Booking again revives the record: still one.
  Must(Book(Mia(), session));
  EXPECT_EQ(Stats().bookings, 1);
  EXPECT_EQ(Stats().cancelled, 0);
  Must(CancelSession(Owner(), session));
  EXPECT_EQ(Stats().cancelled, 1);
  Attend();
  const MemberStats stats = Stats();
  EXPECT_EQ(stats.bookings, 2);
  EXPECT_EQ(stats.attended, 1);
  EXPECT_EQ(stats.attendance_percent(), 100);
  EXPECT_EQ(stats.last_attended_ms, clock_.NowUnixMs() - kMinuteMs);
  ASSERT_EQ(stats.months.size(), 1u);
  EXPECT_EQ(stats.months[0].attended, 1);
  const int64_t month = counters::MonthOf(clock_.NowUnixMs());
  EXPECT_EQ(*Total(Space(), kTotalAttended, month), 1);
  EXPECT_EQ(*Total(Space(), kTotalMembers, 0), 2);
}

// F26: days in a row; several classes a day count once; a day of grace, then it is over.
TEST_F(MemberStatsTest, AStreakIsARunOfDays) {
  AttendDaily(3);
  EXPECT_EQ(Stats().current_streak, 3);
  Attend();
  Attend();
  EXPECT_EQ(Stats().current_streak, 4);
  clock_.AdvanceMs(kDayMs);
  EXPECT_EQ(Stats().current_streak, 4);
  clock_.AdvanceMs(kDayMs);
  EXPECT_EQ(Stats().current_streak, 0);
  EXPECT_EQ(Stats().longest_streak, 4);
  Attend();
  EXPECT_EQ(Stats().current_streak, 1);
  EXPECT_EQ(Stats().longest_streak, 4);
}

TEST_F(MemberStatsTest, AWeekIsAMilestoneOnce) {
  AttendDaily(6);
  EXPECT_EQ(Milestones(), 0);
  Attend();
  Attend();
  EXPECT_EQ(Milestones(), 1);
}

// Goal: the day is that of the place. Method: 10:30Z and 11:30Z are one day in UTC and two in
// Auckland.
TEST_F(MemberStatsTest, ADayIsThatOfThePlace) {
  location_id_ = AddLocation(R"({"name":"Down Under","timezone":"Pacific/Auckland"})");
  clock_.AdvanceMs(kHourMs + 30 * kMinuteMs);  // 10:30Z: 23:30 in Auckland.
  Attend();
  EXPECT_EQ(Stats().current_streak, 1);
  clock_.AdvanceMs(kHourMs);  // The next day there.
  Attend();
  EXPECT_EQ(Stats().current_streak, 2);
}

TEST_F(MemberStatsTest, OnlyTwelveMonthsAreKept) {
  for (int i = 0; i < 14; ++i) {
    Attend();
    clock_.AdvanceMs(31 * kDayMs);
  }
  const MemberStats stats = Stats();
  ASSERT_EQ(stats.months.size(), 12u);
  EXPECT_GT(stats.months[0].month, stats.months[1].month);
  EXPECT_EQ(stats.attended, 14);
}

}  // namespace
}  // namespace tenantry::gym
