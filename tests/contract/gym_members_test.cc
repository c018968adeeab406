// Members, profiles and what they did: gym.md sections 5.7 and 5.8.

#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

class GymMembersTest : public GymContractTest {
 protected:
  std::string IdOf(const Who& who) const { return api_.Get("/my/profile", who).body["id"]; }
  // The member attends a session that began a minute ago.
  json Attend(const Gym& gym, const Who& who, const json& more = json::object()) const {
    const json session = MakeSession(gym, 3600, more);
    const Answer booked = api_.Post("/bookings", who, {{"sessionInstanceId", session["id"]}});
    EXPECT_EQ(booked.status, 201) << booked.text;
    const std::string path = "/sessions/" + session["id"].get<std::string>();
    EXPECT_EQ(api_.Call("PATCH", path, gym.owner, json{{"startTime", InSeconds(-60)}}).status, 200);
    const Answer in = api_.Call("POST", path + "/checkin", who);
    EXPECT_EQ(in.status, 200) << in.text;
    return session;
  }
};

const std::set<std::string> kProfileKeys = {"id",           "tenantId",         "email",
                                            "name",         "googleId",         "avatarUrl",
                                            "role",         "createdAt",        "updatedAt",
                                            "phoneNumber",  "dateOfBirth",      "gender",
                                            "profilePhoto", "trainerCode",      "trainerType",
                                            "ownerProfile", "trainerProfile",   "clientProfile",
                                            "staffProfile", "profileCompleted", "onboardingStep",
                                            "tenant"};

// Rows: GET /members, POST /members
// Flaws: F41, F6
TEST_F(GymMembersTest, StaffListAndManagersAddMembers) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const std::string email = Fresh("New") + "@Mail.example";
  const Answer added = api_.Post(
      "/members", gym.owner,
      {{"email", email}, {"name", "Nora"}, {"password", "open sesame"}, {"role", "TRAINER"}});
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(KeysOf(added.body),
            (std::set<std::string>{"id", "name", "email", "tenantId", "role", "createdAt"}));
  EXPECT_EQ(added.body["role"], "TRAINER");
  EXPECT_EQ(added.text.find("open sesame"), std::string::npos);
  EXPECT_EQ(api_.Post("/auth/login", {}, {{"email", email}, {"password", "open sesame"}}).status,
            200);
  EXPECT_EQ(api_.Post("/members", gym.owner, {{"email", email}, {"name", "N"}}).status, 409);
  EXPECT_EQ(api_.Post("/members", gym.owner, {{"email", "bad"}, {"name", ""}}).status, 400);
  ExpectError(api_.Post("/members", mia, {{"email", "x@y.example"}, {"name", "X"}}), 403,
              "Forbidden resource", "/members");

  const Answer list = api_.Get("/members", gym.owner);
  ASSERT_EQ(list.status, 200) << list.text;
  ASSERT_EQ(list.body.size(), 3u);
  EXPECT_EQ(list.body[0]["name"], "Nora");
  EXPECT_EQ(KeysOf(list.body[0]),
            (std::set<std::string>{"id", "name", "email", "avatarUrl", "createdAt", "role",
                                   "joinDate", "totalBookings", "currentStreak"}));
  EXPECT_EQ(api_.Get("/members?role=TRAINER", gym.owner).body.size(), 1u);
  EXPECT_EQ(api_.Get("/members?q=nor", gym.owner).body.size(), 1u);
  EXPECT_EQ(api_.Get("/members?q=nora&role=MEMBER", gym.owner).body, json::array());
  EXPECT_EQ(api_.Get("/members?role=KING", gym.owner).body, json::array());
  EXPECT_EQ(api_.Get("/members?page=2&limit=2", gym.owner).body.size(), 1u);
  EXPECT_EQ(api_.Get("/members?limit=0", gym.owner).status, 400);
  EXPECT_EQ(api_.Get("/members", mia).status, 403);
}

// Only owners make owners and admins, or touch them; the last owner stays.
// Rows: GET /members/:id, PUT /members/:id
// Flaws: F41, F4
TEST_F(GymMembersTest, RolesAreChangedFromAbove) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const std::string mia_path = "/members/" + IdOf(mia);
  const std::string owner_path = "/members/" + IdOf(gym.owner);
  const Answer changed = api_.Call(
      "PUT", mia_path, gym.owner,
      json{{"role", "ADMIN"}, {"phoneNumber", "123"}, {"tenantId", "x"}, {"trainerCode", "TR9"}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(KeysOf(changed.body),
            (std::set<std::string>{"id", "role", "phoneNumber", "updatedAt"}));
  const Answer profile = api_.Get(mia_path, gym.owner);
  EXPECT_EQ(profile.body["role"], "ADMIN");
  EXPECT_EQ(profile.body["tenantId"], gym.id);
  EXPECT_EQ(profile.body["trainerCode"], nullptr);
  std::set<std::string> keys = kProfileKeys;
  keys.insert("stats");
  EXPECT_EQ(KeysOf(profile.body), keys);
  EXPECT_EQ(KeysOf(profile.body["stats"]),
            (std::set<std::string>{"totalBookings", "attendanceRate"}));
  // An admin manages, but makes nobody an owner or admin and changes no owner.
  const std::string tom_path = "/members/" + IdOf(Join(gym));
  EXPECT_EQ(api_.Call("PUT", tom_path, mia, json{{"role", "STAFF"}}).status, 200);
  EXPECT_EQ(api_.Call("PUT", tom_path, mia, json{{"role", "OWNER"}}).status, 403);
  EXPECT_EQ(api_.Call("PUT", tom_path, mia, json{{"role", "ADMIN"}}).status, 403);
  EXPECT_EQ(api_.Call("PUT", owner_path, mia, json{{"name", "Usurped"}}).status, 403);
  EXPECT_EQ(api_.Call("PUT", mia_path, mia, json{{"role", "OWNER"}}).status, 403);
  const json admin = {{"email", Fresh("a") + "@mail.example"}, {"name", "A"}, {"role", "ADMIN"}};
  EXPECT_EQ(api_.Post("/members", mia, admin).status, 403);
  EXPECT_EQ(api_.Post("/members", gym.owner, admin).status, 201);
  EXPECT_EQ(api_.Call("PUT", owner_path, gym.owner, json{{"role", "MEMBER"}}).status, 409);
  // Members see themselves and nobody else.
  const Who eve = Join(gym);
  EXPECT_EQ(api_.Get("/members/" + IdOf(eve), eve).status, 200);
  EXPECT_EQ(api_.Get(mia_path, eve).status, 404);
  EXPECT_EQ(api_.Get(mia_path, MakeGym().owner).status, 404);
  EXPECT_EQ(api_.Call("PUT", mia_path, MakeGym().owner, json{{"name", "Y"}}).status, 404);
}

// Rows: PUT /members/:id
TEST_F(GymMembersTest, AChangedEmailIsTheOneToSignInWith) {
  const Gym gym = MakeGym();
  const std::string old_email = Fresh("old") + "@mail.example";
  const std::string new_email = Fresh("new") + "@mail.example";
  const Who mia = Join(gym, old_email);
  const std::string path = "/members/" + IdOf(mia);
  EXPECT_EQ(api_.Call("PUT", path, gym.owner, json{{"email", gym.email}}).status, 409);
  const Answer changed = api_.Call("PUT", path, gym.owner, json{{"email", new_email}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["email"], new_email);
  // The old token names the old e-mail.
  EXPECT_EQ(api_.Get("/my/profile", mia).status, 401);
  const auto login = [&](const std::string& email) {
    return api_.Post("/auth/login", {}, {{"email", email}, {"password", "battery staple"}}).status;
  };
  EXPECT_EQ(login(old_email), 401);
  EXPECT_EQ(login(new_email), 200);
}

// Rows: GET /my/profile, PUT /my/profile, GET /members/my/profile, PUT /members/my/profile
// Flaws: F3, F4
TEST_F(GymMembersTest, OnesOwnProfileHasNoSecretsAndNoProtectedKeys) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const Answer before = api_.Get("/my/profile", mia);
  ASSERT_EQ(before.status, 200) << before.text;
  EXPECT_EQ(KeysOf(before.body), kProfileKeys);
  const Answer changed = api_.Call("PUT", "/my/profile", mia,
                                   json{{"name", "Mia M."},
                                        {"phoneNumber", "0123"},
                                        {"role", "OWNER"},
                                        {"id", "x"},
                                        {"tenantId", "x"},
                                        {"email", "x@y.example"},
                                        {"passwordHash", "x"},
                                        {"refreshToken", "x"},
                                        {"googleId", "x"},
                                        {"trainerCode", "x"},
                                        {"ownerRights", true},
                                        {"createdAt", "2020-01-01T00:00:00Z"}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["name"], "Mia M.");
  EXPECT_EQ(changed.body["phoneNumber"], "0123");
  for (const char* key :
       {"id", "tenantId", "email", "role", "googleId", "trainerCode", "createdAt"}) {
    EXPECT_EQ(changed.body[key], before.body[key]) << key;
  }
  EXPECT_EQ(api_.Get("/members", mia).status, 403);
  const Answer card =
      api_.Call("PUT", "/members/my/profile", mia, json{{"avatar", "https://a.example/b.png"}});
  ASSERT_EQ(card.status, 200) << card.text;
  EXPECT_EQ(KeysOf(card.body),
            (std::set<std::string>{"id", "name", "email", "avatarUrl", "createdAt", "tenantId"}));
  EXPECT_EQ(card.body["avatarUrl"], "https://a.example/b.png");
  EXPECT_EQ(api_.Get("/members/my/profile", mia).body, card.body);
  EXPECT_EQ(api_.Call("PUT", "/my/profile", mia, json{{"name", ""}}).status, 400);
}

// Rows: POST /members/my/profile/complete/owner, POST /members/my/profile/complete/trainer,
// POST /members/my/profile/complete/client, POST /members/my/profile/complete/staff
// Flaws: F3
TEST_F(GymMembersTest, ProfilesAreCompleted) {
  const Gym gym = MakeGym();
  const Answer owner = api_.Post(
      "/members/my/profile/complete/owner", gym.owner,
      {{"businessName", "Iron"}, {"amenities", {"WIFI"}}, {"businessHours", {{"mon", "6-22"}}}});
  ASSERT_EQ(owner.status, 201) << owner.text;
  EXPECT_EQ(KeysOf(owner.body),
            (std::set<std::string>{"success", "message", "profileCompleteness", "member"}));
  std::set<std::string> keys = kProfileKeys;
  keys.erase("tenant");
  EXPECT_EQ(KeysOf(owner.body["member"]), keys);
  EXPECT_EQ(owner.body["profileCompleteness"], 75);
  EXPECT_EQ(owner.body["member"]["profileCompleted"], true);
  EXPECT_EQ(owner.body["member"]["ownerProfile"]["businessName"], "Iron");
  EXPECT_EQ(owner.body["member"]["ownerProfile"]["website"], nullptr);
  EXPECT_EQ(owner.body["member"]["ownerProfile"]["businessHours"]["mon"], "6-22");

  const Who tina = Join(gym);
  const Answer trainer = api_.Post("/members/my/profile/complete/trainer", tina,
                                   {{"specializations", {"YOGA"}},
                                    {"availability", {{"tue", "9-12"}}},
                                    {"hourlyRate", 12.5},
                                    {"role", "OWNER"}});
  ASSERT_EQ(trainer.status, 201) << trainer.text;
  const std::string code = trainer.body["member"]["trainerCode"];
  EXPECT_EQ(code.substr(0, 2), "TR");
  const std::string message = trainer.body["message"];
  EXPECT_EQ(message.substr(message.size() - code.size()), code);
  EXPECT_EQ(trainer.body["member"]["trainerType"], "freelance");
  EXPECT_EQ(trainer.body["member"]["role"], "MEMBER");
  EXPECT_EQ(trainer.body["member"]["trainerProfile"]["businessHours"]["tue"], "9-12");
  // The code is kept, and is nobody else's.
  const Answer again =
      api_.Post("/members/my/profile/complete/trainer", tina, {{"trainerType", "gym_affiliated"}});
  EXPECT_EQ(again.body["member"]["trainerCode"], code);
  EXPECT_EQ(again.body["member"]["trainerType"], "gym_affiliated");
  const Answer other =
      api_.Post("/members/my/profile/complete/trainer", MakeGym().owner, json::object());
  EXPECT_NE(other.body["member"]["trainerCode"], code);

  const Answer client = api_.Post("/members/my/profile/complete/client", Join(gym),
                                  {{"fitnessGoals", {"ENDURANCE"}}, {"phoneNumber", "1"}});
  EXPECT_EQ(client.status, 201) << client.text;
  EXPECT_EQ(client.body["profileCompleteness"], 88);
  EXPECT_EQ(client.body["member"]["clientProfile"]["fitnessGoals"][0], "ENDURANCE");
  const Answer staff =
      api_.Post("/members/my/profile/complete/staff", Join(gym), {{"department", "SALES"}});
  EXPECT_EQ(staff.status, 201) << staff.text;
  EXPECT_EQ(staff.body["member"]["staffProfile"]["department"], "SALES");
  EXPECT_EQ(api_.Post("/members/my/profile/complete/staff", tina, {{"responsibilities", 7}}).status,
            400);
}

// The same numbers wherever they are shown.
// Rows: GET /my/stats, GET /members/my/stats, GET /my/streak, GET /my/attendance, GET /my/events,
// GET /members/stats
// Flaws: F26, F41, F54
TEST_F(GymMembersTest, NumbersAgreeEverywhere) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const Who tom = Join(gym);
  const std::string type = MakeType(gym, {{"name", "Spin"}, {"category", "cycling"}});
  const json session = Attend(gym, mia, {{"sessionTypeId", type}});
  const json later = MakeSession(gym, 86400, {{"sessionTypeId", type}});
  const Answer booked = api_.Post("/bookings", mia, {{"sessionInstanceId", later["id"]}});
  const std::string booking = booked.body["id"];
  EXPECT_EQ(api_.Call("DELETE", "/bookings/" + booking, mia).status, 200);

  const Answer stats = api_.Get("/my/stats", mia);
  ASSERT_EQ(stats.status, 200) << stats.text;
  EXPECT_EQ(stats.body["totalBookings"], 2);
  EXPECT_EQ(stats.body["attendedSessions"], 1);
  EXPECT_EQ(stats.body["cancelledBookings"], 1);
  EXPECT_EQ(stats.body["noShows"], 0);
  EXPECT_EQ(stats.body["attendanceRate"], 100);
  EXPECT_EQ(stats.body["currentStreak"], 1);
  EXPECT_EQ(stats.body["longestStreak"], 1);
  EXPECT_EQ(stats.body["favoriteSessionTypes"],
            json::array({json{{"name", "Spin"}, {"count", 1}}}));
  EXPECT_EQ(stats.body["monthlyActivity"].size(), 12u);
  int attended = 0;
  for (const auto& [month, count] : stats.body["monthlyActivity"].items()) {
    attended += count.get<int>();
  }
  EXPECT_EQ(attended, 1);

  const Answer brief = api_.Get("/members/my/stats", mia);
  EXPECT_EQ(
      KeysOf(brief.body),
      (std::set<std::string>{"totalBookings", "attendedSessions", "attendanceRate", "currentStreak",
                             "favoriteCategories", "lastActivity", "memberSince"}));
  for (const char* key : {"totalBookings", "attendedSessions", "attendanceRate", "currentStreak"}) {
    EXPECT_EQ(brief.body[key], stats.body[key]) << key;
  }
  EXPECT_EQ(brief.body["favoriteCategories"][0]["category"], "cycling");

  const Answer streak = api_.Get("/my/streak", mia);
  EXPECT_EQ(streak.body["currentStreak"], 1);
  EXPECT_EQ(streak.body["lastAttendanceDate"], brief.body["lastActivity"]);
  ASSERT_EQ(streak.body["recentAttendance"].size(), 1u);
  EXPECT_EQ(streak.body["recentAttendance"][0]["count"], 1);
  EXPECT_EQ(streak.body["recentAttendance"][0]["sessionTypes"], json::array({"Spin"}));

  const std::string day = streak.body["recentAttendance"][0]["date"];
  const Answer attendance = api_.Get("/my/attendance?start=" + day + "&end=" + day, mia);
  ASSERT_EQ(attendance.body.size(), 1u) << attendance.text;
  EXPECT_EQ(attendance.body[0]["sessions"][0]["sessionType"], "Spin");
  EXPECT_EQ(attendance.body[0]["sessions"][0]["status"], "attended");
  EXPECT_EQ(api_.Get("/my/attendance?end=2020-01-01", mia).body, json::array());
  EXPECT_EQ(api_.Get("/my/attendance?start=soon", mia).status, 400);

  // Others' events never push one's own out.
  for (int i = 0; i < 3; ++i) Attend(gym, tom);
  const Answer events = api_.Get("/my/events?type=class_attendance&limit=1", mia);
  ASSERT_EQ(events.body.size(), 1u) << events.text;
  EXPECT_EQ(events.body[0]["sessionInstance"]["id"], session["id"]);
  EXPECT_EQ(events.body[0]["sessionInstance"]["sessionType"]["name"], "Spin");
  EXPECT_EQ(events.body[0]["member"]["email"], api_.Get("/my/profile", mia).body["email"]);
  EXPECT_EQ(
      KeysOf(events.body[0]["metadata"]),
      (std::set<std::string>{"sessionType", "location", "duration", "instructor", "checkedInAt"}));
  const Answer all = api_.Get("/my/events", mia);
  ASSERT_EQ(all.body.size(), 4u) << all.text;
  EXPECT_EQ(all.body[0]["type"], "booking_cancelled");
  EXPECT_EQ(KeysOf(all.body[0]),
            (std::set<std::string>{"id", "tenantId", "memberId", "sessionInstanceId", "type",
                                   "metadata", "createdAt"}));
  EXPECT_EQ(api_.Get("/my/events?type=nonsense", mia).body, json::array());
  EXPECT_EQ(api_.Get("/my/events?limit=none", mia).status, 400);

  const Answer overview = api_.Get("/members/stats", gym.owner);
  ASSERT_EQ(overview.status, 200) << overview.text;
  EXPECT_EQ(overview.body["totalMembers"], 3);
  EXPECT_EQ(overview.body["activeThisMonth"], 2);
  EXPECT_EQ(overview.body["newThisMonth"], 3);
  EXPECT_EQ(overview.body["averageStreak"], 0.7);
  EXPECT_EQ(overview.body["topPerformers"].size(), 2u);
  EXPECT_EQ(api_.Get("/members/stats", mia).status, 403);
}

// Rows: GET /my/business-stats, GET /my/analytics
// Flaws: F8
TEST_F(GymMembersTest, BusinessNumbersAreOfOneGym) {
  const Gym other = MakeGym();
  Attend(other, Join(other));
  const Gym gym = MakeGym();
  const std::string place = MakeLocation(gym, {{"country", "Kenya"}});
  const Who mia = Join(gym);
  Attend(gym, mia, {{"locationId", place}});
  const json later = MakeSession(gym, 86400 * 3, {{"locationId", place}});
  api_.Post("/bookings", mia, {{"sessionInstanceId", later["id"]}});
  const Answer stats = api_.Get("/my/business-stats", gym.owner);
  ASSERT_EQ(stats.status, 200) << stats.text;
  EXPECT_EQ(
      KeysOf(stats.body),
      (std::set<std::string>{"totalMembers", "activeMembers", "retentionRate", "monthlyRevenue",
                             "revenueGrowth", "todaySessions", "upcomingBookings", "currency"}));
  EXPECT_EQ(stats.body["totalMembers"], 2);
  EXPECT_EQ(stats.body["activeMembers"], 1);
  EXPECT_EQ(stats.body["retentionRate"], 0.5);
  EXPECT_EQ(stats.body["upcomingBookings"], 1);
  EXPECT_EQ(stats.body["currency"], "KES");
  EXPECT_EQ(api_.Get("/my/business-stats", mia).status, 403);

  const Answer analytics = api_.Get("/my/analytics?days=45", gym.owner);
  ASSERT_EQ(analytics.status, 200) << analytics.text;
  EXPECT_EQ(analytics.body["overview"], stats.body);
  for (const char* key : {"memberGrowth", "revenueGrowth", "sessionAttendance"}) {
    EXPECT_EQ(analytics.body[key].size(), 2u) << key;
  }
  EXPECT_EQ(analytics.body["memberGrowth"][0]["value"], 0);
  EXPECT_EQ(analytics.body["memberGrowth"][1]["value"], 2);
  EXPECT_EQ(analytics.body["sessionAttendance"][1]["value"], 1);
  EXPECT_EQ(analytics.body["topSessionTypes"].size(), 1u);
  EXPECT_EQ(analytics.body["topSessionTypes"][0]["percentage"], 100);
  EXPECT_EQ(analytics.body["peakHours"].size(), 24u);
  EXPECT_EQ(api_.Get("/my/analytics", gym.owner).body["memberGrowth"].size(), 1u);
  EXPECT_EQ(api_.Get("/my/analytics?days=x", gym.owner).status, 400);
  EXPECT_EQ(api_.Get("/my/analytics", mia).status, 403);
}

// Rows: POST /my/favorites/:sessionTypeId, DELETE /my/favorites/:sessionTypeId, GET /my/favorites
TEST_F(GymMembersTest, FavoritesComeAndGo) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const std::string first = MakeType(gym), second = MakeType(gym);
  const std::string root = "/my/favorites/";
  const Answer added = api_.Call("POST", root + first, mia);
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(KeysOf(added.body),
            (std::set<std::string>{"id", "tenantId", "memberId", "sessionTypeId", "createdAt",
                                   "sessionType"}));
  EXPECT_EQ(api_.Call("POST", root + first, mia).status, 409);
  EXPECT_EQ(api_.Call("POST", root + second, mia).status, 201);
  EXPECT_EQ(api_.Call("POST", root + MakeType(MakeGym()), mia).status, 404);
  const Answer list = api_.Get("/my/favorites", mia);
  ASSERT_EQ(list.body.size(), 2u) << list.text;
  EXPECT_TRUE(list.body[0] == added.body || list.body[1] == added.body) << list.text;
  const Answer removed = api_.Call("DELETE", root + first, mia);
  EXPECT_EQ(removed.status, 200);
  EXPECT_EQ(removed.body, (json{{"success", true}}));
  EXPECT_EQ(api_.Call("DELETE", root + first, mia).status, 404);
  EXPECT_EQ(api_.Get("/my/favorites", mia).body.size(), 1u);
  EXPECT_EQ(api_.Get("/my/favorites", gym.owner).body, json::array());
}

}  // namespace
}  // namespace tenantry::contract
