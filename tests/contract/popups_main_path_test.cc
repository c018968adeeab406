// Popups and their analytics as clients see them: one test per CORE row of the contract.

#include <thread>

#include "tests/contract/popups_api.h"

namespace tenantry::contract {
namespace {

// Lists go by creation time; this makes the next one differ.
void NextMillisecond() {
  const SystemClock clock;
  const int64_t now = clock.NowUnixMs();
  while (clock.NowUnixMs() == now) std::this_thread::yield();
}

class PopupsMainPathTest : public PopupsContractTest {};

// --- POST /popups ---

// Rows: POST /popups, GET /popups/:id
TEST_F(PopupsMainPathTest, CreateAnswersTheWholePopup) {
  const std::string shop = FreshShop();
  const json popup = MakePopup(shop);
  EXPECT_EQ(Keys(popup), kPopupKeys);
  EXPECT_EQ(popup["status"], "draft");
  EXPECT_EQ(popup["isActive"], false);
  EXPECT_EQ(popup["viewCount"], 0);
  EXPECT_EQ(popup["viewLimit"], 0);
  EXPECT_EQ(popup["description"], nullptr);
  EXPECT_EQ(popup["offer"], nullptr);
  EXPECT_EQ(popup["design"], Design());
  EXPECT_EQ(popup["targeting"], json::parse(R"({"showOnPages":[],"excludePages":[],
                                 "deviceTypes":["desktop","mobile","tablet"]})"));
  EXPECT_EQ(popup["createdAt"].get<std::string>().size(), 24u);
  EXPECT_EQ(Get("/popups/" + popup["id"].get<std::string>() + "?shopId=" + shop).body, popup);
}

TEST_F(PopupsMainPathTest, CreateKeepsNestedObjectsAsSent) {
  const std::string shop = FreshShop();
  const json offer = {{"type", "discount"}, {"discountAmount", 12.5}};
  const json targeting = {{"showOnPages", {"/a"}},
                          {"excludePages", json::array()},
                          {"deviceTypes", {"mobile"}},
                          {"timeDelay", 1500}};
  const json popup = MakePopup(shop, {{"offer", offer},
                                      {"targeting", targeting},
                                      {"status", "active"},
                                      {"description", ""},
                                      {"viewLimit", 3}});
  EXPECT_EQ(popup["offer"], offer);
  EXPECT_EQ(popup["targeting"], targeting);
  EXPECT_EQ(popup["description"], "");
  EXPECT_EQ(popup["isActive"], true);
}

TEST_F(PopupsMainPathTest, CreateRefusesInTheOrderOfDeclaration) {
  ExpectInvalid(Post("/popups", {{"viewCount", 7}, {"isActive", true}, {"name", 5}}),
                {"property isActive should not exist", "property viewCount should not exist",
                 "shopId must be a string", "shopId should not be empty",
                 "shopId must be shorter than or equal to 255 characters", "name must be a string",
                 "triggerType must be one of the following values: exit_intent, mobile_scroll, "
                 "time_delay, scroll_percentage, inactivity",
                 "design must be an object"});
  const std::string shop = FreshShop();
  ExpectInvalid(Post("/popups", PopupBody(shop, {{"design", Design({{"width", 100}, {"foo", 1}})},
                                                 {"viewLimit", 1.5}})),
                {"design.property foo should not exist", "design.width must not be less than 200",
                 "viewLimit must be an integer number"});
  ExpectInvalid(Post("/popups", PopupBody(shop, {{"offer", {{"type", "gift"}}}})),
                {"offer.type must be one of the following values: discount, email_capture, "
                 "newsletter, free_shipping"});
  ExpectInvalid(
      Post("/popups", PopupBody(shop, {{"targeting",
                                        {{"showOnPages", {1}},
                                         {"excludePages", json::array()},
                                         {"deviceTypes", {"watch"}}}}})),
      {"each value in targeting.showOnPages must be a string",
       "each value in targeting.deviceTypes must be one of the following values: desktop, mobile, "
       "tablet"});
}

// --- GET /popups, /popups/active, /popups/:id ---

// Rows: GET /popups
TEST_F(PopupsMainPathTest, ListIsNewestFirstWithPaging) {
  const std::string shop = FreshShop();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(MakePopup(shop)["id"]);
    NextMillisecond();
  }
  const PopupAnswer all = Get("/popups?shopId=" + shop);
  ASSERT_EQ(all.body.size(), 3u);
  EXPECT_EQ(all.body[0]["id"], ids[2]);
  EXPECT_EQ(all.Header("X-Total-Count"), "3");
  EXPECT_EQ(all.Header("Link"), "");
  const PopupAnswer page = Get("/popups?shopId=" + shop + "&page=1&limit=2");
  EXPECT_EQ(page.body.size(), 2u);
  EXPECT_EQ(page.Header("Link"), "</popups?shopId=" + shop + "&page=2&limit=2>; rel=\"next\"");
  EXPECT_EQ(Get("/popups?shopId=" + shop + "&page=2&limit=2").body[0]["id"], ids[0]);
  EXPECT_EQ(Get("/popups?shopId=" + shop + "&page=0").status, 400);
  EXPECT_EQ(Get("/popups?shopId=unknown-shop").body, json::array());
}

// F30: a missing shopId was a 500.
// Flaws: F30
TEST_F(PopupsMainPathTest, F30MissingShopIdIs400Everywhere) {
  for (const char* path : {"/popups", "/popups/active", "/popups/x", "/discount-codes",
                           "/discount-codes/x", "/discount-codes/code/x", "/email-subscribers",
                           "/email-subscribers/count", "/popups?shopId="}) {
    ExpectError(Get(path), 400, "shopId is required", "Bad Request");
  }
  ExpectError(Call("PATCH", "/popups/x", json::object()), 400, "shopId is required", "Bad Request");
  ExpectError(Call("DELETE", "/popups/x"), 400, "shopId is required", "Bad Request");
  ExpectError(Post("/email-subscribers/unsubscribe", {{"email", "a@b.com"}}), 400,
              "shopId is required", "Bad Request");
}

// Rows: GET /popups/active
// Flaws: F12
TEST_F(PopupsMainPathTest, ActiveListsActivePopupsOldestFirst) {
  const std::string shop = FreshShop();
  const json first = MakePopup(shop, {{"status", "active"}});
  NextMillisecond();
  const json second = MakePopup(shop, {{"status", "active"}});
  MakePopup(shop);
  const PopupAnswer active =
      Get("/popups/active?shopId=" + shop, {{"Origin", "https://any.example"}});
  ASSERT_EQ(active.body.size(), 2u);
  EXPECT_EQ(active.body[0], first);
  EXPECT_EQ(active.body[1], second);
  EXPECT_EQ(active.Header("Access-Control-Allow-Origin"), "https://any.example");
  EXPECT_EQ(active.Header("Access-Control-Allow-Credentials"), "") << "F12";
  EXPECT_EQ(Get("/popups/active?shopId=unknown-shop").body, json::array());
}

// F33: also the answer that was cached a moment ago.
// Flaws: F33
TEST_F(PopupsMainPathTest, F33AReachedViewLimitHidesThePopupAtOnce) {
  const std::string shop = FreshShop();
  const std::string id = MakePopup(shop, {{"status", "active"}, {"viewLimit", 5}})["id"];
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(Get("/popups/active?shopId=" + shop).body.size(), 1u) << i;
    ASSERT_EQ(Post("/analytics/views", {{"popupId", id}}).status, 201);
  }
  EXPECT_EQ(Get("/popups/active?shopId=" + shop).body.size(), 0u);
  EXPECT_EQ(Post("/analytics/views", {{"popupId", id}}).status, 201);
  EXPECT_EQ(Get("/popups/" + id + "?shopId=" + shop).body["viewCount"], 6);
}

// F13: after a legitimate read, any shop got the popup.
// Flaws: F13
TEST_F(PopupsMainPathTest, F13ForeignAndMalformedIdsAre404) {
  const std::string shop = FreshShop();
  const std::string other = FreshShop();
  MakePopup(other);
  const std::string id = MakePopup(shop)["id"];
  EXPECT_EQ(Get("/popups/" + id + "?shopId=" + shop).status, 200);
  ExpectError(Get("/popups/" + id + "?shopId=" + other), 404, "Popup with ID " + id + " not found",
              "Not Found");
  ExpectError(Get("/popups/not-a-uuid?shopId=" + shop), 404, "Popup with ID not-a-uuid not found",
              "Not Found");
  ExpectError(Get("/popups/nowhere/at/all?x=1"), 404, "Cannot GET /popups/nowhere/at/all?x=1",
              "Not Found");
}

TEST_F(PopupsMainPathTest, ConditionalReadsAnswer304) {
  const std::string shop = FreshShop();
  MakePopup(shop, {{"status", "active"}});
  for (const std::string& path : {"/popups?shopId=" + shop, "/popups/active?shopId=" + shop}) {
    const std::string tag = Get(path).Header("ETag");
    EXPECT_FALSE(tag.empty());
    const PopupAnswer again = Get(path, {{"If-None-Match", tag}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.text, "");
  }
}

// --- PATCH, DELETE ---

// Rows: PATCH /popups/:id
TEST_F(PopupsMainPathTest, PatchReplacesNestedObjectsWholeAndSetsIsActive) {
  const std::string shop = FreshShop();
  const std::string id = MakePopup(shop, {{"offer", {{"type", "newsletter"}}}})["id"];
  const std::string path = "/popups/" + id + "?shopId=" + shop;
  const json changed =
      Call("PATCH", path,
           {{"status", "active"}, {"offer", {{"type", "discount"}, {"discountCodeId", "c"}}}})
          .body;
  EXPECT_EQ(changed["isActive"], true);
  EXPECT_EQ(changed["offer"], (json{{"type", "discount"}, {"discountCodeId", "c"}}));
  const PopupAnswer incomplete = Call("PATCH", path, {{"design", {{"heading", "only"}}}});
  EXPECT_EQ(incomplete.status, 400);
  EXPECT_TRUE(incomplete.body["message"].is_array());
  const json cleared = Call("PATCH", path, {{"offer", nullptr}, {"targeting", nullptr}}).body;
  EXPECT_EQ(cleared["offer"], nullptr);
  EXPECT_EQ(cleared["targeting"], nullptr);
  ExpectInvalid(Call("PATCH", path, {{"viewCount", 0}}), {"property viewCount should not exist"});
  EXPECT_EQ(Call("PATCH", "/popups/none?shopId=" + shop, {{"name", "x"}}).status, 404);
}

// Flaws: F14
TEST_F(PopupsMainPathTest, F14PatchCannotMoveAPopup) {
  const std::string shop = FreshShop();
  const std::string thief = FreshShop();
  MakePopup(thief);
  const std::string id = MakePopup(shop)["id"];
  EXPECT_EQ(Call("PATCH", "/popups/" + id + "?shopId=" + shop, {{"shopId", thief}}).status, 400);
  EXPECT_EQ(Call("PATCH", "/popups/" + id + "?shopId=" + shop, {{"shopId", shop}}).status, 200);
  EXPECT_EQ(Call("PATCH", "/popups/" + id + "?shopId=" + thief, {{"shopId", thief}}).status, 404);
  EXPECT_EQ(Get("/popups?shopId=" + thief).body.size(), 1u);
}

// F34: 300 views interleaved with edits left a viewCount of 153.
// Flaws: F34
TEST_F(PopupsMainPathTest, F34ViewsAndEditsTogetherAreExact) {
  const std::string shop = FreshShop();
  const std::string id = MakePopup(shop)["id"];
  std::vector<std::thread> clients;
  for (int client = 0; client < 3; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(Post("/analytics/views", {{"popupId", id}}).status, 201);
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(
        Call("PATCH", "/popups/" + id + "?shopId=" + shop, {{"name", "n" + std::to_string(i)}})
            .status,
        200);
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(Get("/popups/" + id + "?shopId=" + shop).body["viewCount"], 300);
  EXPECT_EQ(Get("/analytics/popup/" + id).body["views"], 300);
}

// F35: a popup with views could not be deleted.
// Rows: DELETE /popups/:id
// Flaws: F35
TEST_F(PopupsMainPathTest, F35DeleteTakesItsEventsAlong) {
  const std::string shop = FreshShop();
  const std::string id = MakePopup(shop)["id"];
  Post("/analytics/views", {{"popupId", id}});
  const PopupAnswer deleted = Call("DELETE", "/popups/" + id + "?shopId=" + shop);
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.text, "");
  EXPECT_EQ(Call("DELETE", "/popups/" + id + "?shopId=" + shop).status, 404);
  EXPECT_EQ(Get("/popups/" + id + "?shopId=" + shop).status, 404);
  EXPECT_EQ(Post("/analytics/views", {{"popupId", id}}).status, 404);
  EXPECT_EQ(Get("/analytics/popup/" + id).body["views"], 0);
  EXPECT_EQ(Get("/analytics/shop/" + shop).body["totalViews"], 0);
}

// --- Analytics ---

// Rows: POST /analytics/views
TEST_F(PopupsMainPathTest, ViewsAnswerTheirRecord) {
  const std::string id = MakePopup(FreshShop())["id"];
  const PopupAnswer view =
      Post("/analytics/views",
           {{"popupId", id}, {"visitorId", "v"}, {"deviceType", "mobile"}, {"referrer", ""}});
  EXPECT_EQ(view.status, 201);
  EXPECT_EQ(Keys(view.body),
            (std::set<std::string>{"id", "popupId", "sessionId", "visitorId", "deviceType",
                                   "browser", "pageUrl", "referrer", "viewedAt"}));
  EXPECT_EQ(view.body["popupId"], id);
  EXPECT_EQ(view.body["referrer"], "");
  EXPECT_EQ(view.body["sessionId"], nullptr);
  ExpectInvalid(Post("/analytics/views", {{"page", 1}}),
                {"property page should not exist", "popupId must be a string"});
  for (const char* unknown : {"nonsense", "00000000-0000-4000-8000-000000000000"}) {
    ExpectError(Post("/analytics/views", {{"popupId", unknown}}), 404,
                std::string("Popup with ID ") + unknown + " not found", "Not Found");
  }
}

// F40: revenue is a number everywhere, exact to the cent.
// Rows: POST /analytics/conversions, GET /analytics/popup/:popupId
// Flaws: F40
TEST_F(PopupsMainPathTest, F40ConversionsAndStats) {
  const std::string shop = FreshShop();
  const std::string id = MakePopup(shop)["id"];
  const PopupAnswer purchase = Post(
      "/analytics/conversions",
      {{"popupId", id}, {"type", "purchase"}, {"revenue", 19.99}, {"metadata", {{"order", 7}}}});
  EXPECT_EQ(purchase.status, 201);
  EXPECT_EQ(
      Keys(purchase.body),
      (std::set<std::string>{"id", "popupId", "type", "sessionId", "visitorId", "revenue",
                             "discountCodeId", "emailSubscriberId", "metadata", "convertedAt"}));
  EXPECT_EQ(purchase.body["revenue"], 19.99);
  EXPECT_EQ(purchase.body["metadata"], (json{{"order", 7}}));
  const PopupAnswer click = Post("/analytics/conversions", {{"popupId", id}, {"type", "click"}});
  EXPECT_EQ(click.body["revenue"], nullptr);
  for (int i = 0; i < 3; ++i) Post("/analytics/views", {{"popupId", id}});
  for (int i = 0; i < 9; ++i) {
    Post("/analytics/conversions", {{"popupId", id}, {"type", "purchase"}, {"revenue", 0.1}});
  }
  EXPECT_EQ(Get("/analytics/popup/" + id).body,
            (json{{"popupId", id},
                  {"views", 3},
                  {"conversions", 11},
                  {"conversionRate", 366.67},
                  {"totalRevenue", 20.89},
                  {"conversionsByType", {{"click", 1}, {"purchase", 10}}}}));
  EXPECT_EQ(Get("/analytics/shop/" + shop).body, (json{{"shopId", shop},
                                                       {"totalPopups", 1},
                                                       {"totalViews", 3},
                                                       {"totalConversions", 11},
                                                       {"averageConversionRate", 366.67}}));
  ExpectInvalid(
      Post("/analytics/conversions", {{"popupId", id}, {"type", "gift"}, {"revenue", -1}}),
      {"type must be one of the following values: email_capture, discount_code_used, "
       "click, purchase",
       "revenue must not be less than 0"});
  EXPECT_EQ(Post("/analytics/conversions", {{"popupId", "x"}, {"type", "click"}}).status, 404);
}

// Rows: GET /analytics/shop/:shopId
TEST_F(PopupsMainPathTest, StatsOfTheUnknownAreZeros) {
  for (const char* id : {"nonsense", "00000000-0000-4000-8000-000000000000"}) {
    EXPECT_EQ(Get(std::string("/analytics/popup/") + id).body,
              (json{{"popupId", id},
                    {"views", 0},
                    {"conversions", 0},
                    {"conversionRate", 0},
                    {"totalRevenue", 0.0},
                    {"conversionsByType", json::object()}}));
  }
  EXPECT_EQ(Get("/analytics/shop/unknown-shop").body, (json{{"shopId", "unknown-shop"},
                                                            {"totalPopups", 0},
                                                            {"totalViews", 0},
                                                            {"totalConversions", 0},
                                                            {"averageConversionRate", 0}}));
}

// F64: naming another shop shows nothing of a popup.
// Flaws: F64
TEST_F(PopupsMainPathTest, F64StatsAndSubscribersStayWithTheirShop) {
  const std::string shop = FreshShop();
  const std::string other = FreshShop();
  MakePopup(other);
  const std::string id = MakePopup(shop)["id"];
  Post("/analytics/views", {{"popupId", id}});
  Post("/email-subscribers", {{"shopId", shop}, {"email", "a@b.com"}, {"popupId", id}});
  EXPECT_EQ(Get("/analytics/popup/" + id + "?shopId=" + other).body["views"], 0);
  EXPECT_EQ(Get("/analytics/popup/" + id + "?shopId=" + shop).body["views"], 1);
  EXPECT_EQ(Get("/email-subscribers/popup/" + id + "?shopId=" + other).body, json::array());
  EXPECT_EQ(Get("/email-subscribers/popup/" + id).body.size(), 1u);
}

}  // namespace
}  // namespace tenantry::contract
