#pragma once
// GymFixture: one gym with an owner, a member, a place and a type, on a real engine.

#include <string>
#include <utility>
#include <vector>

#include "engine/gym/bookings.h"
#include "engine/gym/locations.h"
#include "engine/gym/session_queries.h"
#include "engine/gym/session_types.h"
#include "engine/gym/sessions.h"
#include "engine/gym/signup.h"
#include "engine/gym/text.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::gym {

inline constexpr int64_t kMinuteMs = 60'000;
inline constexpr int64_t kHourMs = 60 * kMinuteMs;
inline constexpr int64_t kDayMs = 24 * kHourMs;

template <class T>
codec::Input<T> Body(const std::string& json) {
  Result<codec::Input<T>> input = codec::Input<T>::Decode(json);
  EXPECT_TRUE(input.ok()) << input.status().ToString() << " in " << json;
  return *std::move(input);
}

class GymFixture : public EngineFixture {
 protected:
  void SetUp() override {
    const SignedIn owner = SignUp("Iron Hall", "owner@iron.example");
    gym_id_ = View(owner.tenant->getId());
    owner_id_ = View(owner.member->getId());
    member_id_ = Join("mia@iron.example", "Mia");
    location_id_ = AddLocation(R"({"name":"Hall A"})");
    type_id_ = AddType(R"({"name":"Yoga","durationMin":60,"category":"class"})");
  }

  // Commands as the server runs them: on what their caller has seen acknowledged.
  template <class T>
  Done<T> Released(Done<T> done) {
    engine().WaitReleased(done.outcome.release_index);
    return done;
  }
  template <class T>
  T Must(Done<T> done) {
    EXPECT_TRUE(done.ok()) << done.outcome.status.ToString();
    engine().WaitReleased(done.outcome.release_index);
    return *std::move(done.value);
  }

  SignedIn SignUp(const std::string& gym, const std::string& email,
                  const std::string& hash = "hash") {
    const auto input = Body<schema::GymSignupInput>(R"({"email":")" + email +
                                                    R"(","password":"password1","name":"Olga",)" +
                                                    R"("tenantName":")" + gym + R"("})");
    return Must(SignUpGym(engine(), {*input, hash, "r"}, ReadTier::kBlocking));
  }
  tenant::TenantEntry Gym(const std::string& id) {
    Result<tenant::TenantEntry> entry =
        tenant::Directory::Find(engine().View(), id, schema::TenantKind::GYM, ReadTier::kBlocking);
    EXPECT_TRUE(entry.ok()) << entry.status().ToString();
    return *std::move(entry);
  }
  std::string Join(const std::string& email, const std::string& name,
                   const std::string& hash = "hash") {
    const tenant::TenantEntry gym = Gym(gym_id_);
    const SignedIn in =
        Must(SignUpMember(engine(), {gym, email, name, hash, "r"}, ReadTier::kBlocking));
    return String(in.member->getId());
  }

  Scope ScopeOf(const std::string& member_id, schema::GymRole role, bool owner = false) {
    return {engine(), Gym(gym_id_).ref,   gym_id_, {member_id, role, owner},
            "r",      ReadTier::kBlocking};
  }
  Scope Owner() { return ScopeOf(owner_id_, schema::GymRole::OWNER, true); }
  Scope Mia() { return ScopeOf(member_id_, schema::GymRole::MEMBER); }
  SpaceReader Space() { return engine().View().Space(Gym(gym_id_).ref, ReadTier::kBlocking); }

  std::string AddLocation(const std::string& json) {
    return String(Must(CreateLocation(Owner(), Body<schema::GymLocationInput>(json)))->getId());
  }
  std::string AddType(const std::string& json) {
    return String(
        Must(CreateSessionType(Owner(), Body<schema::GymSessionTypeInput>(json)))->getId());
  }
  // `more` is further members of the body, such as `,"capacity":2`.
  Done<SessionParts> TrySession(int64_t start_ms, const std::string& more = "") {
    return Released(CreateSession(
        Owner(), Body<schema::GymSessionInput>(
                     R"({"sessionTypeId":")" + type_id_ + R"(","locationId":")" + location_id_ +
                     R"(","startTime":")" + FormatInstant(start_ms) + "\"" + more + "}")));
  }
  std::string AddSession(int64_t start_ms, const std::string& more = "") {
    return String(Must(TrySession(start_ms, more)).session->getId());
  }
  Done<BookingParts> Book(const Scope& scope, const std::string& session_id) {
    return Released(CreateBooking(scope, {session_id, {}, std::nullopt}));
  }
  Done<SessionParts> Patch(const std::string& id, const std::string& json) {
    return Released(UpdateSession(Owner(), id, Body<schema::GymSessionPatch>(json)));
  }
  Session SessionNow(const std::string& id) { return *GetSession(Space(), id); }

  // Types of a member's events, oldest first.
  std::vector<schema::GymEventType> EventsOf(const std::string& member_id) {
    std::vector<schema::GymEventType> types;
    const Status scanned = Space().ScanRecords<schema::GymEvent>(
        {std::string_view(member_id)}, false, [&](const codec::Stored<schema::GymEvent>& event) {
          types.push_back(event->getType());
          return true;
        });
    EXPECT_TRUE(scanned.ok()) << scanned.ToString();
    return types;
  }

  std::string gym_id_, owner_id_, member_id_, location_id_, type_id_;
};

// The rule that refused, or "" when none did.
inline std::string RefusedBy(const Outcome& outcome) {
  const RuleStep* step = outcome.trace.refused();
  return step == nullptr ? std::string() : std::string(step->rule);
}

}  // namespace tenantry::gym
