// Waitlists of the gym API.

#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

class GymWaitlistTest : public GymContractTest {
 protected:
  struct Full {
    Gym gym;
    std::string id, booking, path;
    Who holder, first, second;
  };
  // One seat, taken; two wait.
  Full MakeFull() const {
    Full full;
    full.gym = MakeGym();
    full.holder = Join(full.gym);
    full.first = Join(full.gym);
    full.second = Join(full.gym);
    full.id = MakeSession(full.gym, 86400, {{"capacity", 1}})["id"];
    full.path = "/sessions/" + full.id + "/waitlist";
    const Answer booked = api_.Post("/bookings", full.holder, {{"sessionInstanceId", full.id}});
    EXPECT_EQ(booked.status, 201) << booked.text;
    full.booking = booked.body["id"];
    for (const Who* who : {&full.first, &full.second}) {
      EXPECT_EQ(api_.Call("POST", full.path, *who).status, 201);
    }
    return full;
  }
  json List(const Full& full, const Who& who) const { return api_.Get(full.path, who).body; }
  std::string StatusOf(const Full& full, const Who& who) const {
    const json mine = api_.Get("/bookings/my", who).body;
    for (const json& booking : mine) {
      if (booking["sessionInstanceId"] == full.id) return booking["status"];
    }
    return "none";
  }
};

// Rows: POST /sessions/:id/waitlist
// Flaws: F28
TEST_F(GymWaitlistTest, JoiningTellsThePosition) {
  const Full full = MakeFull();
  const Who third = Join(full.gym);
  const Answer joined = api_.Call("POST", full.path, third);
  EXPECT_EQ(joined.status, 201) << joined.text;
  EXPECT_EQ(KeysOf(joined.body),
            (std::set<std::string>{"id", "tenantId", "memberId", "sessionInstanceId", "position",
                                   "createdAt", "updatedAt", "member", "sessionInstance"}));
  EXPECT_EQ(joined.body["position"], 3);
  EXPECT_EQ(KeysOf(joined.body["member"]), (std::set<std::string>{"id", "name", "email"}));
  EXPECT_EQ(joined.body["sessionInstance"]["location"]["tenantId"], full.gym.id);
  ExpectError(api_.Call("POST", full.path, third), 409, "already on the waitlist", full.path);
  ExpectError(api_.Call("POST", full.path, full.holder), 409, "already booked", full.path);
  ExpectError(api_.Call("POST", "/sessions/cnone/waitlist", third), 404,
              "Session instance with ID cnone not found", "/sessions/cnone/waitlist");
  EXPECT_EQ(api_.Call("POST", full.path, {"", full.gym.id}).status, 401);
  // F37: nobody waits beside free seats, for what has begun or for what was called off.
  const std::string open = MakeSession(full.gym, 7200)["id"];
  EXPECT_EQ(api_.Call("POST", "/sessions/" + open + "/waitlist", third).status, 409);
  const std::string begun = MakeSession(full.gym, -60, {{"capacity", 1}})["id"];
  EXPECT_EQ(api_.Call("POST", "/sessions/" + begun + "/waitlist", third).status, 400);
  api_.Call("PUT", "/sessions/" + full.id + "/cancel", full.gym.owner);
  EXPECT_EQ(api_.Call("POST", full.path, third).status, 400);
}

// Rows: GET /sessions/:id/waitlist
// Flaws: F9
TEST_F(GymWaitlistTest, OnlyCrewSeeWhoElseWaits) {
  const Full full = MakeFull();
  const json blank = {{"id", ""}, {"name", nullptr}, {"email", ""}, {"avatarUrl", nullptr}};
  const json crew = List(full, full.gym.owner);
  ASSERT_EQ(crew.size(), 2u);
  EXPECT_EQ(crew[0]["position"], 1);
  EXPECT_EQ(crew[1]["position"], 2);
  EXPECT_NE(crew[0]["member"]["email"], "");
  const json own = List(full, full.second);
  EXPECT_EQ(own[0]["member"], blank);
  EXPECT_EQ(own[0]["memberId"], "");
  EXPECT_EQ(own[1], crew[1]);
  for (const Who& stranger : {Who{"", full.gym.id}, Who{}}) {
    const json seen = List(full, stranger);
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[1]["member"], blank);
    EXPECT_EQ(seen.dump().find("@mail.example"), std::string::npos);
  }
  EXPECT_EQ(List(full, MakeGym().owner), json::array());
  EXPECT_EQ(api_.Get("/sessions/cnone/waitlist").body, json::array());
}

// Rows: DELETE /sessions/:id/waitlist
TEST_F(GymWaitlistTest, LeavingMovesTheRestUp) {
  const Full full = MakeFull();
  const Answer left = api_.Call("DELETE", full.path, full.first);
  EXPECT_EQ(left.status, 200);
  EXPECT_EQ(left.text, "");
  EXPECT_EQ(left.type, "");
  const json rest = List(full, full.gym.owner);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0]["position"], 1);
  ExpectError(api_.Call("DELETE", full.path, full.first), 404, "not on the waitlist", full.path);
}

// Flaws: F37
TEST_F(GymWaitlistTest, FreedSeatsGoToThoseWhoWait) {
  const Full full = MakeFull();
  EXPECT_EQ(api_.Call("DELETE", "/bookings/" + full.booking, full.holder).status, 200);
  EXPECT_EQ(StatusOf(full, full.first), "confirmed");
  EXPECT_EQ(StatusOf(full, full.second), "none");
  EXPECT_EQ(List(full, full.gym.owner).size(), 1u);
  EXPECT_EQ(api_.Post("/bookings", full.holder, {{"sessionInstanceId", full.id}}).status, 409);
  // A raised capacity frees seats too.
  const Answer raised =
      api_.Call("PATCH", "/sessions/" + full.id, full.gym.owner, json{{"capacity", 5}});
  EXPECT_EQ(raised.body["currentBookings"], 2);
  EXPECT_EQ(StatusOf(full, full.second), "confirmed");
  EXPECT_EQ(List(full, full.gym.owner), json::array());
}

// Flaws: F25, F37
TEST_F(GymWaitlistTest, AWaitlistDiesWithItsSession) {
  const Full off = MakeFull();
  EXPECT_EQ(api_.Call("PUT", "/sessions/" + off.id + "/cancel", off.gym.owner).status, 200);
  EXPECT_EQ(List(off, off.gym.owner), json::array());
  EXPECT_EQ(api_.Call("DELETE", off.path, off.first).status, 404);
  EXPECT_EQ(StatusOf(off, off.holder), "cancelled");
  const Full begun = MakeFull();
  EXPECT_EQ(api_.Call("PATCH", "/sessions/" + begun.id, begun.gym.owner,
                      json{{"startTime", InSeconds(-60)}})
                .status,
            200);
  EXPECT_EQ(List(begun, begun.gym.owner), json::array());
  EXPECT_EQ(api_.Call("DELETE", "/bookings/" + begun.booking, begun.gym.owner).status, 200);
  EXPECT_EQ(StatusOf(begun, begun.first), "none");
}

}  // namespace
}  // namespace tenantry::contract
