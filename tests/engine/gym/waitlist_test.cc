#include "engine/gym/waitlist.h"

#include <gtest/gtest.h>

#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

using Event = schema::GymEventType;
using BookingStatus = schema::GymBookingStatus;

constexpr int64_t kNoon = kTestStartMs + 3 * kHourMs;

class WaitlistTest : public GymFixture {
 protected:
  void SetUp() override {
    GymFixture::SetUp();
    for (const char* name : {"Ann", "Ben", "Cid", "Dot"}) {
      people_.push_back(Join(std::string(name) + "@iron.example", name));
    }
  }
  Scope As(size_t person) { return ScopeOf(people_[person], schema::GymRole::MEMBER); }
  // The clock moves on, because events of one instant have no order among commands.
  Done<JoinedWaitlist> Wait(size_t person, const std::string& session) {
    clock_.AdvanceMs(1);
    return Released(JoinWaitlist(As(person), session));
  }
  Outcome Leave(size_t person, const std::string& session) {
    clock_.AdvanceMs(1);
    const Outcome outcome = LeaveWaitlist(As(person), session);
    engine().WaitReleased(outcome.release_index);
    return outcome;
  }
  // Names in order; positions must run from 1.
  std::vector<std::string> Waiting(const std::string& session) {
    std::vector<std::string> names;
    const auto rows = WaitlistOf(Space(), session, clock_.NowUnixMs());
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    for (const WaitlistParts& row : *rows) {
      names.push_back(String(row.member->getName()));
      EXPECT_EQ(row.position, static_cast<int64_t>(names.size()));
    }
    return names;
  }
  std::optional<BookingStatus> StatusOf(const std::string& member, const std::string& session) {
    const auto booking = Space().FindUnique<schema::GymBooking>(
        1, {std::string_view(member), std::string_view(session)});
    EXPECT_TRUE(booking.ok());
    if (!*booking) return std::nullopt;
    return (**booking)->getStatus();
  }
  // A session of one seat, taken by Mia, with everybody else waiting in order.
  std::string FullSession() {
    const std::string id = AddSession(kNoon, R"(,"capacity":1)");
    booking_ = String(Must(Book(Mia(), id)).booking->getId());
    for (size_t i = 0; i < people_.size(); ++i) EXPECT_TRUE(Wait(i, id).ok());
    return id;
  }

  std::vector<std::string> people_;
  std::string booking_;
};

TEST_F(WaitlistTest, PositionsFollowTheOrderOfJoiningWithoutGaps) {
  const std::string id = FullSession();
  EXPECT_EQ(Waiting(id), (std::vector<std::string>{"Ann", "Ben", "Cid", "Dot"}));
  ASSERT_TRUE(Leave(1, id).status.ok());
  EXPECT_EQ(Waiting(id), (std::vector<std::string>{"Ann", "Cid", "Dot"}));
  const Done<JoinedWaitlist> again = Wait(1, id);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value->waiting.position, 4);
  EXPECT_EQ(Waiting(id), (std::vector<std::string>{"Ann", "Cid", "Dot", "Ben"}));
  EXPECT_EQ(Leave(3, id).status.code(), StatusCode::kOk);
  EXPECT_EQ(RefusedBy(Leave(3, id)), "waitlist.waiting");
  EXPECT_EQ(EventsOf(people_[1]), (std::vector<Event>{Event::WAITLIST_JOINED, Event::WAITLIST_LEFT,
                                                      Event::WAITLIST_JOINED}));
}

TEST_F(WaitlistTest, WhoMayWait) {
  EXPECT_EQ(Wait(0, "cnothing").outcome.status.code(), StatusCode::kNotFound);
  const std::string id = AddSession(kNoon, R"(,"capacity":1)");
  EXPECT_EQ(RefusedBy(Wait(0, id).outcome), "waitlist.session_full");
  Must(Book(As(0), id));
  EXPECT_EQ(RefusedBy(Wait(0, id).outcome), "waitlist.not_booked_yet");
  ASSERT_TRUE(Wait(1, id).ok());
  EXPECT_EQ(RefusedBy(Wait(1, id).outcome), "waitlist.not_waiting_yet");
  clock_.SetUnixMs(kNoon);
  EXPECT_EQ(RefusedBy(Wait(2, id).outcome), "waitlist.session_in_future");
  EXPECT_EQ(RefusedBy(Leave(1, id)), "waitlist.alive");
  EXPECT_TRUE(Waiting(id).empty());
  const std::string off = AddSession(kNoon + kDayMs);
  Must(CancelSession(Owner(), off));
  EXPECT_EQ(RefusedBy(Wait(1, off).outcome), "waitlist.session_scheduled");
}

// F37: the freed seat goes to the first in the same entry.
TEST_F(WaitlistTest, ACancelledBookingPromotesTheFirst) {
  const std::string id = FullSession();
  const uint64_t before = engine().position().index;
  clock_.AdvanceMs(1);
  Must(CancelBooking(Owner(), booking_));
  EXPECT_EQ(engine().position().index, before + 1);
  EXPECT_EQ(StatusOf(people_[0], id), BookingStatus::CONFIRMED);
  EXPECT_EQ(Waiting(id), (std::vector<std::string>{"Ben", "Cid", "Dot"}));
  EXPECT_EQ(SessionNow(id)->getBookedCount(), 1);
  EXPECT_EQ(EventsOf(people_[0]),
            (std::vector<Event>{Event::WAITLIST_JOINED, Event::WAITLIST_PROMOTED,
                                Event::BOOKING_CREATED}));
  // A cancelled booking of theirs is the one that comes back.
  ASSERT_TRUE(Wait(3, AddSession(kNoon + kDayMs, R"(,"capacity":1)")).outcome.status.code() ==
              StatusCode::kConflict);
}

TEST_F(WaitlistTest, APromotedMemberGetsTheirOldBookingBack) {
  const std::string id = AddSession(kNoon, R"(,"capacity":1)");
  const std::string first = String(Must(Book(As(0), id)).booking->getId());
  Must(CancelBooking(As(0), first));
  const std::string second = String(Must(Book(As(1), id)).booking->getId());
  ASSERT_TRUE(Wait(0, id).ok());
  Must(CancelBooking(As(1), second));
  const auto mine = BookingsOf(Space(), people_[0], std::nullopt);
  ASSERT_EQ(mine->size(), 1u);
  EXPECT_EQ(View(mine->at(0).booking->getId()), first);
  EXPECT_EQ(mine->at(0).booking->getStatus(), BookingStatus::CONFIRMED);
}

TEST_F(WaitlistTest, ARaisedOrRemovedCapacityPromotes) {
  const std::string id = FullSession();
  ASSERT_TRUE(Patch(id, R"({"capacity":3})").ok());
  EXPECT_EQ(Waiting(id), (std::vector<std::string>{"Cid", "Dot"}));
  EXPECT_EQ(SessionNow(id)->getBookedCount(), 3);
  ASSERT_TRUE(Patch(id, R"({"capacity":null})").ok());
  EXPECT_TRUE(Waiting(id).empty());
  EXPECT_EQ(SessionNow(id)->getBookedCount(), 5);
}

TEST_F(WaitlistTest, NobodyIsPromotedAfterTheStart) {
  const std::string id = FullSession();
  clock_.SetUnixMs(kNoon);
  Must(CancelBooking(Owner(), booking_));
  EXPECT_EQ(StatusOf(people_[0], id), std::nullopt);
  EXPECT_EQ(SessionNow(id)->getWaitlistCount(), 0);
  EXPECT_EQ(EventsOf(people_[0]).back(), Event::WAITLIST_LEFT);
  // Moving it later revives nobody.
  ASSERT_TRUE(Patch(id, R"({"startTime":")" + FormatInstant(kNoon + kHourMs) + "\"}").ok());
  EXPECT_TRUE(Waiting(id).empty());
}

TEST_F(WaitlistTest, CancellingTheSessionSendsEverybodyHome) {
  const std::string id = FullSession();
  Must(CancelSession(Owner(), id));
  EXPECT_TRUE(Waiting(id).empty());
  EXPECT_EQ(SessionNow(id)->getWaitlistCount(), 0);
  EXPECT_EQ(StatusOf(people_[0], id), std::nullopt);
  EXPECT_EQ(EventsOf(people_[3]),
            (std::vector<Event>{Event::WAITLIST_JOINED, Event::WAITLIST_LEFT}));
  EXPECT_EQ(StatusOf(member_id_, id), BookingStatus::CANCELLED);
}

// Goal: the longest waitlist fits one entry, promoted or sent home. Method: fill it, raise the
// capacity; fill it again, cancel.
TEST_F(WaitlistTest, TheLongestWaitlistFitsOneEntry) {
  std::vector<Scope> crowd;
  std::vector<std::string> ids;
  for (int32_t i = 0; i <= kWaitlistMax; ++i) {
    ids.push_back(Join("w" + std::to_string(i) + "@iron.example", "W"));
  }
  for (const int64_t start_ms : {kNoon, kNoon + kDayMs}) {
    const std::string id = AddSession(start_ms, R"(,"capacity":1)");
    Must(Book(Mia(), id));
    for (int32_t i = 0; i < kWaitlistMax; ++i) {
      const Scope scope = ScopeOf(ids[static_cast<size_t>(i)], schema::GymRole::MEMBER);
      ASSERT_TRUE(JoinWaitlist(scope, id).ok());
    }
    EXPECT_EQ(RefusedBy(JoinWaitlist(ScopeOf(ids.back(), schema::GymRole::MEMBER), id).outcome),
              "waitlist.not_too_long");
    if (start_ms == kNoon) {
      ASSERT_TRUE(Patch(id, R"({"capacity":null})").ok());
      EXPECT_EQ(SessionNow(id)->getBookedCount(), kWaitlistMax + 1);
    } else {
      Must(CancelSession(Owner(), id));
      EXPECT_EQ(SessionNow(id)->getWaitlistCount(), 0);
    }
  }
}

TEST_F(WaitlistTest, ANoShowGivesTheSeatBack) {
  const std::string id = FullSession();
  EXPECT_EQ(RefusedBy(Released(MarkNoShow(Owner(), booking_)).outcome), "no_show.started");
  EXPECT_EQ(RefusedBy(Released(MarkNoShow(Mia(), booking_)).outcome), "no_show.by_crew");
  clock_.SetUnixMs(kNoon);
  EXPECT_EQ(Must(MarkNoShow(Owner(), booking_)).booking->getStatus(), BookingStatus::NO_SHOW);
  EXPECT_EQ(SessionNow(id)->getBookedCount(), 0);
  EXPECT_EQ(EventsOf(member_id_).back(), Event::NO_SHOW);
  EXPECT_EQ(RefusedBy(Released(MarkNoShow(Owner(), booking_)).outcome), "no_show.confirmed");
  EXPECT_EQ(StatusOf(people_[0], id), std::nullopt);
}

TEST_F(WaitlistTest, OnlyScheduledSessionsAreCompleted) {
  const std::string id = FullSession();
  EXPECT_EQ(Must(CompleteSession(Owner(), id))->getStatus(), schema::GymSessionStatus::COMPLETED);
  EXPECT_EQ(SessionNow(id)->getWaitlistCount(), 0);
  EXPECT_EQ(RefusedBy(Released(CompleteSession(Owner(), id)).outcome), "session.scheduled");
  EXPECT_EQ(RefusedBy(Released(CancelSession(Owner(), id)).outcome), "session.not_completed");
}

}  // namespace
}  // namespace tenantry::gym
