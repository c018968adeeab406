// Invitations, memberships, trainers and reference lists: gym.md sections 5.10 to 5.13.

#include <algorithm>
#include <thread>

#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

class GymInvitationsTest : public GymContractTest {
 protected:
  json Invite(const Who& who, const std::string& email, const std::string& role) const {
    const Answer made = api_.Post("/invitations", who, {{"inviteeEmail", email}, {"role", role}});
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body;
  }
  Answer Accept(const json& invitation, const json& more = json::object()) const {
    json body = {{"invitationCode", invitation["invitationCode"]}};
    body.update(more);
    return api_.Post("/invitations/accept", {}, body);
  }
  Who Promoted(const Gym& gym, const std::string& role) const {
    const Answer in = Accept(Invite(gym.owner, Fresh("crew") + "@mail.example", role));
    EXPECT_EQ(in.status, 201) << in.text;
    return {in.body["token"], gym.id};
  }
};

const std::set<std::string> kInvitationKeys = {
    "id",      "tenantId",       "invitedById", "inviteeEmail", "inviteeName", "role",     "status",
    "message", "invitationCode", "expiresAt",   "acceptedAt",   "createdAt",   "updatedAt"};

std::set<std::string> With(std::set<std::string> keys, std::initializer_list<const char*> more) {
  for (const char* key : more) keys.insert(key);
  return keys;
}

// Rows: POST /invitations, POST /invitations/accept
// Flaws: F5, F3, F59
TEST_F(GymInvitationsTest, AnInvitationMakesOneMemberOfItsRole) {
  const Gym gym = MakeGym();
  const std::string email = Fresh("guest") + "@mail.example";
  const json made = Invite(gym.owner, email, "TRAINER");
  EXPECT_EQ(KeysOf(made), With(kInvitationKeys, {"tenant", "invitedBy"}));
  EXPECT_EQ(KeysOf(made["tenant"]),
            (std::set<std::string>{"id", "name", "code", "createdAt", "updatedAt"}));
  EXPECT_EQ(made["status"], "PENDING");
  EXPECT_EQ(made["invitationCode"].get<std::string>().size(), 8u);
  EXPECT_EQ(made["invitedBy"], (json{{"name", "Olga Owner"}}));

  const Answer in = Accept(made, {{"name", "Gus"}});
  ASSERT_EQ(in.status, 201) << in.text;
  EXPECT_EQ(KeysOf(in.body),
            (std::set<std::string>{"member", "tenant", "invitation", "token", "refreshToken"}));
  EXPECT_EQ(in.body["member"]["email"], email);
  EXPECT_EQ(in.body["member"]["role"], "TRAINER");
  EXPECT_EQ(in.body["invitation"]["status"], "ACCEPTED");
  for (const char* secret : {"passwordHash", "tokenHash", "argon2"}) {
    EXPECT_EQ(in.text.find(secret), std::string::npos) << secret;
  }
  // No shared default password: the account has none until one is set.
  const Who gus{in.body["token"], gym.id};
  EXPECT_EQ(api_.Post("/auth/login", {}, {{"email", email}, {"password", "password"}}).status, 401);
  EXPECT_EQ(
      api_.Call("PUT", "/auth/password", gus, json{{"newPassword", "my own password"}}).status,
      200);
  EXPECT_EQ(
      api_.Post("/auth/login", {}, {{"email", email}, {"password", "my own password"}}).status,
      200);
  EXPECT_EQ(Accept(made).status, 400);
  EXPECT_EQ(api_.Post("/invitations/accept", {}, {{"invitationCode", "00000000"}}).status, 404);
  EXPECT_EQ(
      api_.Post("/invitations", gym.owner, {{"inviteeEmail", email}, {"role", "STAFF"}}).status,
      409);
}

// Rows: POST /invitations
// Flaws: F59, F20
TEST_F(GymInvitationsTest, NobodyInvitesAboveThemselves) {
  const Gym gym = MakeGym();
  const Who admin = Promoted(gym, "ADMIN");
  const Who trainer = Promoted(gym, "TRAINER");
  const json body = {{"inviteeEmail", Fresh("x") + "@mail.example"}, {"role", "OWNER"}};
  EXPECT_EQ(api_.Post("/invitations", admin, body).status, 403);
  EXPECT_EQ(
      api_.Post("/invitations", trainer, {{"inviteeEmail", "x@mail.example"}, {"role", "MEMBER"}})
          .status,
      403);
  const Answer bad = api_.Post("/invitations", gym.owner,
                               {{"inviteeEmail", "bad"}, {"role", "KING"}, {"expiresInDays", 31}});
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.body["message"].size(), 3u) << bad.text;
  EXPECT_EQ(Accept(Invite(gym.owner, Fresh("o") + "@mail.example", "OWNER")).body["member"]["role"],
            "OWNER");
  // What the inviter may not grant any more is not granted.
  const json pending = Invite(admin, Fresh("late") + "@mail.example", "ADMIN");
  const std::string admin_id = api_.Get("/my/profile", admin).body["id"];
  EXPECT_EQ(api_.Call("PUT", "/members/" + admin_id, gym.owner, json{{"role", "MEMBER"}}).status,
            200);
  EXPECT_EQ(Accept(pending).status, 400);
}

// Eight answers at once: one member.
// Rows: POST /invitations/accept
// Flaws: F59
TEST_F(GymInvitationsTest, AnInvitationIsAcceptedOnce) {
  const Gym gym = MakeGym();
  const json made = Invite(gym.owner, Fresh("race") + "@mail.example", "STAFF");
  std::vector<int> statuses(8);
  std::vector<std::thread> threads;
  for (int& status : statuses) {
    threads.emplace_back([&, this] { status = Accept(made).status; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 201), 1);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 400), 7);
  EXPECT_EQ(api_.Get("/members", gym.owner).body.size(), 2u);
}

// Rows: GET /invitations, GET /invitations/summary, GET /invitations/:id, DELETE /invitations/:id,
// POST /invitations/decline, POST /invitations/bulk
// Flaws: F59
TEST_F(GymInvitationsTest, InvitationsAreListedLookedAtAndEnded) {
  const Gym gym = MakeGym();
  const Answer bulk = api_.Post(
      "/invitations/bulk", gym.owner,
      {{"invitations",
        {{{"inviteeEmail", "a@mail.example"}, {"role", "MEMBER"}},
         {{"inviteeEmail", "bad"}, {"role", "MEMBER"}},
         {{"inviteeEmail", gym.email}, {"role", "MEMBER"}},
         {{"inviteeEmail", "b@mail.example"}, {"role", "STAFF"}, {"expiresInDays", 1}}}}});
  ASSERT_EQ(bulk.status, 201) << bulk.text;
  ASSERT_EQ(bulk.body["successful"].size(), 2u) << bulk.text;
  ASSERT_EQ(bulk.body["failed"].size(), 2u);
  EXPECT_EQ(bulk.body["failed"][0]["email"], "bad");
  EXPECT_EQ(bulk.body["failed"][0]["error"], "inviteeEmail must be an email");
  EXPECT_EQ(bulk.body["failed"][1]["email"], gym.email);
  EXPECT_EQ(api_.Post("/invitations/bulk", gym.owner, {{"invitations", "many"}}).status, 400);
  EXPECT_EQ(api_.Post("/invitations/bulk", gym.owner, json::object()).status, 400);

  const json first = bulk.body["successful"][0], second = bulk.body["successful"][1];
  const Answer list = api_.Get("/invitations", gym.owner);
  ASSERT_EQ(list.body.size(), 2u) << list.text;
  EXPECT_EQ(KeysOf(list.body[0]), With(kInvitationKeys, {"invitedBy"}));
  EXPECT_EQ(list.body[0]["invitedBy"]["email"], gym.email);
  EXPECT_EQ(api_.Get("/invitations", MakeGym().owner).body, json::array());

  const std::string by_id = "/invitations/" + first["id"].get<std::string>();
  const std::string by_code = "/invitations/" + first["invitationCode"].get<std::string>();
  const Answer stranger = api_.Get(by_id);
  ASSERT_EQ(stranger.status, 200) << stranger.text;
  EXPECT_EQ(stranger.text.find("@"), std::string::npos) << stranger.text;
  EXPECT_EQ(stranger.body["invitationCode"], nullptr);
  const Answer holder = api_.Get(by_code);
  EXPECT_EQ(holder.body["inviteeEmail"], "a@mail.example");
  EXPECT_EQ(holder.body["tenant"]["id"], gym.id);
  EXPECT_EQ(api_.Get(by_id, gym.owner).body, holder.body);
  EXPECT_EQ(api_.Get(by_id, {"", MakeGym().id}).status, 404);
  EXPECT_EQ(api_.Get(by_id, {"", "bad"}).status, 400);
  EXPECT_EQ(api_.Get("/invitations/nothing").status, 404);

  const json no = {{"invitationCode", first["invitationCode"]}, {"reason", "too far"}};
  const Answer declined = api_.Post("/invitations/decline", {}, no);
  EXPECT_EQ(declined.status, 201) << declined.text;
  EXPECT_EQ(declined.body["status"], "DECLINED");
  EXPECT_EQ(api_.Post("/invitations/decline", {}, no).status, 400);
  EXPECT_EQ(api_.Post("/invitations/decline", {}, {{"invitationCode", "x"}}).status, 404);
  const std::string other = "/invitations/" + second["id"].get<std::string>();
  EXPECT_EQ(api_.Call("DELETE", other, MakeGym().owner).status, 404);
  const Answer cancelled = api_.Call("DELETE", other, gym.owner);
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(cancelled.body["status"], "CANCELLED");
  EXPECT_EQ(Accept(second).status, 400);
  const json third = Invite(gym.owner, "c@mail.example", "MEMBER");
  EXPECT_EQ(Accept(third).status, 201);
  EXPECT_EQ(api_.Call("DELETE", "/invitations/" + third["id"].get<std::string>(), gym.owner).status,
            400);
  EXPECT_EQ(api_.Get("/invitations/summary", gym.owner).body, (json{{"totalSent", 3},
                                                                    {"pending", 0},
                                                                    {"accepted", 1},
                                                                    {"declined", 1},
                                                                    {"expired", 0},
                                                                    {"cancelled", 1}}));
}

// Rows: GET /memberships/plans, POST /memberships/plans, PATCH /memberships/plans/:id,
// DELETE /memberships/plans/:id, POST /memberships/subscribe, GET /memberships/subscription,
// POST /memberships/cancel
// Flaws: F42, F84
TEST_F(GymInvitationsTest, PlansAreSoldOnceAndChargedOnce) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const Answer made = api_.Post("/memberships/plans", gym.owner,
                                {{"name", "Gold"},
                                 {"price", 49.9},
                                 {"billingCycle", "quarterly"},
                                 {"features", {"sauna"}},
                                 {"sessionsPerMonth", -1}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(KeysOf(made.body),
            (std::set<std::string>{"id", "tenantId", "name", "description", "price", "currency",
                                   "billingCycle", "features", "sessionsPerMonth", "accessLevel",
                                   "isActive", "createdAt", "updatedAt"}));
  EXPECT_EQ(made.body["price"], 49.9);
  EXPECT_EQ(made.body["currency"], "KES");
  EXPECT_EQ(api_.Post("/memberships/plans", mia, {{"name", "X"}, {"price", 1}}).status, 403);
  EXPECT_EQ(api_.Post("/memberships/plans", gym.owner, {{"name", "X"}, {"price", -1}}).status, 400);
  const std::string path = "/memberships/plans/" + made.body["id"].get<std::string>();
  EXPECT_EQ(
      api_.Call("PATCH", path, gym.owner, json{{"price", 60}, {"tenantId", "x"}}).body["price"],
      60);
  EXPECT_EQ(api_.Call("PATCH", path, MakeGym().owner, json{{"price", 1}}).status, 404);
  EXPECT_EQ(api_.Get("/memberships/plans", mia).body.size(), 1u);

  const Answer none = api_.Get("/memberships/subscription", mia);
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.text, "");
  const json wanted = {{"planId", made.body["id"]}};
  EXPECT_EQ(api_.Post("/memberships/subscribe", MakeGym().owner, wanted).status, 404);
  const Answer subscribed = api_.Post("/memberships/subscribe", mia, wanted);
  ASSERT_EQ(subscribed.status, 201) << subscribed.text;
  EXPECT_EQ(subscribed.body["status"], "ACTIVE");
  const auto month = [&](const char* key) {
    const std::string text = subscribed.body[key];
    return std::stoi(text.substr(0, 4)) * 12 + std::stoi(text.substr(5, 2));
  };
  EXPECT_EQ(month("endDate") - month("startDate"), 3);
  EXPECT_EQ(api_.Post("/memberships/subscribe", mia, wanted).status, 400);
  EXPECT_EQ(api_.Get("/memberships/subscription", mia).body["membershipPlan"]["name"], "Gold");
  EXPECT_EQ(api_.Get("/my/business-stats", gym.owner).body["monthlyRevenue"], 60);
  EXPECT_EQ(api_.Get("/my/account/export", mia).body["charges"].size(), 1u);

  const Answer ended = api_.Post("/memberships/cancel", mia, {{"reason", "moving"}});
  EXPECT_EQ(ended.status, 200) << ended.text;
  EXPECT_EQ(ended.body["status"], "CANCELLED");
  EXPECT_EQ(ended.body["cancellationReason"], "moving");
  EXPECT_EQ(api_.Post("/memberships/cancel", mia, json::object()).status, 404);
  EXPECT_EQ(api_.Call("DELETE", path, gym.owner).body["isActive"], false);
  EXPECT_EQ(api_.Get("/memberships/plans", mia).body, json::array());
  EXPECT_EQ(api_.Post("/memberships/subscribe", mia, wanted).status, 404);
}

// Rows: GET /trainer/sessions, GET /trainer/sessions/upcoming, GET /trainer/clients,
// GET /trainer/sessions/:id/roster
// Flaws: F53
TEST_F(GymInvitationsTest, TrainersSeeTheirOwnSessions) {
  const Gym gym = MakeGym();
  const Who jane = Promoted(gym, "TRAINER");
  const Who other_jane = Promoted(gym, "TRAINER");
  for (const Who& who : {jane, other_jane}) {
    api_.Call("PUT", "/my/profile", who, json{{"name", "Jane"}, {"phoneNumber", "007"}});
  }
  const std::string id = api_.Get("/my/profile", jane).body["id"];
  const json mine = MakeSession(gym, 7200, {{"instructor", "Jane"}, {"instructorId", id}});
  const json shared = MakeSession(gym, 3600, {{"instructor", "Jane"}});
  const Who mia = Join(gym);
  api_.Post("/bookings", mia, {{"sessionInstanceId", mine["id"]}});
  const Answer sessions = api_.Get("/trainer/sessions", jane);
  ASSERT_EQ(sessions.body.size(), 2u) << sessions.text;
  EXPECT_EQ(sessions.body[0]["id"], shared["id"]);
  EXPECT_EQ(KeysOf(sessions.body[1]["bookings"][0]["member"]),
            (std::set<std::string>{"id", "name", "email", "phoneNumber", "profilePhoto"}));
  // A session that names somebody is nobody else's, whatever they are called.
  EXPECT_EQ(api_.Get("/trainer/sessions", other_jane).body.size(), 1u);
  const Answer upcoming = api_.Get("/trainer/sessions/upcoming", jane);
  ASSERT_EQ(upcoming.body.size(), 2u);
  EXPECT_EQ(KeysOf(upcoming.body[1]["bookings"][0]["member"]),
            (std::set<std::string>{"id", "name", "email"}));
  const Answer clients = api_.Get("/trainer/clients", jane);
  ASSERT_EQ(clients.body.size(), 1u) << clients.text;
  EXPECT_EQ(KeysOf(clients.body[0]),
            (std::set<std::string>{"id", "name", "email", "phoneNumber", "profilePhoto", "joinDate",
                                   "totalBookings", "attendedSessions", "currentStreak",
                                   "lastVisit", "favoriteSessionType"}));
  EXPECT_EQ(clients.body[0]["totalBookings"], 1);
  EXPECT_EQ(clients.body[0]["lastVisit"], nullptr);
  EXPECT_EQ(api_.Get("/trainer/clients", other_jane).body, json::array());
  const std::string roster = "/trainer/sessions/" + mine["id"].get<std::string>() + "/roster";
  EXPECT_EQ(api_.Get(roster, jane).body["bookings"].size(), 1u);
  EXPECT_EQ(api_.Get(roster, MakeGym().owner).status, 404);
  EXPECT_EQ(api_.Get("/trainer/sessions", mia).status, 403);
  EXPECT_EQ(api_.Get(roster, mia).status, 403);
}

// Rows: GET /reference/onboarding
TEST_F(GymInvitationsTest, OnboardingListsAreForAnybody) {
  const Answer lists = api_.Get("/reference/onboarding");
  ASSERT_EQ(lists.status, 200) << lists.text;
  EXPECT_EQ(lists.body["departments"].size(), 6u);
  EXPECT_EQ(lists.body["departments"][0],
            (json{{"id", "FRONT_DESK"}, {"name", "FRONT_DESK"}, {"displayName", "Front Desk"}}));
  EXPECT_EQ(lists.body["shifts"][0]["timeRange"], "6AM - 2PM");
  EXPECT_EQ(lists.body["languages"].size(), 8u);
  EXPECT_EQ(lists.body["activities"].size(), 12u);
  EXPECT_EQ(lists.body["equipment"].size(), 31u);
  EXPECT_EQ(lists.body["facilityServices"].size(), 16u);
  EXPECT_EQ(lists.body["responsibilities"]["SALES"][0]["department"], "SALES");
  EXPECT_FALSE(lists.body["responsibilities"]["COMMON"][0].contains("department"));
  EXPECT_EQ(api_.Get("/reference/onboarding", {"", "bad"}).status, 400);
}

// Rows: POST /auth/google, GET /reference/countries, GET /reference/provinces,
// GET /reference/country, GET /reference/locations/search, GET /reference/locations/validate,
// POST /payments/requests, GET /payments/client/pending, GET /payments/trainer/sent,
// GET /payments/requests/:id, GET /payments/history, POST /payments/mpesa/initiate,
// POST /payments/mpesa/callback, GET /payments/trainer/revenue,
// GET /payments/owner/trainer-earnings, POST /payments/owner/payouts/:id/status,
// GET /sessions/recommended, GET /sessions/:id/weather, GET /sessions/:id/weather/safety, GET /sessions/:id/weather/forecast
// Flaws: F60, F79
TEST_F(GymInvitationsTest, WhatComesLaterIsUnknown) {
  const Gym gym = MakeGym();
  for (const char* path :
       {"/reference/countries", "/reference/provinces", "/reference/country",
        "/reference/locations/search", "/reference/locations/validate", "/payments/client/pending",
        "/payments/trainer/sent", "/payments/requests/1", "/payments/history",
        "/payments/trainer/revenue", "/payments/owner/trainer-earnings", "/sessions/1/weather",
        "/sessions/1/weather/safety", "/sessions/1/weather/forecast"}) {
    ExpectError(api_.Get(path, gym.owner), 404, std::string("Cannot GET ") + path, path);
  }
  EXPECT_EQ(api_.Get("/sessions/recommended", gym.owner).status, 404);
  for (const char* path : {"/auth/google", "/payments/requests", "/payments/mpesa/initiate",
                           "/payments/mpesa/callback", "/payments/owner/payouts/1/status"}) {
    ExpectError(api_.Post(path, gym.owner, json::object()), 404, std::string("Cannot POST ") + path,
                path);
  }
}

}  // namespace
}  // namespace tenantry::contract
