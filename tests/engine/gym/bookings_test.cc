#include "engine/gym/bookings.h"

#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

using BookingStatus = schema::GymBookingStatus;
using BookingsTest = GymFixture;

TEST_F(BookingsTest, ABookingTakesASeatAndIsNoted) {
  const std::string session = AddSession(kTestStartMs + kDayMs, R"(,"capacity":2)");
  const BookingParts booked =
      Must(CreateBooking(Mia(), {session, {}, std::string_view("by the window")}));
  EXPECT_EQ(booked.booking->getStatus(), BookingStatus::CONFIRMED);
  EXPECT_EQ(View(booked.booking->getMemberId()), member_id_);
  EXPECT_EQ(View(booked.booking->getTenantId()), gym_id_);
  EXPECT_EQ(View(booked.booking->getNotes()), "by the window");
  EXPECT_EQ(booked.booking->getBookedAt(), kTestStartMs);
  EXPECT_EQ(booked.session.session->getBookedCount(), 1);
  ASSERT_TRUE(booked.member);
  EXPECT_EQ(View((*booked.member)->getEmail()), "mia@iron.example");
  EXPECT_EQ(EventsOf(member_id_),
            std::vector<schema::GymEventType>{schema::GymEventType::BOOKING_CREATED});
}

// Goal: checks come in the contract's order. Method: break every rule at once, then mend them one
// by one.
TEST_F(BookingsTest, RefusalsComeInTheContractsOrder) {
  const Done<BookingParts> missing = Book(Mia(), "cnosuchsession00000000000");
  EXPECT_EQ(missing.outcome.status.code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.outcome.status.message(),
            "Session instance with ID cnosuchsession00000000000 not found");
  EXPECT_EQ(RefusedBy(missing.outcome), "booking.session_exists");

  const std::string session = AddSession(kTestStartMs + kHourMs, R"(,"capacity":1)");
  Must(Book(Mia(), session));
  clock_.AdvanceMs(2 * kHourMs);
  // Started, booked already, and full: the start decides.
  EXPECT_EQ(RefusedBy(Book(Mia(), session).outcome), "booking.session_in_future");
  clock_.AdvanceMs(-2 * kHourMs);
  // Booked already and full.
  const Done<BookingParts> twice = Book(Mia(), session);
  EXPECT_EQ(RefusedBy(twice.outcome), "booking.not_booked_yet");
  EXPECT_EQ(twice.outcome.status.code(), StatusCode::kConflict);
  const Done<BookingParts> full = Book(Owner(), session);
  EXPECT_EQ(RefusedBy(full.outcome), "booking.capacity");
  EXPECT_EQ(full.outcome.status.code(), StatusCode::kConflict);
  // Cancelled beats all of these.
  Must(Released(CancelSession(Owner(), session)));
  clock_.AdvanceMs(2 * kHourMs);
  const Done<BookingParts> cancelled = Book(Mia(), session);
  EXPECT_EQ(RefusedBy(cancelled.outcome), "booking.session_scheduled");
  EXPECT_EQ(cancelled.outcome.status.code(), StatusCode::kInvalidArgument);
}

TEST_F(BookingsTest, ASessionThatStartsThisInstantCannotBeBooked) {
  const std::string session = AddSession(kTestStartMs);
  EXPECT_EQ(RefusedBy(Book(Mia(), session).outcome), "booking.session_in_future");
  clock_.AdvanceMs(-1);
  EXPECT_TRUE(Book(Mia(), session).ok());
}

TEST_F(BookingsTest, CapacityIsNeverExceededAndNullMeansUnlimited) {
  const std::string small = AddSession(kTestStartMs + kDayMs, R"(,"capacity":3)");
  const std::string open = AddSession(kTestStartMs + 2 * kDayMs);
  int accepted = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string id = Join("m" + std::to_string(i) + "@iron.example", "M");
    const Scope scope = ScopeOf(id, schema::GymRole::MEMBER);
    accepted += Book(scope, small).ok() ? 1 : 0;
    EXPECT_TRUE(Book(scope, open).ok());
  }
  EXPECT_EQ(accepted, 3);
  EXPECT_EQ(SessionNow(small)->getBookedCount(), 3);
  EXPECT_FALSE(SessionNow(small)->getHasRoom());
  EXPECT_EQ(SessionNow(open)->getBookedCount(), 8);
  EXPECT_TRUE(SessionNow(open)->getHasRoom());
}

// F38: a cancelled booking can be made again, and keeps its id.
TEST_F(BookingsTest, ACancelledBookingIsRevivedWithTheSameId) {
  const std::string session = AddSession(kTestStartMs + kDayMs, R"(,"capacity":1)");
  const BookingParts first = Must(CreateBooking(Mia(), {session, {}, std::string_view("first")}));
  Must(Released(CancelBooking(Mia(), View(first.booking->getId()))));
  EXPECT_EQ(SessionNow(session)->getBookedCount(), 0);
  clock_.AdvanceMs(5000);
  const BookingParts second = Must(Book(Mia(), session));
  EXPECT_EQ(View(second.booking->getId()), View(first.booking->getId()));
  EXPECT_EQ(second.booking->getStatus(), BookingStatus::CONFIRMED);
  EXPECT_EQ(second.booking->getBookedAt(), kTestStartMs + 5000);
  EXPECT_EQ(second.booking->getCreatedAt(), kTestStartMs);
  EXPECT_EQ(second.booking->getCancelledAt(), schema::NULL_INT);
  EXPECT_FALSE(second.booking->hasNotes());
  EXPECT_EQ(SessionNow(session)->getBookedCount(), 1);
}

TEST_F(BookingsTest, TwoHoursNoticeExactlyIsEnoughAndLessIsNot) {
  const std::string session = AddSession(kTestStartMs + kDayMs);
  const BookingParts booked = Must(Book(Mia(), session));
  const std::string id = String(booked.booking->getId());
  clock_.SetUnixMs(kTestStartMs + kDayMs - kCancelNoticeMs + 1);
  const Done<BookingParts> late = Released(CancelBooking(Mia(), id));
  EXPECT_EQ(RefusedBy(late.outcome), "booking.cancel_notice");
  EXPECT_EQ(late.outcome.status.code(), StatusCode::kInvalidArgument);
  clock_.SetUnixMs(kTestStartMs + kDayMs - kCancelNoticeMs);
  const BookingParts cancelled = Must(CancelBooking(Mia(), id));
  EXPECT_EQ(cancelled.booking->getStatus(), BookingStatus::CANCELLED);
  EXPECT_EQ(cancelled.booking->getCancelledAt(), kTestStartMs + kDayMs - kCancelNoticeMs);
  const Done<BookingParts> again = Released(CancelBooking(Mia(), id));
  EXPECT_EQ(RefusedBy(again.outcome), "booking.confirmed");
  EXPECT_EQ(again.outcome.status.code(), StatusCode::kInvalidArgument);
}

TEST_F(BookingsTest, CrewMayCancelAtTheLastMoment) {
  const std::string session = AddSession(kTestStartMs + kHourMs);
  const BookingParts booked = Must(Book(Mia(), session));
  const Scope staff = ScopeOf(owner_id_, schema::GymRole::STAFF);
  EXPECT_TRUE(Released(CancelBooking(staff, View(booked.booking->getId()))).ok());
}

// F17: somebody else's booking does not exist for a member.
TEST_F(BookingsTest, OthersBookingsAreNotFound) {
  const std::string session = AddSession(kTestStartMs + kDayMs);
  const BookingParts booked = Must(Book(Owner(), session));
  const std::string id = String(booked.booking->getId());
  const Done<BookingParts> cancel = Released(CancelBooking(Mia(), id));
  EXPECT_EQ(cancel.outcome.status.code(), StatusCode::kNotFound);
  EXPECT_EQ(cancel.outcome.status.message(), "Booking with ID " + id + " not found");
  EXPECT_EQ(GetBooking(Space(), Mia().actor, id).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(GetBooking(Space(), Owner().actor, id).ok());
}

TEST_F(BookingsTest, OnlyCrewBooksForOthers) {
  const std::string session = AddSession(kTestStartMs + kDayMs);
  const Done<BookingParts> stranger =
      Released(CreateBooking(Mia(), {session, owner_id_, std::nullopt}));
  EXPECT_EQ(stranger.outcome.status.code(), StatusCode::kPermissionDenied);
  const BookingParts booked = Must(CreateBooking(Owner(), {session, member_id_, std::nullopt}));
  EXPECT_EQ(View(booked.booking->getMemberId()), member_id_);
  const Done<BookingParts> nobody =
      Released(CreateBooking(Owner(), {session, "cnobody", std::nullopt}));
  EXPECT_EQ(nobody.outcome.status.code(), StatusCode::kNotFound);
}

// F39: check-in is real, and has a window: from the start until an hour after the end, both
// included.
TEST_F(BookingsTest, CheckInHasAWindow) {
  const int64_t start = kTestStartMs + kDayMs;
  const std::string session = AddSession(start);
  Must(Book(Mia(), session));
  clock_.SetUnixMs(start - 1);
  EXPECT_EQ(RefusedBy(Released(CheckIn(Mia(), session, {})).outcome), "check_in.started");
  clock_.SetUnixMs(start + kHourMs + kCheckInGraceMs + 1);
  EXPECT_EQ(RefusedBy(Released(CheckIn(Mia(), session, {})).outcome), "check_in.not_late");
  clock_.SetUnixMs(start + kHourMs + kCheckInGraceMs);
  const BookingParts attended = Must(CheckIn(Mia(), session, {}));
  EXPECT_EQ(attended.booking->getStatus(), BookingStatus::ATTENDED);
  EXPECT_EQ(attended.booking->getAttendedAt(), start + kHourMs + kCheckInGraceMs);
  EXPECT_EQ(SessionNow(session)->getBookedCount(), 1);
  EXPECT_EQ(EventsOf(member_id_).back(), schema::GymEventType::CLASS_ATTENDANCE);
  // Attended is no longer confirmed, and blocks booking again.
  EXPECT_EQ(Released(CheckIn(Mia(), session, {})).outcome.status.code(), StatusCode::kNotFound);
  clock_.SetUnixMs(start - kHourMs);
  EXPECT_EQ(RefusedBy(Book(Mia(), session).outcome), "booking.not_booked_yet");
}

TEST_F(BookingsTest, CheckInNeedsAConfirmedBookingBeforeAnythingElse) {
  const std::string session = AddSession(kTestStartMs + kDayMs);
  const Done<BookingParts> none = Released(CheckIn(Mia(), session, {}));
  EXPECT_EQ(RefusedBy(none.outcome), "check_in.confirmed_booking");
  EXPECT_EQ(none.outcome.status.code(), StatusCode::kNotFound);
  Must(Book(Mia(), session));
  clock_.SetUnixMs(kTestStartMs + kDayMs);
  EXPECT_EQ(Released(CheckIn(Mia(), session, owner_id_)).outcome.status.code(),
            StatusCode::kPermissionDenied);
  EXPECT_TRUE(Released(CheckIn(Owner(), session, member_id_)).ok());
}

TEST_F(BookingsTest, OnesOwnBookingsComeNewestFirstAndByStatus) {
  std::vector<std::string> sessions;
  for (int i = 1; i <= 3; ++i) {
    sessions.push_back(AddSession(kTestStartMs + i * kDayMs));
    clock_.AdvanceMs(10);
    Must(Book(Mia(), sessions.back()));
  }
  Must(Book(Owner(), sessions[0]));
  const auto all = BookingsOf(Space(), member_id_, std::nullopt);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(View((*all)[0].booking->getSessionInstanceId()), sessions[2]);
  EXPECT_EQ(View((*all)[2].booking->getSessionInstanceId()), sessions[0]);
  EXPECT_FALSE((*all)[0].member);
  Must(Released(CancelBooking(Mia(), View((*all)[1].booking->getId()))));
  EXPECT_EQ(BookingsOf(Space(), member_id_, BookingStatus::CANCELLED)->size(), 1u);
  EXPECT_EQ(BookingsOf(Space(), member_id_, BookingStatus::CONFIRMED)->size(), 2u);
  EXPECT_EQ(BookingsOf(Space(), member_id_, BookingStatus::NO_SHOW)->size(), 0u);
}

TEST_F(BookingsTest, BookingsSurviveReopening) {
  const std::string session = AddSession(kTestStartMs + kDayMs, R"(,"capacity":1)");
  const BookingParts booked = Must(Book(Mia(), session));
  Reopen();
  EXPECT_EQ(RefusedBy(Book(Owner(), session).outcome), "booking.capacity");
  EXPECT_TRUE(GetBooking(Space(), Mia().actor, View(booked.booking->getId())).ok());
}

}  // namespace
}  // namespace tenantry::gym
