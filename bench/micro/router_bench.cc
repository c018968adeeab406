// Question: what does finding the route of a request cost? An answer in time per lookup in a table of the size and shape
// of ours: for "/", a literal path, a path with two parameters, and a path that is unknown. Goal: under 300 ns each, so
// that routing stays below a twentieth of a request.

#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/result_hash.h"
#include "server/http/router.h"

namespace tenantry::bench {
namespace {

using http::Method;

http::Route Row(Method method, std::string_view path) {
  return {.method = method,
          .path = path,
          .name = path,
          .module = http::Module::kShared,
          .permission = http::Permission::kOpen,
          .rate = http::RateClass::kDefault,
          .cache = http::CacheClass::kNone,
          .lane = http::Lane::kInline,
          .handler = [](const http::Request&) { return http::Response::Empty(200); }};
}

std::vector<http::Route> Table() {
  constexpr std::string_view kGets[] = {"/",
                                        "/health",
                                        "/health/live",
                                        "/health/ready",
                                        "/metrics",
                                        "/locations",
                                        "/locations/:id",
                                        "/locations/search/nearby",
                                        "/session-types",
                                        "/session-types/:id",
                                        "/sessions",
                                        "/sessions/available",
                                        "/sessions/search",
                                        "/sessions/my-bookings",
                                        "/sessions/:id",
                                        "/sessions/:id/bookings",
                                        "/bookings",
                                        "/bookings/my",
                                        "/bookings/:id",
                                        "/members",
                                        "/members/:id",
                                        "/my/profile",
                                        "/my/bookings",
                                        "/my/streak",
                                        "/my/events",
                                        "/my/favorites",
                                        "/popups",
                                        "/popups/active",
                                        "/popups/:id",
                                        "/discount-codes",
                                        "/discount-codes/code/:code",
                                        "/discount-codes/:id",
                                        "/email-subscribers",
                                        "/email-subscribers/popup/:popupId",
                                        "/analytics/popup/:popupId",
                                        "/analytics/shop/:shopId",
                                        "/ab-testing",
                                        "/ab-testing/:id",
                                        "/scripts/popup.js"};
  constexpr std::string_view kPosts[] = {"/auth/signup",
                                         "/auth/signup/member",
                                         "/auth/login",
                                         "/auth/refresh",
                                         "/auth/logout",
                                         "/locations",
                                         "/session-types",
                                         "/sessions",
                                         "/sessions/:id/cancel",
                                         "/sessions/:id/checkin",
                                         "/sessions/:id/waitlist",
                                         "/bookings",
                                         "/bookings/:id/cancel",
                                         "/popups",
                                         "/analytics/views",
                                         "/analytics/conversions",
                                         "/discount-codes",
                                         "/email-subscribers"};
  std::vector<http::Route> table;
  for (const std::string_view path : kGets) table.push_back(Row(Method::kGet, path));
  for (const std::string_view path : kPosts) table.push_back(Row(Method::kPost, path));
  table.push_back(Row(Method::kPatch, "/popups/:id"));
  table.push_back(Row(Method::kDelete, "/popups/:id"));
  return table;
}

void BM_RouteMatch(benchmark::State& state, Method method, std::string_view path) {
  const std::vector<http::Route> table = Table();
  const Result<http::Router> router = http::Router::Build(table);
  if (!router.ok()) return state.SkipWithError(std::string(router.status().message()).c_str());
  ResultHash hash;
  http::PathParams params;
  for (auto _ : state) {
    const http::RouteMatch match = router->Match(method, path, &params);
    hash.Add(match.route != nullptr ? match.route->path.size() : 1000 + params.count);
  }
  hash.Report(state);
  state.counters["routes"] = static_cast<double>(table.size());
}
BENCHMARK_CAPTURE(BM_RouteMatch, root, Method::kGet, "/");
BENCHMARK_CAPTURE(BM_RouteMatch, literal, Method::kGet, "/popups/active");
BENCHMARK_CAPTURE(BM_RouteMatch, parameter, Method::kPost,
                  "/sessions/cabcdefghijklmnopqrstuvwx/checkin");
BENCHMARK_CAPTURE(BM_RouteMatch, encoded, Method::kGet, "/analytics/shop/demo%2Dshop.example");
BENCHMARK_CAPTURE(BM_RouteMatch, unknown, Method::kGet, "/sessions/available/now/please");
BENCHMARK_CAPTURE(BM_RouteMatch, wrong_method, Method::kPut, "/popups/active");

}  // namespace
}  // namespace tenantry::bench
