// Places and session types of the gym API.

#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

class GymPlacesTest : public GymContractTest {
 protected:
  static std::vector<std::string> Names(const json& list) {
    std::vector<std::string> names;
    for (const json& item : list) names.push_back(item["name"]);
    return names;
  }
};

using Strings = std::vector<std::string>;

// Rows: POST /locations, GET /locations, GET /locations/active, GET /locations/:id
// Flaws: F20, F44
TEST_F(GymPlacesTest, LocationsAreMadeListedAndRead) {
  const Gym gym = MakeGym();
  const Gym other = MakeGym();
  MakeLocation(other, {{"name", "Elsewhere"}});
  const std::string b = MakeLocation(gym, {{"name", "Beta"}, {"amenities", {"WIFI"}}});
  MakeLocation(gym, {{"name", "Alpha"}});
  MakeLocation(gym, {{"name", "Closed"}, {"isActive", false}});
  for (const char* path : {"/locations", "/locations/active"}) {
    const Answer list = api_.Get(path, {"", gym.id});
    EXPECT_EQ(list.status, 200);
    EXPECT_EQ(Names(list.body), (Strings{"Alpha", "Beta"})) << path;
  }
  const Answer one = api_.Get("/locations/" + b, {"", gym.id});
  EXPECT_EQ(KeysOf(one.body), kLocationKeys);
  EXPECT_EQ(one.body["amenities"], "[\"WIFI\"]");
  EXPECT_EQ(one.body["timezone"], "UTC");
  ExpectError(api_.Get("/locations/" + b, other.owner), 404, "Location with ID " + b + " not found",
              "/locations/" + b);
  for (const json& bad : {json{{"name", ""}}, json{{"name", std::string(101, 'x')}},
                          json{{"name", "A"}, {"capacity", 0}}, json::object(),
                          json{{"name", "A"}, {"timezone", "Mars/Olympus"}}}) {
    ExpectError(api_.Post("/locations", gym.owner, bad), 400, "", "/locations");
  }
  ExpectError(api_.Post("/locations", gym.owner, {{"name", "Closed"}}), 409, "", "/locations");
}

// Rows: PATCH /locations/:id
// Flaws: F7, F4, F6
TEST_F(GymPlacesTest, LocationsAreChangedButNotMoved) {
  const Gym gym = MakeGym();
  const Gym other = MakeGym();
  const std::string id = MakeLocation(gym, {{"name", "Hall"}, {"address", "Main St 1"}});
  MakeLocation(gym, {{"name", "Pool"}});
  const Answer changed = api_.Call("PATCH", "/locations/" + id, gym.owner,
                                   json{{"name", " Great Hall "},
                                        {"capacity", 30},
                                        {"address", nullptr},
                                        {"tenantId", other.id},
                                        {"id", "c123"},
                                        {"createdAt", "2001-01-01T00:00:00Z"}});
  EXPECT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["name"], "Great Hall");
  EXPECT_EQ(changed.body["capacity"], 30);
  EXPECT_EQ(changed.body["address"], nullptr);
  EXPECT_EQ(changed.body["tenantId"], gym.id);
  EXPECT_EQ(changed.body["id"], id);
  EXPECT_NE(changed.body["createdAt"], "2001-01-01T00:00:00.000Z");
  EXPECT_EQ(api_.Get("/locations/" + id, {"", gym.id}).body, changed.body);
  const std::string path = "/locations/" + id;
  ExpectError(api_.Call("PATCH", path, gym.owner, json{{"name", "Pool"}}), 409, "", path);
  ExpectError(api_.Call("PATCH", path, gym.owner, json{{"name", nullptr}}), 400, "name", path);
  EXPECT_EQ(api_.Call("PATCH", path, gym.owner, json{{"name", "Great Hall"}}).status, 200);
  EXPECT_EQ(api_.Call("PATCH", path, Join(gym), json{{"name", "Mine"}}).status, 403);
  ExpectError(api_.Call("PATCH", path, other.owner, json{{"name", "Mine"}}), 404, "not found",
              path);
}

// Rows: DELETE /locations/:id
// Flaws: F58
TEST_F(GymPlacesTest, AClosedLocationKeepsItsSessionsAndTakesNoNewOnes) {
  const Gym gym = MakeGym();
  const std::string id = MakeLocation(gym);
  const json session = MakeSession(gym, 7200, {{"locationId", id}});
  const std::string path = "/locations/" + id;
  EXPECT_EQ(api_.Call("DELETE", path, Join(gym)).status, 403);
  const Answer closed = api_.Call("DELETE", path, gym.owner);
  EXPECT_EQ(closed.status, 200);
  EXPECT_EQ(closed.body["isActive"], false);
  EXPECT_EQ(api_.Call("DELETE", path, gym.owner).status, 200);
  EXPECT_EQ(api_.Get(path, {"", gym.id}).status, 200);
  EXPECT_TRUE(api_.Get("/locations", {"", gym.id}).body.empty());
  EXPECT_EQ(api_.Get("/sessions/" + session["id"].get<std::string>(), {"", gym.id}).status, 200);
  ExpectError(api_.Post("/sessions", gym.owner, SessionBody(gym, 90000, {{"locationId", id}})), 400,
              "not active", "/sessions");
  ExpectError(api_.Call("DELETE", "/locations/cnone", gym.owner), 404,
              "Location with ID cnone not found", "/locations/cnone");
}

// Rows: GET /locations/search/facilities
TEST_F(GymPlacesTest, FacilitiesAreFound) {
  const Gym gym = MakeGym();
  MakeLocation(gym, {{"name", "Café Süd"},
                     {"address", "Ring 5"},
                     {"city", "Köln"},
                     {"amenities", {"WIFI", "SAUNA"}},
                     {"operatingHours", {{"mon", "9-17"}}}});
  MakeLocation(gym, {{"name", "Annex"}, {"amenities", "[\"WIFI\"]"}, {"locationType", "outdoor"}});
  const auto find = [&](const std::string& query) {
    const Answer found = api_.Get("/locations/search/facilities?" + query, {"", gym.id});
    EXPECT_EQ(found.status, 200) << found.text;
    return Names(found.body);
  };
  EXPECT_EQ(find(""), (Strings{"Annex", "Café Süd"}));
  EXPECT_EQ(find("q=cafe"), (Strings{"Café Süd"}));
  EXPECT_EQ(find("q=RING"), (Strings{"Café Süd"}));
  EXPECT_EQ(find("amenities=wifi"), (Strings{"Annex", "Café Süd"}));
  EXPECT_EQ(find("amenities=WIFI,%20SAUNA"), (Strings{"Café Süd"}));
  EXPECT_EQ(find("equipment=TREADMILL"), Strings{});
  EXPECT_EQ(find("locationType=outdoor"), (Strings{"Annex"}));
  EXPECT_EQ(find("locationType=lunar"), Strings{});
  EXPECT_EQ(find("city=K%C3%B6ln"), (Strings{"Café Süd"}));
  const Answer opened = api_.Get("/locations/search/facilities?q=cafe", {"", gym.id});
  EXPECT_EQ(KeysOf(opened.body[0]), kLocationKeys);
  EXPECT_EQ(opened.body[0]["amenities"], (json{"WIFI", "SAUNA"}));
  EXPECT_EQ(opened.body[0]["photos"], json::array());
  EXPECT_EQ(opened.body[0]["operatingHours"], (json{{"mon", "9-17"}}));
}

// Rows: GET /locations/search/nearby
TEST_F(GymPlacesTest, NearbyPlacesAreFoundByDistance) {
  const Gym gym = MakeGym();
  MakeLocation(gym, {{"name", "Cape Town"}, {"latitude", -33.9249}, {"longitude", 18.4241}});
  MakeLocation(gym, {{"name", "Stellenbosch"}, {"latitude", -33.9321}, {"longitude", 18.8602}});
  MakeLocation(gym, {{"name", "Nowhere"}});
  const Answer near =
      api_.Get("/locations/search/nearby?latitude=-33.93&longitude=18.8&radiusKm=50", {"", gym.id});
  EXPECT_EQ(Names(near.body), (Strings{"Stellenbosch", "Cape Town"}));
  EXPECT_NEAR(near.body[0]["distance"].get<double>(), 5.56, 0.01);
  EXPECT_NEAR(near.body[1]["distance"].get<double>(), 34.69, 0.02);
  EXPECT_EQ(near.body[0]["equipment"], json::array());
  EXPECT_EQ(
      Names(api_.Get("/locations/search/nearby?latitude=-33.93&longitude=18.8", {"", gym.id}).body),
      (Strings{"Stellenbosch"}));
  for (const char* bad : {"", "?latitude=1", "?latitude=x&longitude=2", "?latitude=91&longitude=2",
                          "?latitude=1&longitude=2&radiusKm=-1", "?latitude=nan&longitude=2"}) {
    const std::string path = std::string("/locations/search/nearby") + bad;
    const Answer refused = api_.Get(path, {"", gym.id});
    ExpectError(refused, 400, "must be", path);
  }
}

// Rows: POST /session-types, GET /session-types, GET /session-types/active,
// GET /session-types/category/:category, GET /session-types/:id
TEST_F(GymPlacesTest, SessionTypesAreMadeListedAndRead) {
  const Gym gym = MakeGym();
  const Who member = Join(gym);
  const Answer made =
      api_.Post("/session-types", gym.owner,
                {{"name", "Lift"}, {"category", "STRENGTH"}, {"duration", 45}, {"capacity", 8}});
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["durationMin"], 45);
  EXPECT_EQ(made.body["maxCapacity"], 8);
  EXPECT_EQ(made.body["difficulty"], "intermediate");
  MakeType(gym, {{"name", "Abs"}, {"category", "class"}});
  MakeType(gym, {{"name", "Old"}, {"category", "class"}, {"isActive", false}});
  EXPECT_EQ(Names(api_.Get("/session-types", member).body), (Strings{"Abs", "Lift"}));
  EXPECT_EQ(Names(api_.Get("/session-types/active", member).body), (Strings{"Abs", "Lift"}));
  EXPECT_EQ(Names(api_.Get("/session-types?active=false", member).body), (Strings{"Old"}));
  EXPECT_EQ(Names(api_.Get("/session-types?category=STRENGTH", member).body), (Strings{"Lift"}));
  EXPECT_EQ(Names(api_.Get("/session-types/category/class", member).body), (Strings{"Abs"}));
  EXPECT_EQ(api_.Get("/session-types/category/none", member).body, json::array());
  const std::string id = made.body["id"];
  EXPECT_EQ(api_.Get("/session-types/" + id, member).body, made.body);
  ExpectError(api_.Get("/session-types/" + id, MakeGym().owner), 404,
              "Session type with ID " + id + " not found", "/session-types/" + id);
  EXPECT_EQ(api_.Get("/session-types", {"", gym.id}).status, 401);
  EXPECT_EQ(api_.Post("/session-types", member, {{"name", "X"}}).status, 403);
  ExpectError(api_.Post("/session-types", gym.owner, {{"name", "X"}, {"durationMin", 0}}), 400,
              "durationMin must not be less than 1", "/session-types");
  ExpectError(api_.Post("/session-types", gym.owner,
                        {{"name", "Abs"}, {"durationMin", 1}, {"category", "class"}}),
              409, "", "/session-types");
}

// Rows: PATCH /session-types/:id, DELETE /session-types/:id
// Flaws: F58, F45
TEST_F(GymPlacesTest, SessionTypesAreChangedAndRetired) {
  const Gym gym = MakeGym();
  const std::string id = MakeType(gym, {{"name", "Yoga"}});
  MakeType(gym, {{"name", "Box"}});
  const std::string path = "/session-types/" + id;
  const Answer changed =
      api_.Call("PATCH", path, gym.owner,
                json{{"durationMin", 90}, {"difficulty", "beginner"}, {"tenantId", "cx"}});
  EXPECT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["durationMin"], 90);
  EXPECT_EQ(changed.body["difficulty"], "beginner");
  EXPECT_EQ(changed.body["name"], "Yoga");
  EXPECT_EQ(changed.body["tenantId"], gym.id);
  ExpectError(api_.Call("PATCH", path, gym.owner, json{{"name", "Box"}}), 409, "", path);
  ExpectError(api_.Call("PATCH", path, gym.owner, json{{"durationMin", 0}}), 400, "durationMin",
              path);
  EXPECT_EQ(api_.Call("PATCH", path, Join(gym), json{{"name", "X"}}).status, 403);
  EXPECT_EQ(api_.Call("DELETE", path, Join(gym)).status, 403);
  EXPECT_EQ(api_.Call("DELETE", path, gym.owner).body["isActive"], false);
  ExpectError(api_.Post("/sessions", gym.owner, SessionBody(gym, 7200, {{"sessionTypeId", id}})),
              400, "not active", "/sessions");
  for (const char* method : {"PATCH", "DELETE"}) {
    ExpectError(api_.Call(method, path, MakeGym().owner, json::object()), 404, "not found", path);
  }
}

}  // namespace
}  // namespace tenantry::contract
