// The main path of a gym, from a place to a seat: gym.md sections 5.2 to 5.6.

#include <algorithm>
#include <filesystem>
#include <thread>

#include "engine/base/time_format.h"
#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

using GymMainPathTest = GymContractTest;
using Keys = std::set<std::string>;

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

const Keys kTypeKeys = {"id",
                        "tenantId",
                        "name",
                        "description",
                        "durationMin",
                        "category",
                        "maxCapacity",
                        "difficulty",
                        "isOutdoor",
                        "requiresWeather",
                        "weatherConditions",
                        "temperatureMin",
                        "temperatureMax",
                        "equipmentRequired",
                        "fitnessLevel",
                        "corporateApproved",
                        "creditPoints",
                        "isActive",
                        "createdAt",
                        "updatedAt"};
const Keys kSessionKeys = {"id",
                           "tenantId",
                           "sessionTypeId",
                           "locationId",
                           "startTime",
                           "endTime",
                           "capacity",
                           "status",
                           "instructor",
                           "notes",
                           "weatherChecked",
                           "weatherSafe",
                           "weatherData",
                           "weatherCheckedAt",
                           "weatherAlertSent",
                           "meetingPoint",
                           "routeDetails",
                           "alternativeVenue",
                           "corporateSessionId",
                           "pointsAwarded",
                           "createdAt",
                           "updatedAt",
                           "instructorId",
                           "currentBookings",
                           "availableSpots",
                           "isBooked",
                           "unlimited"};
const Keys kBookingKeys = {"id",     "tenantId",  "memberId",   "sessionInstanceId",
                           "status", "bookedAt",  "attendedAt", "cancelledAt",
                           "notes",  "createdAt", "updatedAt"};

Keys With(Keys keys, const Keys& more) {
  keys.insert(more.begin(), more.end());
  return keys;
}

// --- Locations ---

TEST_F(GymMainPathTest, LocationsAreCreatedWithEveryField) {
  const Gym gym = MakeGym();
  const Answer made = api_.Post("/locations", gym.owner,
                                {{"name", "Hall"},
                                 {"capacity", 40},
                                 {"timezone", "Africa/Nairobi"},
                                 {"latitude", -1.29},
                                 {"amenities", {"WIFI", "SAUNA"}},
                                 {"equipment", "[\"TREADMILL\"]"},
                                 {"operatingHours", {{"mon", "6-22"}}},
                                 {"tenantId", "someone-else"},
                                 {"nonsense", 1}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(KeysOf(made.body), kLocationKeys);
  EXPECT_EQ(made.body["tenantId"], gym.id);  // F4, F7
  EXPECT_EQ(made.body["capacity"], 40);
  EXPECT_EQ(made.body["latitude"], -1.29);
  EXPECT_EQ(made.body["locationType"], "indoor");
  EXPECT_EQ(made.body["isActive"], true);
  EXPECT_EQ(made.body["address"], nullptr);
  // F61: JSON fields are texts, whichever form came in.
  EXPECT_EQ(json::parse(made.body["amenities"].get<std::string>()), json({"WIFI", "SAUNA"}));
  EXPECT_EQ(json::parse(made.body["equipment"].get<std::string>()), json({"TREADMILL"}));
  EXPECT_EQ(json::parse(made.body["operatingHours"].get<std::string>()), json({{"mon", "6-22"}}));
  EXPECT_EQ(api_.Post("/locations", gym.owner, {{"name", "Hall"}}).status, 409);
}

TEST_F(GymMainPathTest, LocationsAreValidatedAndForManagers) {
  const Gym gym = MakeGym();
  const Answer bad =
      api_.Post("/locations", gym.owner, {{"name", std::string(101, 'x')}, {"capacity", 0}});
  ExpectError(bad, 400, "name must be shorter than or equal to 100 characters", "/locations");
  EXPECT_NE(bad.text.find("capacity must not be less than 1"), std::string::npos);
  EXPECT_EQ(api_.Post("/locations", gym.owner, {{"name", "A"}, {"timezone", "Mars/X"}}).status,
            400);
  // F6
  ExpectError(api_.Post("/locations", Join(gym), {{"name", "A"}}), 403, "Forbidden resource",
              "/locations");
  EXPECT_EQ(api_.Post("/locations", {"", gym.id}, {{"name", "A"}}).status, 401);
}

// R6, F44: with header or token only that gym's; with neither, every gym's.
TEST_F(GymMainPathTest, LocationsAreScopedOrDiscovered) {
  const Gym gym = MakeGym();
  const Gym other = MakeGym();
  const std::string b = MakeLocation(gym, {{"name", "B hall"}});
  const std::string a = MakeLocation(gym, {{"name", "A hall"}});
  MakeLocation(gym, {{"name", "C hall"}, {"isActive", false}});
  const std::string foreign = MakeLocation(other);
  for (const Who& who : {Who{"", gym.id}, Who{gym.owner.token, ""}, gym.owner}) {
    const Answer list = api_.Get("/locations", who);
    ASSERT_EQ(list.status, 200);
    ASSERT_EQ(list.body.size(), 2u) << list.text;
    EXPECT_EQ(list.body[0]["id"], a);
    EXPECT_EQ(list.body[1]["id"], b);
    EXPECT_EQ(KeysOf(list.body[0]), kLocationKeys);
  }
  Keys seen;
  for (const json& location : api_.Get("/locations").body) seen.insert(location["id"]);
  EXPECT_TRUE(seen.count(a) == 1 && seen.count(b) == 1 && seen.count(foreign) == 1);
  EXPECT_EQ(api_.Get("/locations", {"", "bad"}).status, 400);
  EXPECT_EQ(api_.Get("/locations", {"stale", ""}).status, 200);
  EXPECT_EQ(api_.Get("/locations/" + foreign).status, 200);
  ExpectError(api_.Get("/locations/" + foreign, {"", gym.id}), 404,
              "Location with ID " + foreign + " not found", "/locations/" + foreign);
}

// --- Session types ---

TEST_F(GymMainPathTest, SessionTypesTakeAliasesAndAnyCategory) {
  const Gym gym = MakeGym();
  const Answer made =
      api_.Post("/session-types", gym.owner,
                {{"name", "Lift"}, {"category", "STRENGTH"}, {"duration", 45}, {"capacity", 12}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(KeysOf(made.body), kTypeKeys);
  EXPECT_EQ(made.body["durationMin"], 45);
  EXPECT_EQ(made.body["maxCapacity"], 12);
  EXPECT_EQ(made.body["difficulty"], "intermediate");
  EXPECT_EQ(made.body["corporateApproved"], true);
  EXPECT_EQ(made.body["temperatureMin"], nullptr);
  EXPECT_EQ(api_.Post("/session-types", gym.owner,
                      {{"name", "Lift"}, {"category", "x"}, {"durationMin", 1}})
                .status,
            409);
  const Answer bad = api_.Post("/session-types", gym.owner,
                               {{"name", "B"}, {"durationMin", 0.5}, {"difficulty", "hard"}});
  ExpectError(bad, 400, "durationMin must be an integer number", "/session-types");
  EXPECT_NE(bad.text.find("category"), std::string::npos);
  EXPECT_NE(bad.text.find("difficulty must be one of the following values: beginner, intermediate"),
            std::string::npos);
  EXPECT_EQ(
      api_.Post("/session-types", Join(gym), {{"name", "C"}, {"category", "x"}, {"durationMin", 1}})
          .status,
      403);
}

TEST_F(GymMainPathTest, SessionTypesAreListedByName) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  MakeType(gym, {{"name", "Zumba"}, {"category", "group"}});
  MakeType(gym, {{"name", "Abs"}, {"category", "pt"}});
  MakeType(gym, {{"name", "Old"}, {"isActive", false}});
  const Answer all = api_.Get("/session-types", member);
  ASSERT_EQ(all.body.size(), 2u) << all.text;
  EXPECT_EQ(all.body[0]["name"], "Abs");
  EXPECT_EQ(api_.Get("/session-types?category=group", member).body.size(), 1u);
  EXPECT_EQ(api_.Get("/session-types/category/group", member).body.size(), 1u);
  EXPECT_EQ(api_.Get("/session-types?active=false", member).body[0]["name"], "Old");
  EXPECT_EQ(api_.Get("/session-types", {"", gym.id}).status, 401);
  ExpectError(api_.Get("/session-types/nope", member), 404, "Session type with ID nope not found",
              "/session-types/nope");
}

// --- Sessions ---

TEST_F(GymMainPathTest, SessionsAreCreatedWithDefaults) {
  const Gym gym = MakeGym();
  const std::string type = MakeType(gym, {{"durationMin", 90}, {"maxCapacity", 8}});
  const Answer made = api_.Post("/sessions", gym.owner,
                                SessionBody(gym, 0,
                                            {{"sessionTypeId", type},
                                             {"startTime", "2031-05-01T10:00:00.123456+02:00"},
                                             {"instructorName", "Jane"}}));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(KeysOf(made.body), With(kSessionKeys, {"sessionType", "location", "bookings"}));
  EXPECT_EQ(KeysOf(made.body["sessionType"]), kTypeKeys);
  EXPECT_EQ(KeysOf(made.body["location"]), kLocationKeys);
  EXPECT_EQ(made.body["bookings"], json::array());
  EXPECT_EQ(made.body["startTime"], "2031-05-01T08:00:00.123Z");
  EXPECT_EQ(made.body["endTime"], "2031-05-01T09:30:00.123Z");
  EXPECT_EQ(made.body["capacity"], 8);
  EXPECT_EQ(made.body["availableSpots"], 8);
  EXPECT_EQ(made.body["unlimited"], false);
  EXPECT_EQ(made.body["instructor"], "Jane");
  EXPECT_EQ(made.body["status"], "scheduled");
  EXPECT_EQ(made.body["weatherChecked"], false);
  const json open = MakeSession(gym, kDay);
  EXPECT_EQ(open["capacity"], nullptr);
  EXPECT_EQ(open["availableSpots"], 9999);  // F22
  EXPECT_EQ(open["unlimited"], true);
}

TEST_F(GymMainPathTest, SessionsAreRefusedForTheirReasons) {
  const Gym gym = MakeGym();
  const Gym other = MakeGym();
  const json made = MakeSession(gym, kDay);
  json body = {{"sessionTypeId", made["sessionTypeId"]},
               {"locationId", made["locationId"]},
               {"startTime", made["startTime"]}};
  EXPECT_EQ(api_.Post("/sessions", gym.owner, body).status, 409);
  body["startTime"] = made["endTime"];  // Touching ends are fine.
  EXPECT_EQ(api_.Post("/sessions", gym.owner, body).status, 201);
  body["endTime"] = body["startTime"];
  EXPECT_EQ(api_.Post("/sessions", gym.owner, body).status, 400);
  const std::string foreign = MakeType(other);
  body["sessionTypeId"] = foreign;
  ExpectError(api_.Post("/sessions", gym.owner, body), 404,
              "Session type with ID " + foreign + " not found", "/sessions");
  body["startTime"] = "2031-05-01T10:00:00";  // No zone.
  ExpectError(api_.Post("/sessions", gym.owner, body), 400,
              "startTime must be a valid ISO 8601 date string", "/sessions");
  EXPECT_EQ(api_.Post("/sessions", Join(gym), body).status, 403);  // F6
}

TEST_F(GymMainPathTest, SessionListsArePages) {
  const Gym gym = MakeGym();
  const std::string place = MakeLocation(gym);
  for (const int64_t day : {3, 1, 2}) MakeSession(gym, day * kDay, {{"locationId", place}});
  const Who anyone{"", gym.id};
  const Answer page = api_.Get("/sessions?limit=2", anyone);
  ASSERT_EQ(page.status, 200) << page.text;
  EXPECT_EQ(page.body["pagination"],
            json({{"page", 1}, {"limit", 2}, {"total", 3}, {"hasNext", true}}));
  ASSERT_EQ(page.body["data"].size(), 2u);
  EXPECT_LT(page.body["data"][0]["startTime"], page.body["data"][1]["startTime"]);
  EXPECT_EQ(KeysOf(page.body["data"][0]),
            With(kSessionKeys, {"sessionType", "location", "bookings"}));
  const Answer last = api_.Get("/sessions?limit=2&page=2", anyone);
  EXPECT_EQ(last.body["data"].size(), 1u);
  EXPECT_EQ(last.body["pagination"]["hasNext"], false);
  const std::string day = InSeconds(2 * kDay).substr(0, 10);
  EXPECT_EQ(api_.Get("/sessions?date=" + day, anyone).body["pagination"]["total"], 1);
  EXPECT_EQ(api_.Get("/sessions?locationId=" + place, anyone).body["pagination"]["total"], 3);
  EXPECT_EQ(api_.Get("/sessions?category=class", anyone).body["pagination"]["total"], 3);
  EXPECT_EQ(api_.Get("/sessions?category=none", anyone).body["pagination"]["total"], 0);
  EXPECT_EQ(api_.Get("/sessions?status=nonsense", anyone).body["data"], json::array());
}

// F45: bad parameters are the client's fault.
TEST_F(GymMainPathTest, BadListParametersAreRefused) {
  for (const char* query :
       {"page=0", "page=x", "limit=0", "limit=-1", "limit=1.5", "date=soon", "date=2026-02-30"}) {
    const std::string path = std::string("/sessions?") + query;
    EXPECT_EQ(api_.Get(path).status, 400) << query;
  }
  EXPECT_EQ(api_.Get("/sessions?limit=1000").body["pagination"]["limit"], 100);
}

// F24, F23.
TEST_F(GymMainPathTest, AvailableSessionsHaveRoomAndLieAhead) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  MakeSession(gym, -kHour);
  const json full = MakeSession(gym, kDay, {{"capacity", 1}});
  const json free = MakeSession(gym, 2 * kDay, {{"capacity", 1}});
  const json gone = MakeSession(gym, 3 * kDay);
  ASSERT_EQ(api_.Post("/bookings", member, {{"sessionInstanceId", full["id"]}}).status, 201);
  ASSERT_EQ(
      api_.Call("PUT", "/sessions/" + gone["id"].get<std::string>() + "/cancel", gym.owner).status,
      200);
  const Answer available = api_.Get("/sessions/available?limit=1", {"", gym.id});
  ASSERT_EQ(available.status, 200) << available.text;
  EXPECT_EQ(available.body["pagination"]["total"], 1);
  EXPECT_EQ(available.body["data"][0]["id"], free["id"]);
}

// R6 and discovery.
TEST_F(GymMainPathTest, SessionsAreScopedOrDiscovered) {
  const Gym gym = MakeGym();
  const Gym other = MakeGym();
  const json mine = MakeSession(gym, kDay);
  const json theirs = MakeSession(other, kDay);
  const std::string path = "/sessions/" + theirs["id"].get<std::string>();
  EXPECT_EQ(api_.Get("/sessions", gym.owner).body["pagination"]["total"], 1);
  const int total = api_.Get("/sessions").body["pagination"]["total"];
  EXPECT_GE(total, 2);
  EXPECT_EQ(api_.Get(path).status, 200);
  ExpectError(api_.Get(path, gym.owner), 404,
              "Session instance with ID " + theirs["id"].get<std::string>() + " not found", path);
  ExpectError(api_.Get("/sessions/nope"), 404, "Session instance with ID nope not found",
              "/sessions/nope");
  EXPECT_EQ(api_.Call("PUT", path + "/cancel", gym.owner).status, 404);
}

// F9: strangers see how full a session is, not who comes.
TEST_F(GymMainPathTest, RostersAreRedacted) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const Who noah = Join(gym);
  const json session = MakeSession(gym, kDay);
  const std::string path = "/sessions/" + session["id"].get<std::string>();
  for (const Who& who : {mia, noah}) {
    ASSERT_EQ(
        api_.Post("/bookings", who, {{"sessionInstanceId", session["id"]}, {"notes", "bad knee"}})
            .status,
        201);
  }
  const json full = api_.Get(path, gym.owner).body;
  ASSERT_EQ(full["bookings"].size(), 2u);
  EXPECT_EQ(KeysOf(full["bookings"][0]), With(kBookingKeys, {"member"}));
  EXPECT_EQ(full["bookings"][0]["member"]["name"], "Mia Member");
  EXPECT_EQ(full["isBooked"], false);
  EXPECT_EQ(full["currentBookings"], 2);
  const json own = api_.Get(path, mia).body;
  EXPECT_EQ(own["isBooked"], true);
  int visible = 0;
  for (const json& booking : own["bookings"]) visible += booking["memberId"] != "" ? 1 : 0;
  EXPECT_EQ(visible, 1);
  for (const Who& who : {Who{}, Who{"", gym.id}, Who{"stale", gym.id}}) {
    const Answer anonymous = api_.Get(path, who);
    ASSERT_EQ(anonymous.body["bookings"].size(), 2u);
    EXPECT_EQ(anonymous.body["bookings"][0]["member"],
              json({{"id", ""}, {"name", nullptr}, {"email", ""}}));
    EXPECT_EQ(anonymous.body["bookings"][0]["status"], "confirmed");
    EXPECT_EQ(anonymous.text.find("Mia"), std::string::npos);
    EXPECT_EQ(anonymous.text.find("bad knee"), std::string::npos);
  }
}

TEST_F(GymMainPathTest, SessionsArePatched) {
  const Gym gym = MakeGym();
  const json session = MakeSession(gym, kDay, {{"capacity", 2}, {"notes", "mat"}});
  const std::string path = "/sessions/" + session["id"].get<std::string>();
  ASSERT_EQ(api_.Post("/bookings", Join(gym), {{"sessionInstanceId", session["id"]}}).status, 201);
  ASSERT_EQ(api_.Post("/bookings", Join(gym), {{"sessionInstanceId", session["id"]}}).status, 201);
  const Answer moved = api_.Call(
      "PATCH", path, gym.owner,
      json{{"startTime", "2020-01-01T10:00:00Z"}, {"notes", nullptr}, {"status", "cancelled"}});
  ASSERT_EQ(moved.status, 200) << moved.text;
  EXPECT_EQ(KeysOf(moved.body), With(kSessionKeys, {"sessionType", "location"}));
  EXPECT_EQ(moved.body["endTime"], "2020-01-01T11:00:00.000Z");  // F57
  EXPECT_EQ(moved.body["notes"], nullptr);
  EXPECT_EQ(moved.body["status"], "scheduled");
  EXPECT_EQ(api_.Call("PATCH", path, gym.owner, json{{"capacity", 1}}).status, 409);
  EXPECT_EQ(api_.Call("PATCH", "/sessions/nope", gym.owner, json::object()).status, 404);
  EXPECT_EQ(api_.Call("PATCH", path, Join(gym), json::object()).status, 403);
}

// F25.
TEST_F(GymMainPathTest, CancellingASessionCancelsItsBookings) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const json session = MakeSession(gym, kDay);
  const std::string path = "/sessions/" + session["id"].get<std::string>() + "/cancel";
  ASSERT_EQ(api_.Post("/bookings", member, {{"sessionInstanceId", session["id"]}}).status, 201);
  EXPECT_EQ(api_.Call("PUT", path, member).status, 403);
  for (int i = 0; i < 2; ++i) {
    const Answer cancelled = api_.Call("PUT", path, gym.owner);
    ASSERT_EQ(cancelled.status, 200) << cancelled.text;
    EXPECT_EQ(KeysOf(cancelled.body), kSessionKeys);
    EXPECT_EQ(cancelled.body["status"], "cancelled");
  }
  EXPECT_EQ(api_.Get("/bookings/my", member).body[0]["status"], "cancelled");
  const Answer late = api_.Post("/bookings", member, {{"sessionInstanceId", session["id"]}});
  EXPECT_EQ(late.status, 400) << late.text;
}

// F39, R2.
TEST_F(GymMainPathTest, CheckInMarksTheBookingAttended) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const json session = MakeSession(gym, kDay);
  const std::string path = "/sessions/" + session["id"].get<std::string>();
  EXPECT_EQ(api_.Call("POST", path + "/checkin", member).status, 404);
  ASSERT_EQ(api_.Post("/bookings", member, {{"sessionInstanceId", session["id"]}}).status, 201);
  EXPECT_EQ(api_.Call("POST", path + "/checkin", member).status, 400);
  ASSERT_EQ(api_.Call("PATCH", path, gym.owner, json{{"startTime", InSeconds(-5 * kHour)}}).status,
            200);
  EXPECT_EQ(api_.Call("POST", path + "/checkin", member).status, 400);
  ASSERT_EQ(api_.Call("PATCH", path, gym.owner, json{{"startTime", InSeconds(-60)}}).status, 200);
  const Answer attended = api_.Call("POST", path + "/checkin", member);
  ASSERT_EQ(attended.status, 200) << attended.text;
  EXPECT_EQ(KeysOf(attended.body), With(kBookingKeys, {"sessionInstance", "member"}));
  EXPECT_EQ(attended.body["status"], "attended");
  EXPECT_NE(attended.body["attendedAt"], nullptr);
  EXPECT_EQ(api_.Post(path + "/checkin", member, {{"memberId", gym.auth["member"]["id"]}}).status,
            403);
}

// --- Bookings ---

TEST_F(GymMainPathTest, BookingsAreMadeListedAndCancelled) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const json session = MakeSession(gym, kDay, {{"capacity", 1}});
  const json body = {{"sessionInstanceId", session["id"]}, {"notes", "near the door"}};
  const Answer made = api_.Post("/bookings", member, body);
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(KeysOf(made.body), With(kBookingKeys, {"sessionInstance", "member"}));
  EXPECT_EQ(KeysOf(made.body["member"]), (Keys{"id", "name", "email"}));
  EXPECT_EQ(made.body["sessionInstance"]["sessionType"]["id"], session["sessionTypeId"]);
  EXPECT_EQ(made.body["status"], "confirmed");
  EXPECT_EQ(made.body["notes"], "near the door");
  EXPECT_EQ(api_.Post("/bookings", member, body).status, 409);
  ExpectError(api_.Post("/bookings", Join(gym), body), 409, "full", "/bookings");  // R8

  for (const char* path : {"/bookings/my", "/my/bookings", "/my/bookings?status=confirmed"}) {
    const Answer mine = api_.Get(path, member);
    ASSERT_EQ(mine.body.size(), 1u) << mine.text;
    EXPECT_EQ(KeysOf(mine.body[0]), With(kBookingKeys, {"sessionInstance"}));
    EXPECT_EQ(mine.body[0]["id"], made.body["id"]);
  }
  EXPECT_EQ(api_.Get("/bookings/my?status=cancelled", member).body, json::array());
  EXPECT_EQ(api_.Get("/bookings/my?status=nonsense", member).body, json::array());

  const std::string path = "/bookings/" + made.body["id"].get<std::string>();
  EXPECT_EQ(api_.Get(path, gym.owner).status, 200);
  // F17: somebody else's booking is not there.
  const Who stranger = Join(gym);
  ExpectError(api_.Get(path, stranger), 404,
              "Booking with ID " + made.body["id"].get<std::string>() + " not found", path);
  EXPECT_EQ(api_.Call("DELETE", path, stranger).status, 404);

  const Answer cancelled = api_.Call("DELETE", path, member);
  ASSERT_EQ(cancelled.status, 200) << cancelled.text;
  EXPECT_EQ(cancelled.body["status"], "cancelled");
  EXPECT_NE(cancelled.body["cancelledAt"], nullptr);
  EXPECT_EQ(api_.Call("DELETE", path, member).status, 400);
  // F38: it can be made again, and is the same one.
  const Answer revived = api_.Post("/bookings", member, {{"sessionInstanceId", session["id"]}});
  ASSERT_EQ(revived.status, 201) << revived.text;
  EXPECT_EQ(revived.body["id"], made.body["id"]);
  EXPECT_EQ(revived.body["cancelledAt"], nullptr);
  EXPECT_EQ(revived.body["notes"], nullptr);
}

TEST_F(GymMainPathTest, BookingsAreRefusedForTheirReasons) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  ExpectError(api_.Post("/bookings", member, json::object()), 400, "sessionInstanceId",
              "/bookings");
  ExpectError(api_.Post("/bookings", member, {{"sessionInstanceId", "nope"}}), 404,
              "Session instance with ID nope not found", "/bookings");
  const json foreign = MakeSession(MakeGym(), kDay);
  EXPECT_EQ(api_.Post("/bookings", member, {{"sessionInstanceId", foreign["id"]}}).status, 404);
  const json past = MakeSession(gym, -10);
  EXPECT_EQ(api_.Post("/bookings", member, {{"sessionInstanceId", past["id"]}}).status, 400);
  const json soon = MakeSession(gym, kHour);
  const Answer made = api_.Post("/bookings", member, {{"sessionInstanceId", soon["id"]}});
  ASSERT_EQ(made.status, 201);
  const std::string path = "/bookings/" + made.body["id"].get<std::string>();
  EXPECT_EQ(api_.Call("DELETE", path, member).status, 400);
  EXPECT_EQ(api_.Call("DELETE", path, gym.owner).status, 200);
}

// F27: sixteen members race for one seat. F29: and one member books sixteen times at once.
TEST_F(GymMainPathTest, RacesHaveOneWinner) {
  const Gym gym = MakeGym();
  const json one_seat = MakeSession(gym, kDay, {{"capacity", 1}});
  const json roomy = MakeSession(gym, kDay);
  std::vector<Who> racers;
  for (int i = 0; i < 16; ++i) racers.push_back(Join(gym));
  for (const bool same_member : {false, true}) {
    const json body = {{"sessionInstanceId", same_member ? roomy["id"] : one_seat["id"]}};
    std::vector<int> statuses(racers.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < racers.size(); ++i) {
      threads.emplace_back([&, i] {
        statuses[i] = api_.Post("/bookings", racers[same_member ? 0 : i], body).status;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 201), 1) << same_member;
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 409), 15) << same_member;
  }
}

// What was answered is there after the server was ended and started again, tokens included.
TEST_F(GymMainPathTest, BookingsOutliveTheServer) {
  TemporaryFolder folder;
  const auto start = [&folder] {
    // The line that says "listening" must be the new server's.
    std::filesystem::remove(folder.path() + "/server.out");
    return load::ServerProcess::Start(ServerBinary(), folder.path(), {});
  };
  std::string token, id;
  {
    Result<load::ServerProcess> server = start();
    ASSERT_TRUE(server.ok()) << server.status().ToString();
    api_ = GymApi(server->url());
    const Gym gym = MakeGym();
    token = gym.owner.token;
    const json session = MakeSession(gym, kDay);
    id = api_.Post("/bookings", gym.owner, {{"sessionInstanceId", session["id"]}}).body["id"];
    EXPECT_EQ(server->Stop(), 0);
  }
  Result<load::ServerProcess> server = start();
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  const Answer booking = GymApi(server->url()).Get("/bookings/" + id, {token, ""});
  EXPECT_EQ(booking.status, 200) << booking.text;
  EXPECT_EQ(server->Stop(), 0);
}

}  // namespace
}  // namespace tenantry::contract
