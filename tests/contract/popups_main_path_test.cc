// The popup API as its clients see it: one test per CORE row of the contract, over HTTP against the built binary.

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::contract {
namespace {

using nlohmann::json;

struct PopupAnswer {
  int status = 0;
  json body;  // Null when it is not JSON.
  std::string text;
  httplib::Headers headers;
  std::string Header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
};

const std::set<std::string> kPopupKeys = {"id",        "shopId",      "name",         "description",
                                          "status",    "triggerType", "design",       "targeting",
                                          "offer",     "viewLimit",   "viewCount",    "isActive",
                                          "createdAt", "updatedAt",   "abTestGroupId"};

std::set<std::string> Keys(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

class PopupsContractTest : public ::testing::Test {
 protected:
  static std::vector<std::string> Arguments(const std::string& shop_auth) {
    return {"--shop-auth", shop_auth, "--rate-limit-exempt", "127.0.0.0/8,::1/128"};
  }
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    Start();
  }
  static void Start() {
    Result<load::ServerProcess> started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_->path(), Arguments("open"));
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
  }
  static void TearDownTestSuite() {
    if (server_) {
      EXPECT_EQ(server_->Stop(), 0) << load::ReadText(folder_->path() + "/server.err");
    }
    server_.reset();
    folder_.reset();
  }

  static PopupAnswer Send(const std::string& url, const std::string& method,
                          const std::string& path, const std::string& body,
                          httplib::Headers headers) {
    httplib::Client client(url);
    client.set_read_timeout(30);
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.headers = std::move(headers);
    if (!body.empty() && !request.has_header("Content-Type")) {
      request.set_header("Content-Type", "application/json");
    }
    const httplib::Result result = client.send(request);
    PopupAnswer answer;
    EXPECT_TRUE(result) << method << " " << path << ": " << httplib::to_string(result.error());
    if (!result) return answer;
    answer.status = result->status;
    answer.text = result->body;
    answer.headers = result->headers;
    answer.body = json::parse(answer.text, nullptr, false);
    if (answer.body.is_discarded()) answer.body = nullptr;
    return answer;
  }
  PopupAnswer Call(const std::string& method, const std::string& path,
                   const json& body = json(nullptr), httplib::Headers headers = {}) const {
    return Send(server_->url(), method, path, body.is_null() ? "" : body.dump(),
                std::move(headers));
  }
  PopupAnswer Get(const std::string& path, httplib::Headers headers = {}) const {
    return Call("GET", path, nullptr, std::move(headers));
  }
  PopupAnswer Post(const std::string& path, const json& body) const {
    return Call("POST", path, body);
  }

  // A shop nobody used before.
  static std::string FreshShop() {
    static std::atomic<int> next{0};
    return "shop-" + std::to_string(++next) + ".example";
  }
  static json Design(const json& more = json::object()) {
    json design = {{"backgroundColor", "#ffffff"},
                   {"textColor", "#000000"},
                   {"heading", "Hello"},
                   {"subheading", ""},
                   {"buttonText", "Go"},
                   {"buttonColor", "#00f"},
                   {"imageUrl", ""},
                   {"layout", "centered"},
                   {"width", 400},
                   {"borderRadius", 8.5},
                   {"padding", 20}};
    design.update(more);
    return design;
  }
  static json PopupBody(const std::string& shop, const json& more = json::object()) {
    json body = {
        {"shopId", shop}, {"name", "Sale"}, {"triggerType", "exit_intent"}, {"design", Design()}};
    body.update(more);
    return body;
  }
  json MakePopup(const std::string& shop, const json& more = json::object()) const {
    const PopupAnswer made = Post("/popups", PopupBody(shop, more));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body;
  }
  static void ExpectError(const PopupAnswer& answer, int status, const std::string& message,
                          const std::string& error) {
    EXPECT_EQ(answer.status, status) << answer.text;
    EXPECT_EQ(answer.body, (json{{"message", message}, {"error", error}, {"statusCode", status}}))
        << answer.text;
  }
  static void ExpectInvalid(const PopupAnswer& answer, const std::vector<std::string>& messages) {
    EXPECT_EQ(answer.status, 400) << answer.text;
    EXPECT_EQ(answer.body,
              (json{{"message", messages}, {"error", "Bad Request"}, {"statusCode", 400}}))
        << answer.text;
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<load::ServerProcess> server_;
};

std::unique_ptr<TemporaryFolder> PopupsContractTest::folder_;
std::unique_ptr<load::ServerProcess> PopupsContractTest::server_;

// --- POST /popups ---

TEST_F(PopupsContractTest, CreateAnswersTheWholePopup) {
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

TEST_F(PopupsContractTest, CreateKeepsNestedObjectsAsSent) {
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

TEST_F(PopupsContractTest, CreateRefusesInTheOrderOfDeclaration) {
  ExpectInvalid(Post("/popups", {{"viewCount", 7}, {"isActive", true}, {"name", 5}}),
                {"property isActive should not exist", "property viewCount should not exist",
                 "shopId must be a string", "shopId should not be empty",
                 "shopId must be shorter than or equal to 255 characters", "name must be a string",
                 "triggerType must be one of the following values: exit_intent, mobile_scroll, "
                 "time_delay, scroll_percentage",
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

TEST_F(PopupsContractTest, ListIsNewestFirstWithPaging) {
  const std::string shop = FreshShop();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(MakePopup(shop)["id"]);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // Distinct creation times.
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
TEST_F(PopupsContractTest, F30MissingShopIdIs400Everywhere) {
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

TEST_F(PopupsContractTest, ActiveListsActivePopupsOldestFirst) {
  const std::string shop = FreshShop();
  const json first = MakePopup(shop, {{"status", "active"}});
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
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
TEST_F(PopupsContractTest, F33AReachedViewLimitHidesThePopupAtOnce) {
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
TEST_F(PopupsContractTest, F13ForeignAndMalformedIdsAre404) {
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

TEST_F(PopupsContractTest, ConditionalReadsAnswer304) {
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

TEST_F(PopupsContractTest, PatchReplacesNestedObjectsWholeAndSetsIsActive) {
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

TEST_F(PopupsContractTest, F14PatchCannotMoveAPopup) {
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
TEST_F(PopupsContractTest, F34ViewsAndEditsTogetherAreExact) {
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
  for (int i = 0; i < 40; ++i) {
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
TEST_F(PopupsContractTest, F35DeleteTakesItsEventsAlong) {
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

TEST_F(PopupsContractTest, ViewsAnswerTheirRecord) {
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
TEST_F(PopupsContractTest, F40ConversionsAndStats) {
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

TEST_F(PopupsContractTest, StatsOfTheUnknownAreZeros) {
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
TEST_F(PopupsContractTest, F64StatsAndSubscribersStayWithTheirShop) {
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

// --- Discount codes ---

TEST_F(PopupsContractTest, DiscountCodesHaveNumbersAndDefaults) {
  const std::string shop = FreshShop();
  const PopupAnswer made =
      Post("/discount-codes", {{"shopId", shop}, {"type", "fixed"}, {"value", 20}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(Keys(made.body),
            (std::set<std::string>{"id", "shopId", "code", "type", "value", "minimumPurchaseAmount",
                                   "maximumDiscountAmount", "isActive", "expiresAt", "usageCount",
                                   "usageLimit", "popupId", "createdAt", "updatedAt"}));
  EXPECT_EQ(made.body["code"].get<std::string>().substr(0, 6), "POPUP-");
  EXPECT_TRUE(made.body["value"].is_number());
  EXPECT_EQ(made.body["isActive"], true);
  EXPECT_EQ(made.body["usageLimit"], nullptr);
  const std::string id = made.body["id"];
  EXPECT_EQ(Get("/discount-codes/" + id + "?shopId=" + shop).body, made.body);
  ExpectError(Get("/discount-codes/none?shopId=" + shop), 404,
              "Discount code with ID none not found", "Not Found");
  EXPECT_EQ(Get("/discount-codes/" + id + "?shopId=" + FreshShop()).status, 404);
  EXPECT_EQ(Get("/discount-codes?shopId=" + shop).body, json::array({made.body}));
}

TEST_F(PopupsContractTest, F66LookupIgnoresCaseAndEndedCodesAreAnEmptyBody) {
  const std::string shop = FreshShop();
  const auto make = [&](json body) {
    body.update({{"shopId", shop}, {"type", "percentage"}, {"value", 10}});
    return Post("/discount-codes", body);
  };
  const json live = make({{"code", "Save10"}, {"usageLimit", 1}}).body;
  make({{"code", "OLD"}, {"expiresAt", "2020-01-01T00:00:00Z"}});
  make({{"code", "OFF"}, {"isActive", false}});
  EXPECT_EQ(Get("/discount-codes/code/sAVE10?shopId=" + shop).body, live);
  for (const char* code : {"OLD", "OFF", "NEVER"}) {
    const PopupAnswer empty = Get(std::string("/discount-codes/code/") + code + "?shopId=" + shop);
    EXPECT_EQ(empty.status, 200) << code;
    EXPECT_EQ(empty.text, "") << code;
  }
  const std::string popup = MakePopup(shop)["id"];
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(
        Post("/analytics/conversions",
             {{"popupId", popup}, {"type", "discount_code_used"}, {"discountCodeId", live["id"]}})
            .status,
        201);
  }
  EXPECT_EQ(Get("/discount-codes/code/SAVE10?shopId=" + shop).text, "");
  EXPECT_EQ(Get("/discount-codes/" + live["id"].get<std::string>() + "?shopId=" + shop)
                .body["usageCount"],
            1);
}

TEST_F(PopupsContractTest, F65LiveDuplicatesAre409AndHugePercentages400) {
  const std::string shop = FreshShop();
  const json code = {{"shopId", shop}, {"code", "ONE"}, {"type", "fixed"}, {"value", 1.5}};
  EXPECT_EQ(Post("/discount-codes", code).status, 201);
  EXPECT_EQ(Post("/discount-codes", code).status, 409);
  ExpectInvalid(Post("/discount-codes", {{"shopId", shop}, {"type", "percentage"}, {"value", 500}}),
                {"value must not be greater than 100"});
  ExpectInvalid(Post("/discount-codes", {{"shopId", shop}, {"type", "fixed"}, {"value", "5"}}),
                {"value must be a number conforming to the specified constraints",
                 "value must not be less than 0"});
  EXPECT_EQ(
      Post("/discount-codes",
           {{"shopId", shop}, {"type", "fixed"}, {"value", 5}, {"minimumPurchaseAmount", 49.95}})
          .body["minimumPurchaseAmount"],
      49.95)
      << "F40";
}

// --- E-mail subscribers ---

TEST_F(PopupsContractTest, SubscribersComeGoAndComeBack) {
  const std::string shop = FreshShop();
  const PopupAnswer made = Post("/email-subscribers", {{"shopId", shop},
                                                       {"email", "Ann@Example.com"},
                                                       {"name", "Ann"},
                                                       {"metadata", {{"source", "x"}}}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(Keys(made.body),
            (std::set<std::string>{"id", "shopId", "email", "name", "popupId", "isActive",
                                   "metadata", "createdAt", "updatedAt"}));
  EXPECT_EQ(Post("/email-subscribers", {{"shopId", shop}, {"email", "ANN@example.com"}}).status,
            409)
      << "F65";
  EXPECT_EQ(Get("/email-subscribers/count?shopId=" + shop).body, (json{{"count", 1}}));
  EXPECT_EQ(Get("/email-subscribers?shopId=" + shop).Header("Cache-Control"), "no-store");
  const std::string leave = "/email-subscribers/unsubscribe?shopId=" + shop;
  EXPECT_EQ(Post(leave, {{"email", "nobody@example.com"}}).status, 204);
  EXPECT_EQ(Post(leave, {{"email", "ann@EXAMPLE.com"}}).status, 204);
  EXPECT_EQ(Get("/email-subscribers?shopId=" + shop).body, json::array());
  const PopupAnswer back = Post("/email-subscribers",
                                {{"shopId", shop}, {"email", "ann@example.com"}, {"name", "Anna"}});
  EXPECT_EQ(back.status, 201);
  EXPECT_EQ(back.body["id"], made.body["id"]) << "F67";
  EXPECT_EQ(back.body["name"], "Anna") << "F67";
  EXPECT_EQ(back.body["metadata"], (json{{"source", "x"}}));
}

// F11: without an address the original unsubscribed anybody.
TEST_F(PopupsContractTest, F11UnsubscribeNeedsAnAddress) {
  const std::string shop = FreshShop();
  Post("/email-subscribers", {{"shopId", shop}, {"email", "a@b.com"}});
  const std::string leave = "/email-subscribers/unsubscribe?shopId=" + shop;
  for (const json& body : {json::object(), json{{"email", ""}}, json{{"email", nullptr}}}) {
    EXPECT_EQ(Post(leave, body).status, 400) << body;
  }
  EXPECT_EQ(Get("/email-subscribers/count?shopId=" + shop).body["count"], 1);
  ExpectInvalid(Post("/email-subscribers", {{"shopId", shop}, {"email", "bad"}}),
                {"email must be an email"});
}

// F65: sixteen at once stored four.
TEST_F(PopupsContractTest, F65SimultaneousSubscriptionsStoreOne) {
  const std::string shop = FreshShop();
  std::atomic<int> made{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      const int status =
          Post("/email-subscribers", {{"shopId", shop}, {"email", "one@b.com"}}).status;
      if (status == 201) ++made;
      if (status == 409) ++refused;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(refused, 15);
  EXPECT_EQ(Get("/email-subscribers/count?shopId=" + shop).body["count"], 1);
}

// --- Script, bodies, CORS ---

TEST_F(PopupsContractTest, F15TheScriptEscapesTheShopAndIgnoresTheHost) {
  const PopupAnswer script = Get("/scripts/popup.js?shopId=%22%3Balert(1)%2F%2F%3C%2Fscript%3E",
                                 {{"Host", "evil.example"}, {"Origin", "https://shop.example"}});
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.Header("Content-Type"), "application/javascript; charset=utf-8");
  EXPECT_EQ(script.Header("Cache-Control"), "public, max-age=3600");
  EXPECT_EQ(script.Header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(script.text.find("alert(1)"), std::string::npos);
  EXPECT_EQ(script.text.find("evil.example"), std::string::npos);
  EXPECT_NE(script.text.find(R"(("\u0022\u003balert\u00281\u0029//\u003c/script\u003e",null);)"),
            std::string::npos);
  EXPECT_EQ(script.text.find("innerHTML"), std::string::npos) << "F16";
  const PopupAnswer again =
      Get("/scripts/popup.js?shopId=a",
          {{"If-None-Match", Get("/scripts/popup.js?shopId=a").Header("ETag")}});
  EXPECT_EQ(again.status, 304);
  const PopupAnswer missing = Get("/scripts/popup.js");
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.text.substr(0, 2), "/*");
  EXPECT_EQ(missing.Header("Content-Type"), "application/javascript; charset=utf-8");
}

TEST_F(PopupsContractTest, BodiesMayBeFormsAndOtherTypesAreEmpty) {
  const std::string shop = FreshShop();
  const std::string url = server_->url();
  const PopupAnswer form =
      Send(url, "POST", "/email-subscribers", "shopId=" + shop + "&email=a%40b.com&name=A+B",
           {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(form.status, 201) << form.text;
  EXPECT_EQ(form.body["name"], "A B");
  ExpectInvalid(
      Send(url, "POST", "/analytics/views", R"({"popupId":"x"})", {{"Content-Type", "text/plain"}}),
      {"popupId must be a string"});
  const PopupAnswer broken = Send(url, "POST", "/popups", "{", {});
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(broken.body["error"], "Bad Request");
}

TEST_F(PopupsContractTest, PreflightIsAnsweredForStorefronts) {
  const PopupAnswer preflight =
      Call("OPTIONS", "/analytics/views", nullptr,
           {{"Origin", "https://shop.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.text, "");
  EXPECT_EQ(preflight.Header("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_NE(preflight.Header("Access-Control-Allow-Headers").find("Content-Type"),
            std::string::npos);
}

// Exact after a crash: whatever was answered is counted, and counts equal each other.
TEST_F(PopupsContractTest, CountsAreExactAfterKill) {
  const std::string shop = FreshShop();
  const std::string id = MakePopup(shop, {{"status", "active"}})["id"];
  for (int i = 0; i < 50; ++i) ASSERT_EQ(Post("/analytics/views", {{"popupId", id}}).status, 201);
  server_->Kill();
  server_.reset();
  Start();
  ASSERT_NE(server_, nullptr);
  EXPECT_EQ(Get("/popups/" + id + "?shopId=" + shop).body["viewCount"], 50);
  EXPECT_EQ(Get("/analytics/popup/" + id).body["views"], 50);
  EXPECT_EQ(Get("/popups/active?shopId=" + shop).body[0]["viewCount"], 50);
}

// F10 with the default credentials: keys made by the command line, of a running server.
TEST_F(PopupsContractTest, F10KeysAreTheDefault) {
  const TemporaryFolder folder;
  Result<load::ServerProcess> started = load::ServerProcess::Start(
      TENANTRY_BINARY, folder.path(), {"--rate-limit-exempt", "127.0.0.0/8,::1/128"});
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  const std::string url = started->url();
  const auto make_key = [&](const std::string& shop) {
    const Result<std::string> key =
        load::RunTool({TENANTRY_BINARY, "admin", "key", "create", "--data", folder.path() + "/data",
                       "--shop", shop},
                      folder.path(), 20);
    EXPECT_TRUE(key.ok()) << key.status().ToString();
    return "Bearer " + key->substr(0, key->find('\n'));
  };
  const std::string own = make_key("mine");
  const std::string other = make_key("theirs");
  const std::string body = PopupBody("mine", {{"status", "active"}}).dump();
  EXPECT_EQ(Send(url, "POST", "/popups", body, {}).status, 401);
  EXPECT_EQ(Send(url, "POST", "/popups", body, {{"Authorization", other}}).status, 404);
  const PopupAnswer made = Send(url, "POST", "/popups", body, {{"Authorization", own}});
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = made.body["id"];
  EXPECT_EQ(Send(url, "GET", "/popups/active?shopId=mine", "", {}).body.size(), 1u);
  EXPECT_EQ(Send(url, "POST", "/analytics/views", json{{"popupId", id}}.dump(), {}).status, 201);
  EXPECT_EQ(Send(url, "GET", "/analytics/popup/" + id, "", {}).status, 401);
  EXPECT_EQ(Send(url, "GET", "/analytics/popup/" + id, "", {{"Authorization", own}}).body["views"],
            1);
  EXPECT_EQ(Send(url, "POST", "/email-subscribers",
                 json{{"shopId", "unknown"}, {"email", "a@b.com"}}.dump(), {})
                .status,
            404);
  EXPECT_EQ(started->Stop(), 0);
}

}  // namespace
}  // namespace tenantry::contract
