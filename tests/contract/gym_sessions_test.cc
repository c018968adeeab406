// Sessions of the gym API.

#include "engine/base/time_format.h"
#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

class GymSessionsTest : public GymContractTest {
 protected:
  static std::vector<std::string> Ids(const json& list) {
    std::vector<std::string> ids;
    for (const json& item : list) ids.push_back(item["id"]);
    return ids;
  }
  std::vector<std::string> Found(const Gym& gym, const std::string& path) const {
    const Answer answer = api_.Get(path, {"", gym.id});
    EXPECT_EQ(answer.status, 200) << answer.text;
    if (answer.body.is_array()) return Ids(answer.body);
    return Ids(answer.body.contains("data") ? answer.body["data"] : answer.body["results"]);
  }
  Answer Patch(const Gym& gym, const std::string& id, const json& body) const {
    return api_.Call("PATCH", "/sessions/" + id, gym.owner, body);
  }
  std::string Id(const json& session) const { return session["id"]; }
};

using Strings = std::vector<std::string>;

// Rows: POST /sessions, GET /sessions/:id
// Flaws: F23, F22
TEST_F(GymSessionsTest, SessionsOfOnePlaceDoNotOverlap) {
  const Gym gym = MakeGym();
  const std::string place = MakeLocation(gym);
  const std::string type = MakeType(gym, {{"durationMin", 60}, {"maxCapacity", 7}});
  const json here = {{"locationId", place}, {"sessionTypeId", type}};
  const json first = MakeSession(gym, 36000, here);
  EXPECT_EQ(first["capacity"], 7);
  EXPECT_EQ(first["bookings"], json::array());
  EXPECT_EQ(first["status"], "scheduled");
  const auto at = [&](const std::string& start, const std::string& end) {
    json body = here;
    body.update({{"startTime", start}, {"endTime", end}});
    return api_.Post("/sessions", gym.owner, body);
  };
  const std::string start = first["startTime"], end = first["endTime"];
  EXPECT_EQ(at(InSeconds(36000 + 1800), InSeconds(36000 + 5400)).status, 409);
  EXPECT_EQ(at(start, end).status, 409);
  EXPECT_EQ(at(InSeconds(0), start).status, 201);
  EXPECT_EQ(at(end, InSeconds(36000 + 7200)).status, 201);
  ExpectError(at(end, start), 400, "endTime must be after startTime", "/sessions");
  // F23: a cancelled session blocks nothing.
  EXPECT_EQ(api_.Call("PUT", "/sessions/" + Id(first) + "/cancel", gym.owner).status, 200);
  EXPECT_EQ(at(start, end).status, 201);
  ExpectError(api_.Post("/sessions", gym.owner,
                        {{"locationId", "cnone"}, {"sessionTypeId", type}, {"startTime", start}}),
              404, "Location with ID cnone not found", "/sessions");
  ExpectError(api_.Post("/sessions", gym.owner,
                        {{"locationId", place}, {"sessionTypeId", "cnone"}, {"startTime", start}}),
              404, "Session type with ID cnone not found", "/sessions");
  EXPECT_EQ(api_.Post("/sessions", Join(gym), SessionBody(gym, 99999)).status, 403);
}

// Rows: GET /sessions
// Flaws: F44, F45, F52
TEST_F(GymSessionsTest, ListsArePagedAndFilteredByDayOfThePlace) {
  const Gym gym = MakeGym();
  MakeSession(MakeGym(), 3600);
  const std::string auckland = MakeLocation(gym, {{"timezone", "Pacific/Auckland"}});
  const std::string denver = MakeLocation(gym, {{"timezone", "America/Denver"}});
  const auto at = [&](const std::string& place, const std::string& start) {
    return Id(MakeSession(gym, 0, {{"locationId", place}, {"startTime", start}}));
  };
  const std::string a = at(auckland, "2027-06-30T12:30:00Z");  // 1 July 00:30 there.
  const std::string b = at(denver, "2027-07-01T05:30:00Z");    // 30 June 23:30 there.
  const std::string c = at(denver, "2027-07-01T06:30:00Z");    // 1 July 00:30 there.
  EXPECT_EQ(Found(gym, "/sessions?date=2027-07-01"), (Strings{a, c}));
  EXPECT_EQ(Found(gym, "/sessions?date=2027-06-30"), (Strings{b}));
  EXPECT_EQ(Found(gym, "/sessions?locationId=" + denver), (Strings{b, c}));
  EXPECT_EQ(Found(gym, "/sessions?status=cancelled"), Strings{});
  EXPECT_EQ(Found(gym, "/sessions?status=nonsense"), Strings{});
  const json page = api_.Get("/sessions?limit=2&page=1", {"", gym.id}).body;
  EXPECT_EQ(Ids(page["data"]), (Strings{a, b}));
  EXPECT_EQ(page["pagination"], (json{{"page", 1}, {"limit", 2}, {"total", 3}, {"hasNext", true}}));
  for (const char* bad : {"page=0", "limit=0", "limit=x", "date=2027-02-30", "date=soon"}) {
    const std::string path = std::string("/sessions?") + bad;
    ExpectError(api_.Get(path, {"", gym.id}), 400, "must", path);
  }
}

// Rows: GET /sessions/available
// Flaws: F24, F27
TEST_F(GymSessionsTest, AvailableMeansToComeAndNotFull) {
  const Gym gym = MakeGym();
  const std::string full = Id(MakeSession(gym, 7200, {{"capacity", 1}}));
  const std::string free = Id(MakeSession(gym, 9000, {{"capacity", 2}}));
  MakeSession(gym, -3600);
  const std::string unlimited = Id(MakeSession(gym, 10000));
  for (const std::string& id : {full, free}) {
    ASSERT_EQ(api_.Post("/bookings", gym.owner, {{"sessionInstanceId", id}}).status, 201);
  }
  const json page = api_.Get("/sessions/available?limit=1", gym.owner).body;
  EXPECT_EQ(Ids(page["data"]), (Strings{free}));
  EXPECT_EQ(page["pagination"]["total"], 2);
  EXPECT_EQ(page["data"][0]["availableSpots"], 1);
  EXPECT_EQ(page["data"][0]["isBooked"], true);
  EXPECT_EQ(Found(gym, "/sessions/available?limit=1&page=2"), (Strings{unlimited}));
}

// Rows: PATCH /sessions/:id
TEST_F(GymSessionsTest, SessionsAreMovedAndResized) {
  const Gym gym = MakeGym();
  const std::string place = MakeLocation(gym);
  const json session = MakeSession(gym, 36000, {{"locationId", place}, {"capacity", 3}});
  const std::string id = session["id"], path = "/sessions/" + id;
  MakeSession(gym, 72000, {{"locationId", place}});
  const Answer moved = Patch(
      gym, id, {{"startTime", InSeconds(-86400)}, {"status", "cancelled"}, {"tenantId", "cx"}});
  EXPECT_EQ(moved.status, 200) << moved.text;
  EXPECT_EQ(moved.body["status"], "scheduled");
  EXPECT_EQ(moved.body["tenantId"], gym.id);
  EXPECT_FALSE(moved.body.contains("bookings"));
  const auto length = [](const json& of) {
    return *ParseInstant(of["endTime"].get<std::string>()) -
           *ParseInstant(of["startTime"].get<std::string>());
  };
  EXPECT_EQ(length(moved.body), length(session));
  ExpectError(Patch(gym, id, {{"startTime", InSeconds(72000 + 60)}}), 409, "", path);
  EXPECT_EQ(Patch(gym, id, {{"startTime", InSeconds(36000)}}).status, 200);
  for (const Who& who : {gym.owner, Join(gym)}) {
    ASSERT_EQ(api_.Post("/bookings", who, {{"sessionInstanceId", id}}).status, 201);
  }
  ExpectError(Patch(gym, id, {{"capacity", 1}}), 409, "booked", path);
  EXPECT_EQ(Patch(gym, id, {{"capacity", 2}}).body["availableSpots"], 0);
  EXPECT_EQ(Patch(gym, id, {{"capacity", nullptr}}).body["unlimited"], true);
  EXPECT_EQ(api_.Call("PATCH", path, Join(gym), json{{"notes", "x"}}).status, 403);
  ExpectError(api_.Call("PATCH", path, MakeGym().owner, json{{"notes", "x"}}), 404, "not found",
              path);
}

// Rows: PUT /sessions/:id/cancel, DELETE /sessions/:id, PUT /sessions/:id/complete
// Flaws: F25, F45
TEST_F(GymSessionsTest, CancellingAndCompleting) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const std::string id = Id(MakeSession(gym, 7200));
  ASSERT_EQ(api_.Post("/bookings", member, {{"sessionInstanceId", id}}).status, 201);
  const std::string path = "/sessions/" + id;
  ExpectError(api_.Call("PUT", path + "/cancel", MakeGym().owner), 404, "not found",
              path + "/cancel");
  EXPECT_EQ(api_.Call("DELETE", path, member).status, 403);
  const Answer off = api_.Call("DELETE", path, gym.owner);
  EXPECT_EQ(off.status, 200);
  EXPECT_EQ(off.body["status"], "cancelled");
  EXPECT_FALSE(off.body.contains("location"));
  EXPECT_EQ(api_.Call("PUT", path + "/cancel", gym.owner).status, 200);
  EXPECT_EQ(api_.Get("/bookings/my", member).body[0]["status"], "cancelled");
  ExpectError(api_.Call("PUT", path + "/complete", gym.owner), 400, "", path + "/complete");
  const std::string done = Id(MakeSession(gym, -7200));
  const std::string complete = "/sessions/" + done + "/complete";
  EXPECT_EQ(api_.Call("PUT", complete, member).status, 403);
  EXPECT_EQ(api_.Call("PUT", complete, gym.owner).body["status"], "completed");
  ExpectError(api_.Call("PUT", complete, gym.owner), 400, "", complete);
  ExpectError(api_.Call("PUT", "/sessions/" + done + "/cancel", gym.owner), 400, "completed",
              "/sessions/" + done + "/cancel");
  ExpectError(api_.Call("PUT", "/sessions/cnone/complete", gym.owner), 404,
              "Session instance with ID cnone not found", "/sessions/cnone/complete");
}

// Rows: GET /sessions/upcoming, GET /sessions/today
// Flaws: F22, F9, F52
TEST_F(GymSessionsTest, UpcomingAndToday) {
  const Gym gym = MakeGym();
  const std::string type = MakeType(gym, {{"category", "hiking"}});
  const std::string soon = Id(MakeSession(gym, 60, {{"capacity", 1}}));
  const std::string later = Id(MakeSession(gym, 3 * 86400, {{"sessionTypeId", type}}));
  MakeSession(gym, 9 * 86400);
  MakeSession(gym, -90000);
  ASSERT_EQ(api_.Post("/bookings", Join(gym), {{"sessionInstanceId", soon}}).status, 201);
  EXPECT_EQ(Found(gym, "/sessions/upcoming"), (Strings{soon, later}));
  EXPECT_EQ(Found(gym, "/sessions/upcoming?days=1"), (Strings{soon}));
  EXPECT_EQ(Found(gym, "/sessions/upcoming?category=hiking"), (Strings{later}));
  const json list = api_.Get("/sessions/upcoming", {"", gym.id}).body;
  EXPECT_EQ(list[0]["spotsAvailable"], 0);
  EXPECT_EQ(list[0]["isAvailable"], false);
  EXPECT_EQ(list[0]["bookings"][0]["memberId"], "");
  EXPECT_EQ(list[0]["bookings"][0]["member"]["email"], "");
  EXPECT_EQ(list[1]["spotsAvailable"], 9999);
  EXPECT_EQ(list[1]["isAvailable"], true);
  for (const char* bad : {"days=0", "days=x", "days=400"}) {
    const std::string path = std::string("/sessions/upcoming?") + bad;
    ExpectError(api_.Get(path, {"", gym.id}), 400, "days must", path);
  }
  // A zone where it is the same day a few minutes from now, whatever the time of the test is.
  const Gym now = MakeGym();
  const int64_t hour = *ParseInstant(InSeconds(0)) / 3'600'000 % 24;
  const std::string zone = hour < 12 ? "Etc/GMT-6" : "Etc/GMT+6";
  const std::string place = MakeLocation(now, {{"timezone", zone}});
  const std::string today = Id(MakeSession(now, -60, {{"locationId", place}}));
  MakeSession(now, 86400, {{"locationId", place}});
  MakeSession(now, -86400, {{"locationId", place}});
  EXPECT_EQ(Found(now, "/sessions/today"), (Strings{today}));
  EXPECT_EQ(Found(now, "/sessions/today?locationId=cnone"), Strings{});
}

// Rows: GET /sessions/search
// Flaws: F43, F22
TEST_F(GymSessionsTest, SearchFindsWords) {
  const Gym gym = MakeGym();
  const std::string yoga = MakeType(
      gym,
      {{"name", "Morning Yoga"}, {"description", "Gentle stretches"}, {"difficulty", "beginner"}});
  const std::string box = MakeType(gym, {{"name", "Boxing"}, {"category", "pt"}});
  const std::string a =
      Id(MakeSession(gym, 7200, {{"sessionTypeId", yoga}, {"instructor", "José Núñez"}}));
  const std::string b =
      Id(MakeSession(gym, 9000, {{"sessionTypeId", box}, {"instructor", "Jane Doe"}}));
  const std::string c = Id(MakeSession(gym, 5 * 86400, {{"sessionTypeId", yoga}}));
  const auto find = [&](const std::string& query) {
    return Found(gym, "/sessions/search?" + query);
  };
  EXPECT_EQ(find("q=yoga"), (Strings{a, c}));
  EXPECT_EQ(find("q=MORN"), (Strings{a, c}));
  EXPECT_EQ(find("q=stretch"), (Strings{a, c}));
  EXPECT_EQ(find("q=jose"), (Strings{a}));
  EXPECT_EQ(find("q=NU%C3%91EZ"), (Strings{a}));
  EXPECT_EQ(find("q=yoga+jose"), (Strings{a}));
  EXPECT_EQ(find("q=yoga+jane"), Strings{});
  for (const char* slip : {"yga", "yoaga", "yoha", "oyga"}) {
    EXPECT_EQ(find(std::string("q=") + slip), (Strings{a, c})) << slip;
  }
  EXPECT_EQ(find("q=boxnig"), (Strings{b}));
  EXPECT_EQ(find("q=zumba"), Strings{});
  EXPECT_EQ(find("q="), (Strings{a, b, c}));
  EXPECT_EQ(find("category=pt"), (Strings{b}));
  EXPECT_EQ(find("q=yoga&difficulty=beginner"), (Strings{a, c}));
  EXPECT_EQ(find("q=yoga&difficulty=advanced"), Strings{});
  EXPECT_EQ(find("q=yoga&date=" + InSeconds(5 * 86400).substr(0, 10)), (Strings{c}));
  const json found = api_.Get("/sessions/search?q=yoga", {"", gym.id}).body;
  EXPECT_EQ(found["total"], 2);
  EXPECT_TRUE(found["results"][0].contains("spotsAvailable"));
  // Renamed, it is found by its new name only; other gyms' sessions never are.
  api_.Call("PATCH", "/session-types/" + yoga, gym.owner, json{{"name", "Pilates"}});
  EXPECT_EQ(find("q=pilates"), (Strings{a, c}));
  EXPECT_EQ(find("q=yoga"), Strings{});
  EXPECT_EQ(Found(MakeGym(), "/sessions/search?q=boxing"), Strings{});
}

// Rows: GET /sessions/my-bookings
// Flaws: F21
TEST_F(GymSessionsTest, MyBookingsNeedAToken) {
  const Gym gym = MakeGym();
  const Who member = Join(gym), other = Join(gym);
  const std::string id = Id(MakeSession(gym, 7200, {{"capacity", 3}}));
  MakeSession(gym, 9000);
  for (const Who& who : {member, other}) {
    ASSERT_EQ(api_.Post("/bookings", who, {{"sessionInstanceId", id}, {"notes", "hi"}}).status,
              201);
  }
  const json mine = api_.Get("/sessions/my-bookings", member).body;
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0]["id"], id);
  EXPECT_EQ(mine[0]["bookingStatus"], "confirmed");
  EXPECT_EQ(mine[0]["spotsAvailable"], 1);
  EXPECT_EQ(mine[0]["isBooked"], true);
  ASSERT_EQ(mine[0]["bookings"].size(), 2u);
  // Two bookings of one millisecond stand in the order of their random ids.
  const size_t own = mine[0]["bookings"][0]["id"] == mine[0]["bookingId"] ? 0 : 1;
  EXPECT_EQ(mine[0]["bookings"][own]["id"], mine[0]["bookingId"]);
  EXPECT_EQ(mine[0]["bookings"][own]["notes"], "hi");
  EXPECT_EQ(mine[0]["bookings"][1 - own]["memberId"], "");
  EXPECT_EQ(mine[0]["bookings"][1 - own]["notes"], nullptr);
  EXPECT_FALSE(mine[0]["bookings"][0].contains("member"));
  EXPECT_EQ(api_.Get("/sessions/my-bookings", {"", gym.id}).status, 401);
  EXPECT_EQ(api_.Get("/sessions/my-bookings").status, 400);
}

}  // namespace
}  // namespace tenantry::contract
