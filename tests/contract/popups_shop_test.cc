// Discount codes, subscribers, the storefront script, bodies, CORS, keys and a crash: the rest of
// the popup API's CORE rows.

#include <atomic>
#include <thread>

#include "tests/contract/popups_api.h"

namespace tenantry::contract {
namespace {

class PopupsShopTest : public PopupsContractTest {};

// --- Discount codes ---

// Rows: POST /discount-codes, GET /discount-codes, GET /discount-codes/:id
TEST_F(PopupsShopTest, DiscountCodesHaveNumbersAndDefaults) {
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

// Rows: GET /discount-codes/code/:code
// Flaws: F66
TEST_F(PopupsShopTest, F66LookupIgnoresCaseAndEndedCodesAreAnEmptyBody) {
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

// Flaws: F65, F66
TEST_F(PopupsShopTest, F65LiveDuplicatesAre409AndHugePercentages400) {
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

// Rows: POST /email-subscribers, GET /email-subscribers, GET /email-subscribers/count,
// POST /email-subscribers/unsubscribe
// Flaws: F67
TEST_F(PopupsShopTest, SubscribersComeGoAndComeBack) {
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
// Flaws: F11
TEST_F(PopupsShopTest, F11UnsubscribeNeedsAnAddress) {
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
// Flaws: F65
TEST_F(PopupsShopTest, F65SimultaneousSubscriptionsStoreOne) {
  constexpr int kRounds = 20;
  const std::string shop = FreshShop();
  for (int round = 1; round <= kRounds; ++round) {
    const json body = {{"shopId", shop}, {"email", "r" + std::to_string(round) + "@b.com"}};
    std::atomic<int> made{0};
    std::atomic<int> refused{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&] {
        const int status = Post("/email-subscribers", body).status;
        if (status == 201) ++made;
        if (status == 409) ++refused;
      });
    }
    for (std::thread& client : clients) client.join();
    ASSERT_EQ(made, 1) << round;
    ASSERT_EQ(refused, 15) << round;
    ASSERT_EQ(Get("/email-subscribers/count?shopId=" + shop).body["count"], round);
  }
}

// --- Script, bodies, CORS ---

// Rows: GET /scripts/popup.js
// Flaws: F15
TEST_F(PopupsShopTest, F15TheScriptEscapesTheShopAndIgnoresTheHost) {
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

TEST_F(PopupsShopTest, BodiesMayBeFormsAndOtherTypesAreEmpty) {
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

TEST_F(PopupsShopTest, PreflightIsAnsweredForStorefronts) {
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
TEST_F(PopupsShopTest, CountsAreExactAfterKill) {
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
// Flaws: F10
TEST_F(PopupsShopTest, F10KeysAreTheDefault) {
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
