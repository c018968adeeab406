#include "engine/gym/sessions.h"

#include "tests/engine/gym/gym_fixture.h"

namespace tenantry::gym {
namespace {

using SessionsTest = GymFixture;

constexpr int64_t kNoon = kTestStartMs + kDayMs;

std::string At(const char* field, int64_t unix_ms) {
  return std::string("\"") + field + "\":\"" + FormatInstant(unix_ms) + "\"";
}

TEST_F(SessionsTest, EndAndCapacityDefaultToTheTypes) {
  type_id_ = AddType(R"({"name":"Spin","duration":45,"category":"STRENGTH","capacity":12})");
  const SessionParts made = Must(TrySession(kNoon, R"(,"instructorName":"Jane")"));
  EXPECT_EQ(made.session->getEndTime(), kNoon + 45 * kMinuteMs);
  EXPECT_EQ(made.session->getCapacity(), 12);
  EXPECT_EQ(View(made.session->getInstructor()), "Jane");
  EXPECT_EQ(made.session->getStatus(), schema::GymSessionStatus::SCHEDULED);
  EXPECT_EQ(View(made.type->getName()), "Spin");
  EXPECT_EQ(View(made.location->getId()), location_id_);
  EXPECT_TRUE(made.session->getHasRoom());
}

TEST_F(SessionsTest, UnknownTypeThenUnknownPlaceAreNotFound) {
  const std::string place = std::exchange(location_id_, "cnowhere");
  const std::string type = std::exchange(type_id_, "cnothing");
  const Done<SessionParts> both = TrySession(kNoon);
  EXPECT_EQ(both.outcome.status.message(), "Session type with ID cnothing not found");
  type_id_ = type;
  const Done<SessionParts> one = TrySession(kNoon);
  EXPECT_EQ(one.outcome.status.code(), StatusCode::kNotFound);
  EXPECT_EQ(one.outcome.status.message(), "Location with ID cnowhere not found");
}

// F58: closed places and retired types take no new sessions.
TEST_F(SessionsTest, InactiveTypesAndPlacesAreRefused) {
  location_id_ = AddLocation(R"({"name":"Closed","isActive":false})");
  EXPECT_EQ(RefusedBy(TrySession(kNoon).outcome), "session.location_active");
  type_id_ = AddType(R"({"name":"Old","durationMin":5,"category":"class","isActive":false})");
  const Done<SessionParts> done = TrySession(kNoon);
  EXPECT_EQ(RefusedBy(done.outcome), "session.type_active");
  EXPECT_EQ(done.outcome.status.code(), StatusCode::kInvalidArgument);
}

// A session keeps a place or type that was retired since; only what is newly chosen must be in use.
TEST_F(SessionsTest, EditsDoNotAskWhetherOldChoicesAreStillInUse) {
  const std::string id = AddSession(kNoon);
  const Outcome closed = Run(Gym(gym_id_).ref, [&](Transaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(const Location before, GetLocation(tx, location_id_));
    codec::Draft<schema::GymLocation> after(before);
    after->setIsActive(false);
    return tx.Update(before, after);
  });
  ASSERT_TRUE(closed.status.ok());
  const std::string other =
      AddType(R"({"name":"Box","durationMin":30,"category":"pt","isActive":true})");
  EXPECT_TRUE(Patch(id, R"({"sessionTypeId":")" + other + R"(","instructorId":""})").ok());
  EXPECT_FALSE(SessionNow(id)->hasInstructorId());
  EXPECT_EQ(RefusedBy(Patch(id, R"({"instructorId":"cnobody"})").outcome),
            "session.instructor_exists");
}

TEST_F(SessionsTest, EndMustFollowStart) {
  const Done<SessionParts> done = TrySession(kNoon, "," + At("endTime", kNoon));
  EXPECT_EQ(RefusedBy(done.outcome), "session.ends_after_start");
  EXPECT_EQ(done.outcome.status.code(), StatusCode::kInvalidArgument);
}

TEST_F(SessionsTest, OverlapsAreRefusedAndTouchingEndsAllowed) {
  AddSession(kNoon);
  for (const int64_t shift : {-59 * kMinuteMs, int64_t{0}, 59 * kMinuteMs}) {
    const Done<SessionParts> done = TrySession(kNoon + shift);
    EXPECT_EQ(RefusedBy(done.outcome), "session.no_overlap") << shift;
    EXPECT_EQ(done.outcome.status.code(), StatusCode::kConflict);
  }
  EXPECT_TRUE(TrySession(kNoon + kHourMs).ok());
  EXPECT_TRUE(TrySession(kNoon - kHourMs).ok());
  location_id_ = AddLocation(R"({"name":"Hall B"})");
  EXPECT_TRUE(TrySession(kNoon).ok());
}

// The rule looks at one neighbour only; a session of days that starts long before must still be
// that neighbour.
TEST_F(SessionsTest, ALongSessionBlocksItsWholeTime) {
  AddSession(kNoon, "," + At("endTime", kNoon + 3 * kDayMs));
  EXPECT_EQ(RefusedBy(TrySession(kNoon + 2 * kDayMs).outcome), "session.no_overlap");
  EXPECT_EQ(RefusedBy(TrySession(kNoon - kHourMs, "," + At("endTime", kNoon + 9 * kDayMs)).outcome),
            "session.no_overlap");
  EXPECT_TRUE(TrySession(kNoon + 3 * kDayMs).ok());
}

// Goal: the one-neighbour rule is as good as comparing with all. Method: random wishes against a
// list kept here.
TEST_F(SessionsTest, OverlapRuleAgreesWithComparingAll) {
  SeededRandom random(7);
  std::vector<std::pair<int64_t, int64_t>> taken;
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    const int64_t start = kNoon + static_cast<int64_t>(random.Below(2000)) * kMinuteMs;
    const int64_t end = start + static_cast<int64_t>(1 + random.Below(90)) * kMinuteMs;
    bool overlaps = false;
    for (const auto& [from, until] : taken) overlaps = overlaps || (start < until && end > from);
    const bool made = TrySession(start, "," + At("endTime", end)).ok();
    ASSERT_EQ(made, !overlaps) << "wish " << i;
    if (made) taken.emplace_back(start, end);
    refused += made ? 0 : 1;
  }
  EXPECT_GT(taken.size(), 10u);
  EXPECT_GT(refused, 10);
}

// F23: a cancelled session frees its slot.
TEST_F(SessionsTest, ACancelledSessionBlocksNothing) {
  const std::string first = AddSession(kNoon);
  Must(CancelSession(Owner(), first));
  EXPECT_TRUE(TrySession(kNoon).ok());
  // And may be edited where it stands, since it blocks nothing.
  EXPECT_TRUE(Patch(first, R"({"notes":"sorry"})").ok());
}

// F57: a new start alone moves the end along.
TEST_F(SessionsTest, ANewStartMovesTheEnd) {
  const std::string id = AddSession(kNoon);
  const SessionParts moved = Must(Patch(id, "{" + At("startTime", kNoon + 7 * kMinuteMs) + "}"));
  EXPECT_EQ(moved.session->getEndTime(), kNoon + 67 * kMinuteMs);
  const SessionParts past = Must(Patch(id, "{" + At("startTime", kTestStartMs - kDayMs) + "}"));
  EXPECT_EQ(past.session->getStartTime(), kTestStartMs - kDayMs);
  EXPECT_EQ(RefusedBy(Patch(id, "{" + At("endTime", kTestStartMs - 2 * kDayMs) + "}").outcome),
            "session.ends_after_start");
}

TEST_F(SessionsTest, APatchChangesOnlyWhatWasSent) {
  const std::string id = AddSession(kNoon, R"(,"capacity":5,"instructor":"Jane","notes":"mat")");
  const SessionParts after = Must(Patch(id, R"({"notes":null,"status":"cancelled","id":"x"})"));
  EXPECT_FALSE(after.session->hasNotes());
  EXPECT_EQ(View(after.session->getInstructor()), "Jane");
  EXPECT_EQ(after.session->getCapacity(), 5);
  EXPECT_EQ(after.session->getStatus(), schema::GymSessionStatus::SCHEDULED);
  EXPECT_EQ(View(after.session->getId()), id);
  EXPECT_EQ(Patch("cnone", "{}").outcome.status.code(), StatusCode::kNotFound);
  EXPECT_EQ(RefusedBy(Patch(id, R"({"locationId":"cnowhere"})").outcome),
            "session.location_exists");
}

TEST_F(SessionsTest, MovingChecksOverlapWithOthersButNotWithItself) {
  const std::string first = AddSession(kNoon);
  AddSession(kNoon + 2 * kHourMs);
  EXPECT_TRUE(Patch(first, "{" + At("startTime", kNoon + 30 * kMinuteMs) + "}").ok());
  EXPECT_EQ(RefusedBy(Patch(first, "{" + At("startTime", kNoon + 90 * kMinuteMs) + "}").outcome),
            "session.no_overlap");
  // The neighbour below the moved session decides when the session itself stands between.
  EXPECT_EQ(RefusedBy(Patch(first, "{" + At("endTime", kNoon + 3 * kHourMs) + "}").outcome),
            "session.no_overlap");
}

TEST_F(SessionsTest, CapacityCannotFallBelowTheSeatsTaken) {
  const std::string id = AddSession(kNoon, R"(,"capacity":2)");
  Must(Book(Mia(), id));
  Must(Book(Owner(), id));
  const Done<SessionParts> less = Patch(id, R"({"capacity":1})");
  EXPECT_EQ(RefusedBy(less.outcome), "session.capacity_covers_bookings");
  EXPECT_EQ(less.outcome.status.code(), StatusCode::kConflict);
  EXPECT_TRUE(Patch(id, R"({"capacity":3})").ok());
  EXPECT_TRUE(SessionNow(id)->getHasRoom());
  const SessionParts open = Must(Patch(id, R"({"capacity":null})"));
  EXPECT_TRUE(IsUnlimited(*open.session));
}

// F25: bookings are cancelled with their session, attended ones stay.
TEST_F(SessionsTest, CancellingCascades) {
  const std::string id = AddSession(kNoon, R"(,"capacity":5)");
  Must(Book(Mia(), id));
  Must(Book(Owner(), id));
  clock_.SetUnixMs(kNoon);
  Must(CheckIn(Owner(), id, {}));
  const Session cancelled = Must(CancelSession(Owner(), id));
  EXPECT_EQ(cancelled->getStatus(), schema::GymSessionStatus::CANCELLED);
  EXPECT_EQ(cancelled->getBookedCount(), 1);
  EXPECT_FALSE(cancelled->getHasRoom());
  const std::vector<BookingParts> mine = *BookingsOf(Space(), member_id_, std::nullopt);
  EXPECT_EQ(mine.at(0).booking->getStatus(), schema::GymBookingStatus::CANCELLED);
  EXPECT_EQ(mine.at(0).booking->getCancelledAt(), kNoon);
  EXPECT_EQ(EventsOf(member_id_).back(), schema::GymEventType::BOOKING_CANCELLED);
  const std::vector<BookingParts> owners = *BookingsOf(Space(), owner_id_, std::nullopt);
  EXPECT_EQ(owners.at(0).booking->getStatus(), schema::GymBookingStatus::ATTENDED);
  // Again is fine and changes nothing.
  const size_t events = EventsOf(member_id_).size();
  clock_.AdvanceMs(1000);
  EXPECT_EQ(Must(CancelSession(Owner(), id))->getUpdatedAt(), kNoon);
  EXPECT_EQ(EventsOf(member_id_).size(), events);
}

// Goal: more bookings than one entry may hold are all cancelled. Method: book more than
// kCascadeBookingsMax, cancel.
TEST_F(SessionsTest, ACascadeLargerThanOneEntryReachesEveryBooking) {
  const std::string id = AddSession(kNoon);
  const int32_t people = kCascadeBookingsMax + 25;
  std::vector<std::string> members;
  Outcome last;
  for (int32_t i = 0; i < people; ++i) {
    members.push_back(Join("p" + std::to_string(i) + "@iron.example", "P"));
    const Scope scope = ScopeOf(members.back(), schema::GymRole::MEMBER);
    const Done<BookingParts> done = CreateBooking(scope, {id, {}, std::nullopt});
    ASSERT_TRUE(done.ok()) << done.outcome.status.ToString();
    last = done.outcome;
  }
  engine().WaitReleased(last.release_index);
  Scope inline_scope = Owner();
  inline_scope.tier = ReadTier::kInline;
  EXPECT_EQ(CancelSession(inline_scope, id).outcome.status.code(), StatusCode::kWouldBlock);
  EXPECT_EQ(SessionNow(id)->getStatus(), schema::GymSessionStatus::SCHEDULED);

  clock_.AdvanceMs(1);
  const Session cancelled = Must(CancelSession(Owner(), id));
  EXPECT_FALSE(cancelled->getCascading());
  EXPECT_EQ(cancelled->getBookedCount(), 0);
  for (const std::string& member : members) {
    ASSERT_EQ(EventsOf(member).back(), schema::GymEventType::BOOKING_CANCELLED);
  }
}

// Goal: a crash between two entries of a cascade is not seen, and is mended. Method: write what the
// first entry would leave.
TEST_F(SessionsTest, ACascadeCutShortReadsAsDoneAndIsFinished) {
  const std::string id = AddSession(kNoon, R"(,"capacity":5)");
  Must(Book(Mia(), id));
  const Outcome cut = Run(Gym(gym_id_).ref, [&](Transaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(const Session before, GetSession(tx, id));
    SessionChange change(tx, before);
    change.draft()->setStatus(schema::GymSessionStatus::CANCELLED);
    change.draft()->setCascading(true);
    return change.Save().status();
  });
  ASSERT_TRUE(cut.status.ok());
  const auto seen = BookingsOf(Space(), member_id_, schema::GymBookingStatus::CANCELLED);
  ASSERT_EQ(seen->size(), 1u);
  EXPECT_NE(seen->at(0).booking->getCancelledAt(), schema::NULL_INT);
  EXPECT_EQ(
      Released(CancelBooking(Mia(), View(seen->at(0).booking->getId()))).outcome.status.code(),
      StatusCode::kInvalidArgument);
  Reopen();
  clock_.AdvanceMs(1);
  ASSERT_TRUE(FinishCancellations(Owner()).ok());
  EXPECT_FALSE(SessionNow(id)->getCascading());
  EXPECT_EQ(SessionNow(id)->getBookedCount(), 0);
  EXPECT_EQ(EventsOf(member_id_).back(), schema::GymEventType::BOOKING_CANCELLED);
}

TEST_F(SessionsTest, NamesAreUniquePerGymAlsoAmongInactive) {
  AddLocation(R"({"name":"Pool","isActive":false})");
  const auto again =
      Released(CreateLocation(Owner(), Body<schema::GymLocationInput>(R"({"name":" Pool "})")));
  EXPECT_EQ(RefusedBy(again.outcome), "location.name_free");
  EXPECT_EQ(again.outcome.status.code(), StatusCode::kAlreadyExists);
  const auto type = Released(CreateSessionType(
      Owner(),
      Body<schema::GymSessionTypeInput>(R"({"name":"Yoga","durationMin":30,"category":"class"})")));
  EXPECT_EQ(RefusedBy(type.outcome), "session_type.name_free");
  const auto zone = Released(CreateLocation(
      Owner(), Body<schema::GymLocationInput>(R"({"name":"X","timezone":"Mars/Olympus"})")));
  EXPECT_EQ(RefusedBy(zone.outcome), "location.time_zone_known");
}

TEST_F(SessionsTest, ListsAreSortedAndActiveOnly) {
  AddLocation(R"({"name":"Attic"})");
  AddLocation(R"({"name":"Cellar","isActive":false})");
  const std::vector<Location> places = *ListLocations(Space(), 10);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(View(places[0]->getName()), "Attic");
  EXPECT_EQ(View(places[1]->getName()), "Hall A");
  AddType(R"({"name":"Boxing","durationMin":30,"category":"pt"})");
  AddType(R"({"name":"Abs","durationMin":30,"category":"pt","isActive":false})");
  EXPECT_EQ(ListSessionTypes(Space(), {})->size(), 2u);
  EXPECT_EQ(View(ListSessionTypes(Space(), {true, "pt"})->at(0)->getName()), "Boxing");
  EXPECT_EQ(View(ListSessionTypes(Space(), {false, "pt"})->at(0)->getName()), "Abs");
  EXPECT_EQ(ListSessionTypes(Space(), {true, "none"})->size(), 0u);
}

}  // namespace
}  // namespace tenantry::gym
