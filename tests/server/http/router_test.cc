#include "server/http/router.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tenantry::http {
namespace {

Route Row(Method method, std::string_view path, std::string_view name) {
  return {.method = method,
          .path = path,
          .name = name,
          .module = Module::kShared,
          .permission = Permission::kOpen,
          .rate = RateClass::kDefault,
          .cache = CacheClass::kNone,
          .lane = Lane::kInline,
          .handler = [](const Request&) { return Response::Empty(200); }};
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() : router_(std::move(Router::Build(routes_)).value()) {}

  // "name(params)", or "-" and the allowed methods.
  std::string Match(Method method, std::string_view path) {
    PathParams params;
    const RouteMatch match = router_.Match(method, path, &params);
    if (!match.route) return "-" + match.allowed.ToString();
    std::string out(match.route->name);
    for (size_t i = 0; i < params.count; ++i) out += "|" + params.values[i];
    return out;
  }

  const std::vector<Route> routes_ = {
      Row(Method::kGet, "/", "root"),
      Row(Method::kGet, "/sessions/:id", "getSession"),
      Row(Method::kPatch, "/sessions/:id", "patchSession"),
      Row(Method::kGet, "/sessions/available", "available"),
      Row(Method::kPost, "/sessions/search", "search"),
      Row(Method::kPost, "/sessions/:id/bookings/:booking/check-in", "checkIn"),
      Row(Method::kGet, "/sessions/special/bookings", "special"),
      Row(Method::kGet, "/scripts/popup.js", "script"),
      Row(Method::kHead, "/ping", "headPing"),
      Row(Method::kGet, "/ping", "getPing"),
      Row(Method::kOptions, "/ping", "optionsPing"),
  };
  Router router_;
};

TEST_F(RouterTest, LiteralsBeatParametersInAnyTableOrder) {
  EXPECT_EQ(Match(Method::kGet, "/sessions/available"), "available");
  EXPECT_EQ(Match(Method::kGet, "/sessions/other"), "getSession|other");
  EXPECT_EQ(Match(Method::kGet, "/sessions/special"), "getSession|special");
}

TEST_F(RouterTest, FallsBackToAParameterWhenTheLiteralLeadsNowhere) {
  EXPECT_EQ(Match(Method::kPost, "/sessions/special/bookings/7/check-in"), "checkIn|special|7");
  EXPECT_EQ(Match(Method::kGet, "/sessions/search"), "getSession|search");
  EXPECT_EQ(Match(Method::kPost, "/sessions/search"), "search");
}

TEST_F(RouterTest, LiteralsIgnoreCaseAndParametersKeepIt) {
  EXPECT_EQ(Match(Method::kPost, "/SESSIONS/AbC/Bookings/X/CHECK-IN"), "checkIn|AbC|X");
  EXPECT_EQ(Match(Method::kGet, "/scripts/POPUP.js"), "script");
}

TEST_F(RouterTest, OneTrailingSlashIsForgiven) {
  EXPECT_EQ(Match(Method::kGet, "/sessions/available/"), "available");
  EXPECT_EQ(Match(Method::kGet, "/"), "root");
  EXPECT_EQ(Match(Method::kGet, "/sessions/available//"), "-");
  EXPECT_EQ(Match(Method::kGet, "//"), "-");
}

TEST_F(RouterTest, EmptySegmentsMatchNothing) {
  EXPECT_EQ(Match(Method::kGet, "/sessions/"), "-");
  EXPECT_EQ(Match(Method::kGet, "//sessions/a"), "-");
  EXPECT_EQ(Match(Method::kPost, "/sessions//bookings/1/check-in"), "-");
}

TEST_F(RouterTest, ParametersAreDecodedOnce) {
  EXPECT_EQ(Match(Method::kGet, "/sessions/a%20b%2Fc+d"), "getSession|a b/c+d");
  EXPECT_EQ(Match(Method::kGet, "/sessions/%2541"), "getSession|%41");
  EXPECT_EQ(Match(Method::kGet, "/sessions/%zz"), "getSession|%zz");
  EXPECT_EQ(Match(Method::kGet, "/%73essions/avail%61ble"), "available");
}

TEST_F(RouterTest, HeadUsesGetsRowUnlessItHasItsOwn) {
  EXPECT_EQ(Match(Method::kHead, "/sessions/available"), "available");
  EXPECT_EQ(Match(Method::kHead, "/ping"), "headPing");
  EXPECT_EQ(Match(Method::kGet, "/ping"), "getPing");
}

TEST_F(RouterTest, TellsWhichMethodsAKnownPathHas) {
  EXPECT_EQ(Match(Method::kDelete, "/sessions/x"), "-GET, HEAD, PATCH");
  EXPECT_EQ(Match(Method::kDelete, "/sessions/search"), "-GET, HEAD, POST, PATCH");
  EXPECT_EQ(Match(Method::kGet, "/nothing"), "-");
  EXPECT_EQ(Match(Method::kOther, "/ping"), "-");
  EXPECT_EQ(Match(Method::kGet, "*"), "-");
}

TEST_F(RouterTest, LongPathsAreJustUnknown) {
  std::string path;
  for (int i = 0; i < 4'000; ++i) path += "/a";
  EXPECT_EQ(Match(Method::kGet, path), "-");
  EXPECT_EQ(Match(Method::kGet, "/sessions/" + std::string(8'000, 'x')),
            "getSession|" + std::string(8'000, 'x'));
}

std::string BuildError(const std::vector<Route>& routes) {
  const auto built = Router::Build(routes);
  return built.ok() ? "" : std::string(built.status().message());
}

TEST(RouterBuildTest, RefusesShadowedRoutes) {
  const std::string error =
      BuildError({Row(Method::kGet, "/a/:x/b", "first"), Row(Method::kGet, "/a/:y/B", "second")});
  EXPECT_NE(error.find("second"), std::string::npos);
  EXPECT_NE(error.find("first"), std::string::npos);
  EXPECT_NE(BuildError({Row(Method::kGet, "/A", "a"), Row(Method::kGet, "/a", "b")}), "");
  EXPECT_EQ(BuildError({Row(Method::kGet, "/a/:x", "a"), Row(Method::kPut, "/a/:y", "b"),
                        Row(Method::kGet, "/a/x", "c")}),
            "");
}

TEST(RouterBuildTest, RefusesBadTemplates) {
  for (const std::string_view path :
       {"", "a", "/a/", "//", "/a//b", "/:", "/a b", "/a%20", "/:x:y", "/*", "/:a/:b/:c/:d/:e",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"}) {
    EXPECT_NE(BuildError({Row(Method::kGet, path, "bad")}), "") << path;
  }
  EXPECT_NE(BuildError({Row(Method::kOther, "/a", "bad")}), "");
}

TEST(RequestTest, FindsHeadersAndQueryParameters) {
  Request request;
  request.headers = {{"X-One", "1"}, {"x-one", "2"}};
  request.query = "a=1&b=x%20y+z&c&d%5B%5D=q&a=2&e=%";
  EXPECT_EQ(request.FindHeader("x-ONE"), "1");
  EXPECT_EQ(request.FindHeader("x-two"), std::nullopt);
  EXPECT_EQ(request.FindQuery("a"), "1");
  EXPECT_EQ(request.FindQuery("b"), "x y z");
  EXPECT_EQ(request.FindQuery("c"), "");
  EXPECT_EQ(request.FindQuery("d[]"), "q");
  EXPECT_EQ(request.FindQuery("e"), "%");
  EXPECT_EQ(request.FindQuery("f"), std::nullopt);
  EXPECT_EQ(PercentDecode("%41%4", false), "A%4");
}

}  // namespace
}  // namespace tenantry::http
