// Carts left and won back as clients see them (popups.md §6, F40, F68-F70).

#include <algorithm>
#include <thread>

#include "tests/contract/popups_api.h"

namespace tenantry::contract {
namespace {

class PopupsRevenueTest : public PopupsContractTest {
 protected:
  static json Cart(const std::string& shop, double value, const json& more = json::object()) {
    json body = {{"shopId", shop},
                 {"sessionId", "s"},
                 {"cartValue", value},
                 {"cartItems", {{{"productTitle", "Mug"}, {"quantity", 2}, {"price", 9.99}}}}};
    body.update(more);
    return body;
  }
  std::string Abandon(const std::string& shop, double value,
                      const json& more = json::object()) const {
    const PopupAnswer made = Post("/revenue/track-abandonment", Cart(shop, value, more));
    EXPECT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body["success"], true);
    return made.body["eventId"];
  }
  PopupAnswer Recover(const std::string& shop, const std::string& cart, double value,
                      const std::string& method, const json& more = json::object()) const {
    json body = {{"cartAbandonmentId", cart},
                 {"shopId", shop},
                 {"recoveryValue", value},
                 {"recoveryMethod", method}};
    body.update(more);
    return Post("/revenue/track-recovery", body);
  }
  json Read(const std::string& what, const std::string& shop, const std::string& more = "") const {
    return Get(what + "?shopId=" + shop + more).body;
  }
};

constexpr const char* kMadeUpPopup = "11111111-2222-4333-8444-555555555555";

// Rows: POST /revenue/track-abandonment, POST /revenue/track-recovery, GET /revenue/stats
// Flaws: F70
TEST_F(PopupsRevenueTest, StatsFollowCartsByTheirValue) {
  const std::string shop = FreshShop();
  const std::string cart = Abandon(shop, 100.10);
  Abandon(shop, 50.05);
  Abandon(shop, 0);
  EXPECT_EQ(Read("/revenue/stats", shop), (json{{"atRisk", 150.15},
                                                {"recovered", 0},
                                                {"recoveryRate", 0},
                                                {"abandonedCount", 3},
                                                {"recoveredCount", 0}}));
  EXPECT_EQ(Recover(shop, cart, 80, "exit_popup").status, 201);
  for (const char* period : {"", "&period=today", "&period=week", "&period=month"}) {
    EXPECT_EQ(Read("/revenue/stats", shop, period), (json{{"atRisk", 50.05},
                                                          {"recovered", 100.10},
                                                          {"recoveryRate", 33.3},
                                                          {"abandonedCount", 3},
                                                          {"recoveredCount", 1}}))
        << period << " F70: current at once, the cart's value";
  }
  EXPECT_EQ(Get("/revenue/stats?shopId=" + shop + "&period=decade").status, 400) << "F70";
  ExpectError(Get("/revenue/stats"), 400, "shopId is required", "Bad Request");
  EXPECT_EQ(Read("/revenue/stats", "unknown")["atRisk"], 0);
}

TEST_F(PopupsRevenueTest, AbandonmentIsValidated) {
  const std::string shop = FreshShop();
  ExpectInvalid(Post("/revenue/track-abandonment", Cart(shop, -1)),
                {"cartValue must not be less than 0"});
  ExpectInvalid(
      Post("/revenue/track-abandonment",
           Cart(shop, 1,
                {{"cartItems", {{{"productTitle", "x"}, {"quantity", 1}, {"price", "5"}}}}})),
      {"cartItems.0.price must be a number conforming to the specified constraints"});
  EXPECT_EQ(
      Post("/revenue/track-abandonment",
           Cart(shop, 1,
                {{"cartItems",
                  {{{"productTitle", "x"}, {"quantity", 1}, {"price", 5}, {"extra", true}}}}}))
          .status,
      400);
  EXPECT_EQ(Post("/revenue/track-abandonment", Cart(shop, 1, {{"foo", 1}})).status, 400);
  EXPECT_EQ(Read("/revenue/activity-feed", shop), json::array());
}

// Flaws: F69
TEST_F(PopupsRevenueTest, F69RecoveriesCountOncePerCartOfTheShop) {
  const std::string shop = FreshShop();
  const std::string other = FreshShop();
  const std::string cart = Abandon(shop, 20);
  Abandon(other, 5);
  EXPECT_EQ(Recover(shop, kMadeUpPopup, 1, "sms").status, 404) << "an unknown cart";
  EXPECT_EQ(Recover(other, cart, 1, "sms").status, 404) << "another shop's cart";
  EXPECT_EQ(Recover("never-seen", cart, 1, "sms").status, 404);
  ExpectInvalid(Recover(shop, "x", 1, "sms"), {"cartAbandonmentId must be a UUID"});
  std::vector<std::thread> clients;
  std::vector<PopupAnswer> answers(8);
  for (PopupAnswer& answer : answers) {
    clients.emplace_back([&] { answer = Recover(shop, cart, 20, "sms"); });
  }
  for (std::thread& client : clients) client.join();
  for (const PopupAnswer& answer : answers) {
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body["recoveryId"], answers[0].body["recoveryId"]);
  }
  EXPECT_EQ(Read("/revenue/stats", shop)["recoveredCount"], 1);
  EXPECT_EQ(Read("/revenue/conversion-breakdown", shop)[0]["count"], 1);
}

// Rows: GET /revenue/activity-feed
TEST_F(PopupsRevenueTest, FeedIsNewestFirst) {
  const std::string shop = FreshShop();
  const std::string cart =
      Abandon(shop, 20.5, {{"userLocation", "Rome"}, {"deviceType", "mobile"}});
  const std::string popup = MakePopup(shop, {{"name", "Save"}})["id"];
  const std::string recovery =
      Recover(shop, cart, 18, "email_campaign", {{"popupId", popup}}).body["recoveryId"];
  const json feed = Read("/revenue/activity-feed", shop);
  ASSERT_EQ(feed.size(), 2u);
  EXPECT_EQ(feed[0]["id"], recovery);
  EXPECT_EQ(feed[0]["type"], "recovery");
  EXPECT_EQ(feed[0]["value"], 18);
  EXPECT_EQ(feed[0]["recoveredVia"], "email_campaign");
  EXPECT_EQ(feed[0]["popupName"], "Save");
  EXPECT_EQ(feed[0]["location"], "Rome");
  EXPECT_EQ(feed[1]["id"], cart);
  EXPECT_EQ(feed[1]["type"], "abandonment");
  EXPECT_EQ(feed[1]["value"], 20.5);
  EXPECT_EQ(feed[1]["items"][0]["price"], 9.99);
  EXPECT_EQ(feed[1]["deviceType"], "mobile");
  EXPECT_EQ(feed[1]["trafficSource"], nullptr);
  EXPECT_EQ(feed[1]["recoveredVia"], nullptr);
  EXPECT_FALSE(feed[1].contains("popupName"));
  EXPECT_TRUE(feed[1]["timeAgo"].get<std::string>().ends_with(" sec ago"));
  for (int i = 0; i < 25; ++i) Abandon(shop, 1);
  EXPECT_EQ(Read("/revenue/activity-feed", shop).size(), 20u);
  EXPECT_EQ(Read("/revenue/activity-feed", shop, "&limit=3").size(), 3u);
  EXPECT_EQ(Get("/revenue/activity-feed?shopId=" + shop + "&limit=x").status, 400);
}

// Rows: GET /revenue/hourly-breakdown
TEST_F(PopupsRevenueTest, HoursOfADay) {
  const std::string shop = FreshShop();
  Recover(shop, Abandon(shop, 10), 10, "sms");
  Abandon(shop, 5);
  const json hours = Read("/revenue/hourly-breakdown", shop);
  ASSERT_EQ(hours.size(), 24u);
  double at_risk = 0;
  double recovered = 0;
  for (size_t hour = 0; hour < 24; ++hour) {
    EXPECT_EQ(hours[hour]["hour"], hour);
    at_risk += hours[hour]["atRisk"].get<double>();
    recovered += hours[hour]["recovered"].get<double>();
  }
  EXPECT_EQ(at_risk, 5);
  EXPECT_EQ(recovered, 10);
  EXPECT_EQ(Read("/revenue/hourly-breakdown", shop, "&date=2020-02-29").size(), 24u);
  EXPECT_EQ(Get("/revenue/hourly-breakdown?shopId=" + shop + "&date=2021-02-29").status, 400);
}

// Rows: GET /revenue/top-popups, GET /revenue/conversion-breakdown
// Flaws: F68
TEST_F(PopupsRevenueTest, F68TopPopupsAndMethods) {
  const std::string shop = FreshShop();
  const std::string popup = MakePopup(shop, {{"name", "Best"}})["id"];
  Recover(shop, Abandon(shop, 10), 10.10, "exit_popup", {{"popupId", popup}});
  Recover(shop, Abandon(shop, 10), 10.10, "exit_popup", {{"popupId", popup}});
  Recover(shop, Abandon(shop, 10), 15, "sms", {{"popupId", kMadeUpPopup}});
  Recover(shop, Abandon(shop, 10), 1, "sms");
  EXPECT_EQ(Read("/revenue/top-popups", shop), (json{{{"popupId", popup},
                                                      {"popupName", "Best"},
                                                      {"recoveryCount", 2},
                                                      {"totalRecovered", 20.20}},
                                                     {{"popupId", kMadeUpPopup},
                                                      {"popupName", "Unnamed Popup"},
                                                      {"recoveryCount", 1},
                                                      {"totalRecovered", 15}}}));
  EXPECT_EQ(Read("/revenue/top-popups", shop, "&limit=1").size(), 1u);
  EXPECT_EQ(
      Read("/revenue/conversion-breakdown", shop),
      (json{{{"method", "exit_popup"}, {"count", 2}, {"percentage", 50}, {"totalValue", 20.20}},
            {{"method", "sms"}, {"count", 2}, {"percentage", 50}, {"totalValue", 16}}}));
}

// F35: recoveries outlive the popup and then have none.
// Flaws: F35
TEST_F(PopupsRevenueTest, F35DeletingThePopupKeepsItsRecoveries) {
  const std::string shop = FreshShop();
  const std::string popup = MakePopup(shop)["id"];
  Recover(shop, Abandon(shop, 10), 10, "sms", {{"popupId", popup}});
  ASSERT_EQ(Call("DELETE", "/popups/" + popup + "?shopId=" + shop).status, 204);
  EXPECT_EQ(Read("/revenue/top-popups", shop), json::array());
  EXPECT_EQ(Read("/revenue/stats", shop)["recoveredCount"], 1);
  const json feed = Read("/revenue/activity-feed", shop);
  EXPECT_EQ(feed[0]["type"], "recovery");
  EXPECT_FALSE(feed[0].contains("popupName"));
}

// F40: totals over 99,999,999.99 froze the original's stats.
// Flaws: F40
TEST_F(PopupsRevenueTest, F40LargeTotalsStayExact) {
  const std::string shop = FreshShop();
  for (int i = 0; i < 3; ++i) Abandon(shop, 99999999.99);
  EXPECT_EQ(Read("/revenue/stats", shop)["atRisk"], 299999999.97);
}

}  // namespace
}  // namespace tenantry::contract
