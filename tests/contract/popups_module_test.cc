// The popup module behind its route table, in one process, with a clock the test moves: what a
// black box cannot time.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/popups/tracking.h"
#include "engine/tenant/shop_keys.h"
#include "server/http/router.h"
#include "server/popups/js_literal.h"
#include "server/popups/routes.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/popup_design.h"

namespace tenantry::server::popups {
namespace {

using http::Method;
using nlohmann::json;

class PopupsModuleTest : public EngineFixture {
 protected:
  static constexpr uint32_t kLoops = 2;

  PopupsModuleTest() {
    options_http_.shop_auth_open = true;
    module_ = PopupModule(context_);
    router_.emplace(*http::Router::Build(module_.routes));
  }
  ~PopupsModuleTest() override { module_ = {}; }

  // Handles a request as a loop does, up to but not including the end of its tick.
  http::Response Handle(Method method, std::string target, const std::string& body = "",
                        std::vector<http::Header> headers = {}, uint32_t loop = 0) {
    http::Request request;
    request.method = method;
    request.target = target;
    const size_t question = std::min(target.find('?'), target.size());
    request.path = std::string_view(target).substr(0, question);
    if (question < target.size()) request.query = std::string_view(target).substr(question + 1);
    request.body = body;
    request.headers = std::move(headers);
    request.loop = loop;
    request.request_id = "test";
    const http::RouteMatch match = router_->Match(method, request.path, &request.params);
    EXPECT_NE(match.route, nullptr) << target;
    const auto run = [&] {
      return method == Method::kGet ? reads_.Answer(*match.route, request)
                                    : match.route->handler(request);
    };
    http::Response response = run();
    if (response.rerun_blocking) {
      request.blocking_lane = true;
      response = run();
    }
    return response;
  }
  std::vector<http::TickVerdict> EndTick(uint32_t loop = 0) {
    std::vector<http::TickVerdict> verdicts;
    module_.on_tick_end(loop, &verdicts);
    for (const http::TickVerdict& verdict : verdicts) engine().WaitReleased(verdict.release_index);
    return verdicts;
  }
  // Handles a request and waits until its answer would have left.
  http::Response Call(Method method, std::string target, const std::string& body = "",
                      std::vector<http::Header> headers = {}) {
    http::Response response = Handle(method, std::move(target), body, std::move(headers));
    if (response.tick_ticket != 0) {
      for (http::TickVerdict& verdict : EndTick()) {
        if (verdict.ticket == response.tick_ticket && verdict.replacement.has_value()) {
          return *std::move(verdict.replacement);
        }
      }
    }
    engine().WaitReleased(response.release_index);
    return response;
  }
  static json Body(const http::Response& response) {
    return json::parse(response.shared_body ? *response.shared_body : response.body);
  }
  static std::string HeaderOf(const http::Response& response, std::string_view name) {
    for (const auto& [known, value] : response.headers) {
      if (known == name) return value;
    }
    return "";
  }
  std::string MakePopup(const json& more = json::object()) {
    json body = {{"shopId", "shop"},
                 {"name", "P"},
                 {"triggerType", "time_delay"},
                 {"status", "active"},
                 {"design", PopupDesign()}};
    body.update(more);
    const http::Response made = Call(Method::kPost, "/popups", body.dump());
    EXPECT_EQ(made.status, 201) << made.body;
    return Body(made)["id"];
  }
  http::Response View(const std::string& id) {
    return Call(Method::kPost, "/analytics/views", json{{"popupId", id}}.dump());
  }
  json Active() { return Body(Call(Method::kGet, "/popups/active?shopId=shop")); }

  ServerOptions options_http_;
  tenant::TokenSecret secret_;
  Observability observability_;
  Context context_{engine(), options_http_, secret_, kLoops, observability_};
  ReadPath reads_{context_};
  TenantryApplication::Module module_;
  std::optional<http::Router> router_;
};

// C6: a change of counters alone may be a second late in the active list, and no later.
TEST_F(PopupsModuleTest, ActiveListMayLagACountByASecond) {
  const std::string id = MakePopup();
  EXPECT_EQ(Active()[0]["viewCount"], 0);
  EXPECT_EQ(View(id).status, 201);
  clock_.AdvanceMs(999);
  EXPECT_EQ(Active()[0]["viewCount"], 0) << "served from the cache";
  clock_.AdvanceMs(1);
  EXPECT_EQ(Active()[0]["viewCount"], 1);
  // Everything else is never late.
  EXPECT_EQ(Body(Call(Method::kGet, "/popups/" + id + "?shopId=shop"))["viewCount"], 1);
  EXPECT_EQ(View(id).status, 201);
  EXPECT_EQ(Body(Call(Method::kGet, "/analytics/popup/" + id))["views"], 2);
}

TEST_F(PopupsModuleTest, EditsAndNewPopupsShowAtOnce) {
  const std::string id = MakePopup();
  EXPECT_EQ(Active().size(), 1u);
  const std::string second = MakePopup();
  EXPECT_EQ(Active().size(), 2u);
  Call(Method::kPatch, "/popups/" + id + "?shopId=shop", R"({"name":"new"})");
  EXPECT_EQ(Active()[0]["name"].get<std::string>() == "new" ||
                Active()[1]["name"].get<std::string>() == "new",
            true);
  Call(Method::kPatch, "/popups/" + id + "?shopId=shop", R"({"status":"paused"})");
  EXPECT_EQ(Active().size(), 1u);
  Call(Method::kDelete, "/popups/" + second + "?shopId=shop");
  EXPECT_EQ(Active().size(), 0u);
}

// F33: no lag for the view that reaches the limit, also on a loop that did not see it.
TEST_F(PopupsModuleTest, F33ReachingTheLimitShowsAtOnceOnEveryLoop) {
  const std::string id = MakePopup({{"viewLimit", 3}});
  for (uint32_t loop = 0; loop < kLoops; ++loop) {
    EXPECT_EQ(Body(Handle(Method::kGet, "/popups/active?shopId=shop", "", {}, loop)).size(), 1u);
  }
  View(id);
  View(id);
  EXPECT_EQ(Active().size(), 1u);
  EXPECT_EQ(View(id).status, 201);
  for (uint32_t loop = 0; loop < kLoops; ++loop) {
    EXPECT_EQ(Body(Handle(Method::kGet, "/popups/active?shopId=shop", "", {}, loop)).size(), 0u);
  }
  EXPECT_EQ(View(id).status, 201) << "further views are stored";
  EXPECT_EQ(Body(Call(Method::kGet, "/popups/" + id + "?shopId=shop"))["viewCount"], 4);
}

TEST_F(PopupsModuleTest, ViewsOfATickAreAnsweredByOneEntry) {
  const std::string id = MakePopup();
  std::vector<http::Response> held;
  for (int i = 0; i < 20; ++i) {
    held.push_back(Handle(Method::kPost, "/analytics/views", json{{"popupId", id}}.dump()));
    EXPECT_EQ(held.back().status, 201);
    EXPECT_NE(held.back().tick_ticket, 0u);
  }
  EXPECT_TRUE(EndTick(1).empty()) << "the other loop has its own tick";
  const std::vector<http::TickVerdict> verdicts = EndTick(0);
  ASSERT_EQ(verdicts.size(), held.size());
  for (size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ(verdicts[i].ticket, held[i].tick_ticket);
    EXPECT_EQ(verdicts[i].release_index, verdicts[0].release_index);
    EXPECT_FALSE(verdicts[i].replacement.has_value());
  }
}

TEST_F(PopupsModuleTest, AViewOfAPopupDeletedInTheSameTickIs404) {
  const std::string id = MakePopup();
  const http::Response held =
      Handle(Method::kPost, "/analytics/views", json{{"popupId", id}}.dump());
  ASSERT_NE(held.tick_ticket, 0u);
  EXPECT_EQ(Call(Method::kDelete, "/popups/" + id + "?shopId=shop").status, 204);
  std::vector<http::TickVerdict> verdicts = EndTick();
  ASSERT_TRUE(verdicts.at(0).replacement.has_value());
  EXPECT_EQ(verdicts[0].replacement->status, 404);
  EXPECT_EQ(Body(*verdicts[0].replacement)["message"], "Popup with ID " + id + " not found");
  EXPECT_EQ(View(id).status, 404);
}

TEST_F(PopupsModuleTest, EntityTagsAreContentHashesAndAnswer304) {
  MakePopup();
  const http::Response first = Call(Method::kGet, "/popups/active?shopId=shop");
  const std::string tag = HeaderOf(first, "ETag");
  EXPECT_EQ(tag.size(), 34u);
  for (const std::string& list : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const http::Response again = Call(Method::kGet, "/popups/active?shopId=shop", "",
                                      {{"If-None-Match", std::string_view(list)}});
    EXPECT_EQ(again.status, 304) << list;
    EXPECT_EQ(again.shared_body, nullptr);
    EXPECT_EQ(HeaderOf(again, "ETag"), tag);
  }
  MakePopup();
  EXPECT_EQ(Call(Method::kGet, "/popups/active?shopId=shop", "",
                 {{"If-None-Match", std::string_view(tag)}})
                .status,
            200);
  for (const char* target : {"/popups?shopId=shop", "/analytics/shop/shop",
                             "/discount-codes?shopId=shop", "/email-subscribers?shopId=shop"}) {
    const std::string other = HeaderOf(Call(Method::kGet, target), "ETag");
    EXPECT_EQ(Call(Method::kGet, target, "", {{"If-None-Match", std::string_view(other)}}).status,
              304)
        << target;
  }
}

// A deleted shop is gone from the cache with its mapping; the id may be used again.
TEST_F(PopupsModuleTest, DeletingTheShopEmptiesItsActiveList) {
  MakePopup();
  EXPECT_EQ(Active().size(), 1u);
  const Outcome outcome = engine().ExecuteDirectory(
      {0, "test", ""}, ReadTier::kBlocking,
      [](DirectoryTransaction& tx) { return tenant::Directory::Delete(tx, "shop"); });
  engine().WaitReleased(outcome.release_index);
  EXPECT_EQ(Active().size(), 0u);
  MakePopup();
  EXPECT_EQ(Active().size(), 1u);
}

// K3: strangers may create so many shops and no more; unknown shops only appear by writes.
TEST_F(PopupsModuleTest, OpenShopsAreBounded) {
  options_http_.open_shops_max = 2;
  const auto subscribe = [&](const std::string& shop) {
    return Call(Method::kPost, "/email-subscribers",
                json{{"shopId", shop}, {"email", "a@b.com"}}.dump())
        .status;
  };
  EXPECT_EQ(Body(Call(Method::kGet, "/popups?shopId=s1")), json::array());
  EXPECT_EQ(subscribe("s1"), 201);
  EXPECT_EQ(subscribe("s2"), 201);
  EXPECT_EQ(subscribe("s3"), 403);
  EXPECT_EQ(subscribe("s2"), 409);
  // A body that is refused creates nothing.
  options_http_.open_shops_max = 3;
  EXPECT_EQ(Call(Method::kPost, "/email-subscribers", R"({"shopId":"s3","email":"bad"})").status,
            400);
  EXPECT_EQ(subscribe("s4"), 201);
}

// F10, K4: the table of who may manage what.
TEST_F(PopupsModuleTest, F10KeysLockShops) {
  const std::string id = MakePopup();
  EXPECT_EQ(Call(Method::kGet, "/popups?shopId=shop").status, 200) << "open, no key yet";
  const tenant::NewShopKey own = *tenant::CreateShopKey(engine(), "shop", "", {0, "test", ""});
  const tenant::NewShopKey other = *tenant::CreateShopKey(engine(), "other", "", {0, "test", ""});
  engine().WaitReleased(other.release_index);
  const std::string own_header = "Bearer " + own.key;
  const std::string other_header = "bearer " + other.key;
  const std::string wrong_header = "Bearer tnt_" + std::string(43, 'x');
  const std::vector<std::pair<Method, std::string>> managed = {
      {Method::kGet, "/popups?shopId=shop"},
      {Method::kGet, "/popups/" + id + "?shopId=shop"},
      {Method::kPatch, "/popups/" + id + "?shopId=shop"},
      {Method::kGet, "/discount-codes?shopId=shop"},
      {Method::kGet, "/email-subscribers?shopId=shop"},
      {Method::kGet, "/email-subscribers/count?shopId=shop"},
      {Method::kGet, "/email-subscribers/popup/" + id},
      {Method::kGet, "/analytics/popup/" + id},
      {Method::kGet, "/analytics/popup/" + id + "/visitors"},
      {Method::kGet, "/analytics/shop/shop"},
      {Method::kGet, "/analytics/shop/shop/visitors"},
  };
  for (const bool open : {true, false}) {
    options_http_.shop_auth_open = open;
    for (const auto& [method, target] : managed) {
      SCOPED_TRACE(target + (open ? " open" : " keys"));
      const http::Response none = Call(method, target);
      EXPECT_EQ(none.status, 401);
      EXPECT_EQ(HeaderOf(none, "WWW-Authenticate"), "Bearer");
      EXPECT_EQ(Call(method, target, "", {{"Authorization", wrong_header}}).status, 401);
      EXPECT_EQ(Call(method, target, "", {{"Authorization", "Basic abc"}}).status, 401);
      EXPECT_EQ(Call(method, target, "", {{"Authorization", other_header}}).status, 404);
      EXPECT_EQ(Call(method, target, "", {{"Authorization", own_header}}).status, 200);
    }
    // Storefront routes stay open.
    EXPECT_EQ(Call(Method::kGet, "/popups/active?shopId=shop").status, 200);
    EXPECT_EQ(View(id).status, 201);
  }
  // With keys, a storefront write to an unknown shop is 404, and a missing key comes before a
  // missing shopId.
  EXPECT_EQ(
      Call(Method::kPost, "/email-subscribers", R"({"shopId":"none","email":"a@b.com"})").status,
      404);
  EXPECT_EQ(Call(Method::kGet, "/popups").status, 401);
  EXPECT_EQ(Call(Method::kGet, "/popups", "", {{"Authorization", own_header}}).status, 400);
  EXPECT_EQ(Call(Method::kPost, "/popups", "{}").status, 401);
  EXPECT_EQ(Call(Method::kPost, "/popups", "{}", {{"Authorization", own_header}}).status, 400);
}

// Everything the blocking lane does, it does without the loop's tally and cache.
TEST_F(PopupsModuleTest, TheBlockingLaneAnswersTheSame) {
  const std::string id = MakePopup();
  const std::string body = json{{"popupId", id}}.dump();
  http::Request request;
  request.method = Method::kPost;
  request.path = "/analytics/views";
  request.body = body;
  request.blocking_lane = true;
  const http::Response tracked =
      router_->Match(request.method, request.path, &request.params).route->handler(request);
  EXPECT_EQ(tracked.status, 201);
  EXPECT_EQ(tracked.tick_ticket, 0u);
  EXPECT_GT(tracked.release_index, 0u);
  engine().WaitReleased(tracked.release_index);
  request.method = Method::kGet;
  request.path = "/popups/active";
  request.query = "shopId=shop";
  const http::Response active =
      router_->Match(request.method, request.path, &request.params).route->handler(request);
  EXPECT_EQ(Body(active)[0]["viewCount"], 1);
}

TEST_F(PopupsModuleTest, VisitorsSayWhichHoursTheyCover) {
  const std::string id = MakePopup();
  for (const char* visitor : {"a", "b", "a"}) {
    Call(Method::kPost, "/analytics/views", json{{"popupId", id}, {"visitorId", visitor}}.dump());
  }
  const json day = Body(Call(Method::kGet, "/analytics/popup/" + id + "/visitors"));
  EXPECT_EQ(day["uniqueVisitors"], 2);
  const json zone =
      Body(Call(Method::kGet,
                "/analytics/shop/shop/visitors?from=2026-03-02T00:00:00%2B05:45&until="
                "2026-03-03T00:00:00%2B05:45"));
  EXPECT_EQ(zone["from"], "2026-03-01T18:00:00.000Z");
  EXPECT_EQ(zone["until"], "2026-03-02T19:00:00.000Z");
  EXPECT_EQ(zone["uniqueVisitors"], 2);
  for (const char* bad :
       {"?from=yesterday", "?from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z",
        "?from=2020-03-02T00:00:00Z&until=2026-03-01T00:00:00Z"}) {
    EXPECT_EQ(Call(Method::kGet, "/analytics/popup/" + id + "/visitors" + bad).status, 400) << bad;
  }
}

// F15: whatever the shop id holds, the literal is inert in a script and in HTML.
TEST(JsLiteralTest, F15EscapesEverythingThatCouldEndIt) {
  const auto literal = [](std::string_view text) {
    std::string out;
    return AppendJsLiteral(&out, text) ? out : std::string("refused");
  };
  EXPECT_EQ(literal("demo-shop.example"), R"("demo-shop.example")");
  EXPECT_EQ(literal(R"("</script><!--)"), R"("\u0022\u003c/script\u003e\u003c\u0021--")");
  EXPECT_EQ(literal("a\n\\'`${"), R"("a\u000a\u005c\u0027\u0060\u0024\u007b")");
  EXPECT_EQ(literal("\xe2\x80\xa8"), R"("\u2028")");
  EXPECT_EQ(literal("\xc3\xa9\xf0\x9f\x8e\x89"), R"("\u00e9\ud83c\udf89")");
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xe2\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_EQ(literal(bad), "refused");
  }
  EXPECT_EQ(literal(std::string(2'000, 'x')), "refused");
}

}  // namespace
}  // namespace tenantry::server::popups
