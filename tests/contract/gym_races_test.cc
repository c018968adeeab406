// Goal: waitlists, repeated bookings and shrinking sessions stay exact when everything is asked at
// once (F27, F28, F29, F37).
// Method: rounds over one server; after each the answers and the records must agree.

#include <algorithm>
#include <deque>
#include <set>

#include <nlohmann/json.hpp>

#include "engine/gym/waitlist.h"
#include "tests/contract/race_fixture.h"

namespace tenantry::gym {
namespace {

class GymRacesTest : public RaceTest {
 protected:
  std::string Far(const std::string& more) {
    return AddSession(clock_.NowUnixMs() + kDayMs + 2 * kHourMs * sessions_++, more);
  }
  std::vector<std::string> Waiting(const std::string& session) {
    std::vector<std::string> members;
    const auto rows = WaitlistOf(Space(), session, clock_.NowUnixMs());
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    for (const WaitlistParts& row : *rows) {
      members.push_back(String(row.member->getId()));
      EXPECT_EQ(row.position, static_cast<int64_t>(members.size()));
    }
    EXPECT_EQ(SessionNow(session)->getWaitlistCount(), static_cast<int64_t>(members.size()));
    return members;
  }
  std::string BookingOf(size_t racer, const std::string& session) {
    const auto booking = Space().FindUnique<schema::GymBooking>(
        1, {std::string_view(racers_[racer]), std::string_view(session)});
    return booking.ok() && *booking ? String((**booking)->getId()) : std::string();
  }

  int64_t sessions_ = 0;
};

// One holds the seat, fifty wait, and strangers book while the holder cancels: the seat goes to
// the first in line and to nobody else.
TEST_F(GymRacesTest, CancelVersusBookWithAWaitlistOfFifty) {
  constexpr size_t kWaiting = 50, kStrangers = 4;
  Connect(1 + kWaiting + kStrangers);
  const std::string session = Far(R"(,"capacity":1)");
  const std::string waitlist = "/sessions/" + session + "/waitlist";
  ASSERT_EQ(Race({Booking(0, session)})[0].status, 201);
  std::deque<size_t> line;
  for (size_t i = 1; i <= kWaiting; ++i) {
    ASSERT_EQ(Race({{i, "POST", waitlist}})[0].status, 201);
    line.push_back(i);
  }
  size_t holder = 0;
  for (int round = 0; round < Rounds(); ++round) {
    std::vector<Move> moves = {{holder, "DELETE", "/bookings/" + BookingOf(holder, session)}};
    for (size_t i = 0; i < kStrangers; ++i) moves.push_back(Booking(1 + kWaiting + i, session));
    std::rotate(moves.begin(), moves.begin() + round % static_cast<int>(moves.size()), moves.end());
    ASSERT_EQ(Count(Race(moves)), (std::map<int, int>{{200, 1}, {409, kStrangers}})) << round;
    const size_t promoted = line.front();
    line.pop_front();
    const Session now = SessionNow(session);
    ASSERT_EQ(now->getBookedCount(), 1) << round;
    ASSERT_EQ(now->getWaitlistCount(), static_cast<int32_t>(kWaiting) - 1) << round;
    ASSERT_TRUE(*IsBooked(Space(), racers_[promoted], session)) << round;
    ASSERT_EQ(Race({{holder, "POST", waitlist}})[0].status, 201) << round;
    line.push_back(holder);
    holder = promoted;
  }
  std::vector<std::string> expected;
  for (const size_t racer : line) expected.push_back(racers_[racer]);
  EXPECT_EQ(Waiting(session), expected);
}

TEST_F(GymRacesTest, TenJoinsAtOnceTakeThePositionsOneToTen) {
  constexpr size_t kJoining = 10;
  Connect(kJoining + 1);
  const std::string session = Far(R"(,"capacity":1)");
  const std::string waitlist = "/sessions/" + session + "/waitlist";
  ASSERT_EQ(Race({Booking(kJoining, session)})[0].status, 201);
  for (int round = 0; round < Rounds(); ++round) {
    std::vector<Move> join, leave;
    for (size_t i = 0; i < kJoining; ++i) {
      join.push_back({i, "POST", waitlist});
      leave.push_back({i, "DELETE", waitlist});
    }
    std::map<int64_t, std::string> by_position;
    for (const RawConnection::Answer& answer : Race(join)) {
      ASSERT_EQ(answer.status, 201) << answer.body;
      const nlohmann::json entry = nlohmann::json::parse(answer.body);
      by_position[entry["position"]] = entry["memberId"];
    }
    std::vector<std::string> expected;
    for (const auto& [position, member] : by_position) expected.push_back(member);
    ASSERT_EQ(by_position.size(), kJoining) << round;
    ASSERT_EQ(by_position.begin()->first, 1) << round;
    ASSERT_EQ(by_position.rbegin()->first, static_cast<int64_t>(kJoining)) << round;
    ASSERT_EQ(Waiting(session), expected) << round;
    ASSERT_EQ(Count(Race(leave)), (std::map<int, int>{{200, kJoining}})) << round;
    ASSERT_EQ(SessionNow(session)->getWaitlistCount(), 0) << round;
  }
}

TEST_F(GymRacesTest, OneMemberBookingEightTimesGetsOneSeat) {
  constexpr size_t kTimes = 8;
  Connect(kTimes);
  const std::string session = Far(R"(,"capacity":20)");
  std::vector<Move> moves;
  for (size_t i = 0; i < kTimes; ++i) {
    moves.push_back(Booking(i, session));
    moves.back().token = tokens_[0];
  }
  for (int round = 0; round < Rounds(); ++round) {
    ASSERT_EQ(Count(Race(moves)), (std::map<int, int>{{201, 1}, {409, kTimes - 1}})) << round;
    ASSERT_EQ(SessionNow(session)->getBookedCount(), 1) << round;
    ASSERT_EQ(Race({{0, "DELETE", "/bookings/" + BookingOf(0, session)}})[0].status, 200);
  }
}

// Either the capacity falls first, and only so many get in, or it cannot fall any more.
TEST_F(GymRacesTest, CapacityLoweredWhileBooking) {
  constexpr size_t kMembers = 8;
  constexpr int kLowered = 4;
  // A gym whose owner's token is at hand.
  const std::string owner = [this] {
    const SignedIn in = SignUp("Other Hall", "boss@other.example");
    EXPECT_TRUE(in.member->getOwnerRights());
    gym_id_ = View(in.tenant->getId());
    owner_id_ = View(in.member->getId());
    return TokenOf(in);
  }();
  location_id_ = AddLocation(R"({"name":"Hall"})");
  type_id_ = AddType(R"({"name":"Yoga","durationMin":60,"category":"class"})");
  Connect(kMembers + 1);
  std::set<int> outcomes;
  for (int round = 0; round < Rounds(); ++round) {
    const std::string session = Far(R"(,"capacity":8)");
    std::vector<Move> moves;
    for (size_t i = 0; i < kMembers; ++i) moves.push_back(Booking(i, session));
    const auto at = static_cast<size_t>(round) % (kMembers + 1);
    moves.insert(moves.begin() + static_cast<ptrdiff_t>(at),
                 {kMembers, "PATCH", "/sessions/" + session, R"({"capacity":4})", owner});
    const std::vector<RawConnection::Answer> answers = Race(moves);
    const int lowered = answers[at].status;
    const int booked = Count(answers)[201];
    ASSERT_TRUE(lowered == 200 || lowered == 409) << round << " " << answers[at].body;
    ASSERT_EQ(booked, lowered == 200 ? kLowered : static_cast<int>(kMembers)) << round;
    const Session now = SessionNow(session);
    ASSERT_EQ(now->getBookedCount(), booked) << round;
    ASSERT_LE(now->getBookedCount(), now->getCapacity()) << round;
    outcomes.insert(lowered);
  }
  if (Rounds() >= 100) {
    EXPECT_EQ(outcomes, (std::set<int>{200, 409}));
  }
}

}  // namespace
}  // namespace tenantry::gym
