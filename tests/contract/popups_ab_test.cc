// A/B tests as clients see them (popups.md §5, F64, F75).

#include <map>

#include "tests/contract/popups_api.h"

namespace tenantry::contract {
namespace {

class PopupsAbTest : public PopupsContractTest {
 protected:
  json Group(const std::string& shop, const std::vector<std::string>& popups,
             const std::vector<double>& split, const json& more = json::object()) const {
    json traffic = json::object();
    for (size_t i = 0; i < popups.size(); ++i) traffic[popups[i]] = split[i];
    json body = {{"shopId", shop}, {"name", "T"}, {"popupIds", popups}, {"trafficSplit", traffic}};
    body.update(more);
    return body;
  }
  std::string PopupId(const std::string& shop) const { return MakePopup(shop)["id"]; }
  std::string Assigned(const std::string& group, const std::string& shop,
                       const std::string& visitor) const {
    const json body =
        Get("/ab-testing/" + group + "/assign?shopId=" + shop + "&visitorId=" + visitor).body;
    return body["popupId"].is_null() ? "" : body["popupId"].get<std::string>();
  }
};

// Rows: POST /ab-testing, GET /ab-testing, GET /ab-testing/:id
// Flaws: F64
TEST_F(PopupsAbTest, CreateListAndGet) {
  const std::string shop = FreshShop();
  const std::string a = PopupId(shop);
  const std::string b = PopupId(shop);
  const PopupAnswer made = Post("/ab-testing", Group(shop, {a, b}, {33.33, 66.67}));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(Keys(made.body),
            (std::set<std::string>{"id", "shopId", "name", "description", "status", "popupIds",
                                   "trafficSplit", "winnerPopupId", "startDate", "endDate",
                                   "totalVisitors", "createdAt", "updatedAt"}));
  EXPECT_EQ(made.body["status"], "draft");
  EXPECT_EQ(made.body["totalVisitors"], 0);
  EXPECT_EQ(made.body["winnerPopupId"], nullptr);
  const std::string id = made.body["id"];
  EXPECT_EQ(Get("/ab-testing/" + id + "?shopId=" + shop).body, made.body);
  EXPECT_EQ(Get("/ab-testing?shopId=" + shop).body, json::array({made.body}));
  EXPECT_EQ(Get("/ab-testing?shopId=unknown").body, json::array());
  ExpectError(Get("/ab-testing"), 400, "shopId is required", "Bad Request");
  const std::string other = FreshShop();
  PopupId(other);
  ExpectError(Get("/ab-testing/" + id + "?shopId=" + other), 404,
              "AB test group with ID " + id + " not found", "Not Found");
  EXPECT_EQ(Get("/ab-testing/" + id + "/results?shopId=" + other).status, 404) << "F64";
  EXPECT_EQ(Post("/ab-testing/none/winner?shopId=" + shop, {{"popupId", a}}).status, 404);
}

// Flaws: F75
TEST_F(PopupsAbTest, F75SplitsAreNumbersOfTheShopsPopupsThatSumToAHundred) {
  const std::string shop = FreshShop();
  const std::string other = FreshShop();
  const std::string a = PopupId(shop);
  const std::string foreign = PopupId(other);
  for (const json& body :
       {Group(shop, {a}, {99}), Group(shop, {a}, {101}), Group(shop, {a, foreign}, {50, 50}),
        Group(shop, {a}, {100}, {{"trafficSplit", {{a, "100"}}}}),
        Group(shop, {a}, {100}, {{"trafficSplit", {{a, 150}, {"x", -50}}}}),
        Group(shop, {a}, {100}, {{"popupIds", "no"}}), Group(shop, {a}, {100}, {{"foo", 1}}),
        Group(shop, {a}, {100}, {{"status", "gone"}})}) {
    EXPECT_EQ(Post("/ab-testing", body).status, 400) << body;
  }
  EXPECT_EQ(Get("/ab-testing?shopId=" + shop).body, json::array());
}

// Rows: GET /ab-testing/:id/results, POST /ab-testing/:id/winner
// Flaws: F75
TEST_F(PopupsAbTest, ResultsAndWinner) {
  const std::string shop = FreshShop();
  const std::string a = PopupId(shop);
  const std::string b = PopupId(shop);
  Post("/analytics/views", {{"popupId", a}});
  Post("/analytics/conversions", {{"popupId", a}, {"type", "purchase"}, {"revenue", 12.5}});
  const std::string id = Post("/ab-testing", Group(shop, {a, b}, {70, 30})).body["id"];
  const std::string path = "/ab-testing/" + id;
  json results = Get(path + "/results?shopId=" + shop).body;
  ASSERT_EQ(results["results"].size(), 2u);
  EXPECT_EQ(results["results"][0], (json{{"popupId", a},
                                         {"views", 1},
                                         {"conversions", 1},
                                         {"conversionRate", 100},
                                         {"totalRevenue", 12.5},
                                         {"conversionsByType", {{"purchase", 1}}},
                                         {"trafficPercentage", 70}}));
  EXPECT_EQ(results["results"][1]["views"], 0);
  EXPECT_EQ(results["winner"], nullptr);
  EXPECT_EQ(Post(path + "/winner?shopId=" + shop, {{"popupId", "elsewhere"}}).status, 400)
      << "F75: was a 500";
  const PopupAnswer won = Post(path + "/winner?shopId=" + shop, {{"popupId", b}});
  EXPECT_EQ(won.status, 201);
  EXPECT_EQ(won.body["status"], "completed");
  EXPECT_EQ(won.body["winnerPopupId"], b);
  results = Get(path + "/results?shopId=" + shop).body;
  EXPECT_EQ(results["winner"], results["results"][1]);
  EXPECT_EQ(results["group"]["winnerPopupId"], b);
}

// Rows: GET /ab-testing/:id/assign
// Flaws: F75
TEST_F(PopupsAbTest, F75VisitorsStayWhereTheyAreAndCountOnce) {
  const std::string shop = FreshShop();
  const std::string a = PopupId(shop);
  const std::string b = PopupId(shop);
  const std::string never = PopupId(shop);
  const std::string id = Post("/ab-testing", Group(shop, {never, a, b}, {0, 50, 50})).body["id"];
  const std::string path = "/ab-testing/" + id + "?shopId=" + shop;
  EXPECT_EQ(Assigned(id, shop, "v1"), "") << "a draft assigns nobody";
  ASSERT_EQ(Call("PATCH", path, {{"status", "running"}}).body["status"], "running");
  std::map<std::string, int> arms;
  std::map<std::string, std::string> first;
  for (int i = 0; i < 200; ++i) {
    const std::string visitor = "v" + std::to_string(i);
    first[visitor] = Assigned(id, shop, visitor);
    ++arms[first[visitor]];
    ASSERT_EQ(Assigned(id, shop, visitor), first[visitor]);
  }
  EXPECT_EQ(arms.size(), 2u) << "an arm of 0 % never wins";
  EXPECT_GT(arms[a], 50);
  EXPECT_GT(arms[b], 50);
  EXPECT_EQ(Get(path).body["totalVisitors"], 200);
  ASSERT_EQ(Call("PATCH", path, {{"trafficSplit", {{a, 0}, {b, 100}}}}).status, 200);
  for (const auto& [visitor, popup] : first) ASSERT_EQ(Assigned(id, shop, visitor), popup);
  EXPECT_EQ(Assigned(id, shop, "new"), b);
  EXPECT_EQ(Get(path).body["totalVisitors"], 201);
  EXPECT_EQ(Get("/ab-testing/" + id + "/assign?shopId=" + shop).status, 400);
}

// Rows: PATCH /ab-testing/:id
TEST_F(PopupsAbTest, PatchChangesASubset) {
  const std::string shop = FreshShop();
  const std::string a = PopupId(shop);
  const json made = Post("/ab-testing", Group(shop, {a}, {100}, {{"description", "d"}})).body;
  const std::string path = "/ab-testing/" + made["id"].get<std::string>() + "?shopId=" + shop;
  const json changed = Call("PATCH", path, {{"name", "N"}, {"description", nullptr}}).body;
  EXPECT_EQ(changed["name"], "N");
  EXPECT_EQ(changed["description"], nullptr);
  EXPECT_EQ(changed["trafficSplit"], made["trafficSplit"]);
  EXPECT_EQ(Call("PATCH", path, {{"trafficSplit", {{a, 99}}}}).status, 400);
  EXPECT_EQ(Call("PATCH", path, {{"totalVisitors", 5}}).status, 400);
  EXPECT_EQ(Call("PATCH", path, {{"shopId", "other"}}).status, 400);
  EXPECT_EQ(Call("PATCH", path,
                 {{"startDate", "2026-02-02T00:00:00Z"}, {"endDate", "2026-02-01T00:00:00Z"}})
                .status,
            400);
  EXPECT_EQ(Call("PATCH", path, {{"startDate", "2026-02-02T00:00:00Z"}}).body["startDate"],
            "2026-02-02T00:00:00.000Z");
}

}  // namespace
}  // namespace tenantry::contract
