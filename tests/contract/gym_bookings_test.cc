// Bookings of the gym API.

#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

class GymBookingsTest : public GymContractTest {
 protected:
  json Book(const Who& who, const std::string& session, const json& more = json::object()) const {
    json body = {{"sessionInstanceId", session}};
    body.update(more);
    const Answer made = api_.Post("/bookings", who, body);
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body;
  }
  // Moves a session, since nobody can move the clock.
  void StartIn(const Gym& gym, const std::string& session, int64_t seconds) const {
    const Answer moved = api_.Call("PATCH", "/sessions/" + session, gym.owner,
                                   json{{"startTime", InSeconds(seconds)}});
    EXPECT_EQ(moved.status, 200) << moved.text;
  }
};

const std::set<std::string> kBookingKeys = {
    "id",         "tenantId",    "memberId", "sessionInstanceId", "status",   "bookedAt",
    "attendedAt", "cancelledAt", "notes",    "createdAt",         "updatedAt"};

std::set<std::string> With(std::set<std::string> keys, std::initializer_list<const char*> more) {
  keys.insert(more.begin(), more.end());
  return keys;
}

// Rows: POST /bookings
// Flaws: F27, F29
TEST_F(GymBookingsTest, BookingChecksInTheStatedOrder) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const std::string session = MakeSession(gym, 86400, {{"capacity", 1}})["id"];
  ExpectError(api_.Post("/bookings", member, json::object()), 400, "sessionInstanceId",
              "/bookings");
  ExpectError(api_.Post("/bookings", member,
                        {{"sessionInstanceId", session}, {"notes", std::string(501, 'x')}}),
              400, "notes must be shorter than or equal to 500 characters", "/bookings");
  ExpectError(api_.Post("/bookings", MakeGym().owner, {{"sessionInstanceId", session}}), 404,
              "Session instance with ID " + session + " not found", "/bookings");
  const json made = Book(member, session, {{"notes", "front row"}});
  EXPECT_EQ(KeysOf(made), With(kBookingKeys, {"sessionInstance", "member"}));
  EXPECT_EQ(made["status"], "confirmed");
  EXPECT_EQ(made["notes"], "front row");
  EXPECT_TRUE(made["sessionInstance"].contains("sessionType"));
  ExpectError(api_.Post("/bookings", member, {{"sessionInstanceId", session}}), 409,
              "You have already booked", "/bookings");
  ExpectError(api_.Post("/bookings", gym.owner,
                        {{"sessionInstanceId", session}, {"memberId", made["memberId"]}}),
              409, "This member has already booked", "/bookings");
  ExpectError(api_.Post("/bookings", gym.owner, {{"sessionInstanceId", session}}), 409, "full",
              "/bookings");
  const std::string begun = MakeSession(gym, -60)["id"];
  ExpectError(api_.Post("/bookings", member, {{"sessionInstanceId", begun}}), 400, "started",
              "/bookings");
  const std::string off = MakeSession(gym, 7200)["id"];
  api_.Call("PUT", "/sessions/" + off + "/cancel", gym.owner);
  ExpectError(api_.Post("/bookings", member, {{"sessionInstanceId", off}}), 400, "not open",
              "/bookings");
  // Crew book for others, members do not.
  const std::string open = MakeSession(gym, 90000)["id"];
  const json other = api_.Get("/bookings/my", member).body[0]["memberId"];
  EXPECT_EQ(Book(gym.owner, open, {{"memberId", other}})["memberId"], other);
  EXPECT_EQ(
      api_.Post("/bookings", Join(gym), {{"sessionInstanceId", open}, {"memberId", other}}).status,
      403);
}

// Rows: GET /bookings/my, GET /my/bookings
// Flaws: F43
TEST_F(GymBookingsTest, MyBookingsHaveTwoPaths) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const json first = Book(member, MakeSession(gym, 86400)["id"]);
  const json second = Book(member, MakeSession(gym, 90000)["id"]);
  Book(gym.owner, MakeSession(gym, 95000)["id"]);
  api_.Call("DELETE", "/bookings/" + first["id"].get<std::string>(), member);
  const Answer mine = api_.Get("/bookings/my", member);
  ASSERT_EQ(mine.body.size(), 2u);
  EXPECT_EQ(mine.body[0]["id"], second["id"]);
  EXPECT_EQ(KeysOf(mine.body[0]), With(kBookingKeys, {"sessionInstance"}));
  EXPECT_EQ(api_.Get("/my/bookings", member).text, mine.text);
  const Answer cancelled = api_.Get("/my/bookings?status=cancelled", member);
  ASSERT_EQ(cancelled.body.size(), 1u);
  EXPECT_EQ(cancelled.body[0]["id"], first["id"]);
  EXPECT_EQ(api_.Get("/bookings/my?status=nonsense", member).body, json::array());
}

// Rows: GET /bookings, GET /bookings/:id
// Flaws: F6, F17
TEST_F(GymBookingsTest, CrewSeeAllAndMembersTheirOwn) {
  const Gym gym = MakeGym();
  const Who ann = Join(gym), ben = Join(gym);
  const std::string session = MakeSession(gym, 86400)["id"];
  const json anns = Book(ann, session);
  const json bens = Book(ben, session);
  Book(ben, MakeSession(gym, 90000)["id"]);
  EXPECT_EQ(api_.Get("/bookings", gym.owner).body.size(), 3u);
  EXPECT_EQ(KeysOf(api_.Get("/bookings", gym.owner).body[0]),
            With(kBookingKeys, {"sessionInstance", "member"}));
  EXPECT_EQ(api_.Get("/bookings?sessionInstanceId=" + session, gym.owner).body.size(), 2u);
  const std::string ben_id = bens["memberId"];
  EXPECT_EQ(api_.Get("/bookings?memberId=" + ben_id, gym.owner).body.size(), 2u);
  EXPECT_EQ(api_.Get("/bookings?status=cancelled", gym.owner).body, json::array());
  const json own = api_.Get("/bookings", ann).body;
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0]["id"], anns["id"]);
  EXPECT_EQ(api_.Get("/bookings?memberId=" + ben_id, ann).body, json::array());
  const std::string path = "/bookings/" + bens["id"].get<std::string>();
  EXPECT_EQ(api_.Get(path, ben).status, 200);
  EXPECT_EQ(api_.Get(path, gym.owner).body["member"]["id"], ben_id);
  ExpectError(api_.Get(path, ann), 404, "Booking with ID", path);
  ExpectError(api_.Get(path, MakeGym().owner), 404, "Booking with ID", path);
  ExpectError(api_.Call("DELETE", path, ann), 404, "Booking with ID", path);
  EXPECT_EQ(api_.Get(path, ben).body["status"], "confirmed");
}

// Rows: DELETE /bookings/:id
// Flaws: F38
TEST_F(GymBookingsTest, CancellingAndBookingAgain) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const std::string session = MakeSession(gym, 86400)["id"];
  const json made = Book(member, session, {{"notes", "a"}});
  const std::string path = "/bookings/" + made["id"].get<std::string>();
  const Answer cancelled = api_.Call("DELETE", path, member);
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(cancelled.body["status"], "cancelled");
  EXPECT_TRUE(cancelled.body["cancelledAt"].is_string());
  ExpectError(api_.Call("DELETE", path, member), 400, "confirmed", path);
  const json again = Book(member, session);
  EXPECT_EQ(again["id"], made["id"]);
  EXPECT_EQ(again["cancelledAt"], nullptr);
  EXPECT_EQ(again["notes"], nullptr);
  // Two hours before the start members keep their booking; crew may still cancel it.
  StartIn(gym, session, 2 * 3600 - 5);
  ExpectError(api_.Call("DELETE", path, member), 400, "2 hours", path);
  StartIn(gym, session, 2 * 3600 + 60);
  EXPECT_EQ(api_.Call("DELETE", path, member).status, 200);
  Book(member, session);
  StartIn(gym, session, 600);
  EXPECT_EQ(api_.Call("DELETE", path, gym.owner).status, 200);
}

// Rows: POST /sessions/:id/checkin, PUT /bookings/:id/no-show
// Flaws: F39
TEST_F(GymBookingsTest, CheckInAndNoShow) {
  const Gym gym = MakeGym();
  const Who ann = Join(gym), ben = Join(gym);
  const std::string session = MakeSession(gym, 7300)["id"];
  const std::string checkin = "/sessions/" + session + "/checkin";
  Book(ann, session);
  const json bens = Book(ben, session);
  const std::string missed = "/bookings/" + bens["id"].get<std::string>() + "/no-show";
  ExpectError(api_.Call("POST", checkin, ann), 400, "starts", checkin);
  ExpectError(api_.Call("PUT", missed, gym.owner), 400, "started", missed);
  ExpectError(api_.Call("POST", checkin, Join(gym)), 404, "confirmed booking", checkin);
  StartIn(gym, session, -60);
  const Answer attended = api_.Call("POST", checkin, ann);
  EXPECT_EQ(attended.status, 200) << attended.text;
  EXPECT_EQ(attended.body["status"], "attended");
  EXPECT_TRUE(attended.body["attendedAt"].is_string());
  EXPECT_EQ(KeysOf(attended.body), With(kBookingKeys, {"sessionInstance", "member"}));
  EXPECT_EQ(api_.Call("POST", checkin, ann).status, 404);
  EXPECT_EQ(api_.Call("PUT", missed, ben).status, 403);
  const Answer absent = api_.Call("PUT", missed, gym.owner);
  EXPECT_EQ(absent.status, 200);
  EXPECT_EQ(absent.body["status"], "no_show");
  ExpectError(api_.Call("PUT", missed, gym.owner), 400, "confirmed", missed);
  ExpectError(api_.Call("PUT", missed, MakeGym().owner), 404, "Booking with ID", missed);
  // Too late, also for crew who check somebody in.
  const std::string old = MakeSession(gym, 86400)["id"];
  Book(ann, old);
  StartIn(gym, old, -3 * 3600);
  const std::string late = "/sessions/" + old + "/checkin";
  ExpectError(api_.Post(late, gym.owner, {{"memberId", attended.body["memberId"]}}), 400, "60 min",
              late);
}

// Rows: GET /my/bookings/history
TEST_F(GymBookingsTest, HistoryIsPaged) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  std::vector<std::string> ids;
  for (int64_t i = 1; i <= 3; ++i)
    ids.push_back(Book(member, MakeSession(gym, i * 86400)["id"])["id"]);
  // Booked again: now the newest.
  api_.Call("DELETE", "/bookings/" + ids[0], member);
  const json first = api_.Get("/bookings/" + ids[0], member).body;
  Book(member, first["sessionInstanceId"]);
  const json page = api_.Get("/my/bookings/history?limit=2", member).body;
  EXPECT_EQ(page["pagination"],
            (json{{"page", 1}, {"limit", 2}, {"total", 3}, {"totalPages", 2}, {"hasNext", true}}));
  ASSERT_EQ(page["bookings"].size(), 2u);
  EXPECT_EQ(page["bookings"][0]["id"], ids[0]);
  EXPECT_EQ(page["bookings"][1]["id"], ids[2]);
  EXPECT_EQ(KeysOf(page["bookings"][0]), With(kBookingKeys, {"sessionInstance"}));
  const json last = api_.Get("/my/bookings/history?limit=2&page=2", member).body;
  EXPECT_EQ(last["bookings"].size(), 1u);
  EXPECT_EQ(last["pagination"]["hasNext"], false);
  EXPECT_EQ(api_.Get("/my/bookings/history?status=cancelled", member).body["pagination"]["total"],
            0);
  for (const char* bad : {"page=0", "limit=x", "page=-1"}) {
    const std::string path = std::string("/my/bookings/history?") + bad;
    ExpectError(api_.Get(path, member), 400, "must", path);
  }
}

}  // namespace
}  // namespace tenantry::contract
