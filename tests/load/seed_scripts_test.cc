// The load tests that both seeds ship with, and their pass rules (T1-T7).
//
// Goal: the running binary meets them from one machine. Method: start it on an empty folder with this machine exempt from
// the rate limit, and run `ab` with the scripts' own arguments, or our client where the script's tool is not a Debian
// package. TNT_LOAD_SCALE stretches the timed profiles: 1 is full length, the default fits an ordinary test run.

#include <fstream>
#include <memory>
#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <stdlib.h>

#include "tests/load/ab.h"
#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/popup_design.h"
#include "tools/load/fetch.h"
#include "tools/load/load_run.h"
#include "tools/load/report.h"

namespace tenantry::load {
namespace {

using nlohmann::json;

std::string server_binary;

// Stages of 210 s in all become 20 s, and no steady rate lasts longer than kShortSeconds.
constexpr double kScaleDefault = 20.0 / 210;
constexpr double kShortSeconds = 5;

double Scale() {
  const char* text = getenv("TNT_LOAD_SCALE");
  const double scale = text != nullptr ? atof(text) : kScaleDefault;
  return scale > 0 ? scale : kScaleDefault;
}

class SeedScriptsTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<ServerProcess> started =
        ServerProcess::Start(server_binary, folder_.path(),
                             {"--rate-limit-exempt", "127.0.0.0/8,::1/128", "--shop-auth", "open"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<ServerProcess>(std::move(started).value());
  }
  void TearDown() override {
    if (server_) {
      EXPECT_EQ(server_->Stop(), 0) << ReadText(folder_.path() + "/server.err");
    }
  }

  std::string Url(const std::string& path) const { return server_->url() + path; }

  Reply Post(const std::string& path, const json& body) const {
    RequestParts request;
    request.method = "POST";
    request.headers = {"Content-Type: application/json", "Connection: close"};
    request.body = body.dump();
    const Result<Reply> reply = Fetch(Url(path), request);
    EXPECT_TRUE(reply.ok()) << reply.status().ToString();
    return reply.ok() ? *reply : Reply{};
  }

  LoadPlan PlanFor(const std::string& path) const {
    LoadPlan plan;
    const Result<Endpoint> endpoint = ParseUrl(Url(path));
    EXPECT_TRUE(endpoint.ok());
    plan.endpoint = *endpoint;
    return plan;
  }
  static LoadPlan PostPlan(LoadPlan plan, const json& body) {
    plan.request.method = "POST";
    plan.request.headers = {"Content-Type: application/json"};
    plan.request.body = body.dump();
    return plan;
  }
  static LoadResult RunPlan(const LoadPlan& plan) {
    const SystemClock clock;
    Result<LoadResult> result = RunLoad(plan, clock);
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? std::move(result).value() : LoadResult{};
  }

  // T1 and T2: `ab -n N -c C URL/`. Every answer is 400 by design; ab fails those whose length differs.
  void CheckRoot(int64_t requests, int concurrency) {
    const Result<AbReport> report =
        RunAb({"-n", std::to_string(requests), "-c", std::to_string(concurrency), Url("/")},
              folder_.path());
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_EQ(report->complete, requests);
    EXPECT_EQ(report->failed, 0);
    EXPECT_EQ(report->non_2xx, requests);
    EXPECT_GE(report->requests_per_second, 100);
    EXPECT_LT(report->mean_ms, 500);
  }

  TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

json SignupBody(const std::string& gym, const std::string& email = "loadtest@example.com") {
  return {
      {"email", email}, {"password", "Password123"}, {"name", "Load Test"}, {"tenantName", gym}};
}

TEST_F(SeedScriptsTest, T1HundredRequestsByTen) {
  CheckRoot(100, 10);
}

TEST_F(SeedScriptsTest, T2ThousandRequestsByFifty) {
  CheckRoot(1000, 50);
}

TEST_F(SeedScriptsTest, T3OneOfFiftySignupsWinsAndOneGymIsStored) {
  const std::string body_file = folder_.path() + "/signup.json";
  std::ofstream(body_file) << SignupBody("Load Test Gym").dump();
  const Result<AbReport> report = RunAb({"-v", "2", "-n", "50", "-c", "5", "-p", body_file, "-T",
                                         "application/json", Url("/auth/signup")},
                                        folder_.path());
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(report->complete, 50);
  EXPECT_EQ(report->non_2xx, 49);
  EXPECT_EQ(report->statuses, (std::map<int, int64_t>{{201, 1}, {409, 49}}));

  // The gym works, its name is taken whoever asks, and the next gym's code is the second one ever given.
  const Reply login =
      Post("/auth/login", {{"email", "loadtest@example.com"}, {"password", "Password123"}});
  ASSERT_EQ(login.status, 200) << login.body;
  const json tenant = json::parse(login.body).at("tenant");
  EXPECT_EQ(tenant.at("name"), "Load Test Gym");
  EXPECT_EQ(tenant.at("code"), "GYM0001");
  EXPECT_EQ(Post("/auth/signup", SignupBody("Load Test Gym", "other@example.com")).status, 409);
  const Reply next = Post("/auth/signup", SignupBody("Next Gym", "other@example.com"));
  ASSERT_EQ(next.status, 201) << next.body;
  EXPECT_EQ(json::parse(next.body).at("tenant").at("code"), "GYM0002");
}

// Goal: the race that ab's pacing hides. Method: fifty connections hold their last byte back and send it together.
TEST_F(SeedScriptsTest, FiftySimultaneousSignupsLeaveOneGymEachRound) {
  constexpr int kRounds = 20;
  for (int round = 1; round <= kRounds; ++round) {
    LoadPlan plan = PostPlan(PlanFor("/auth/signup"), SignupBody("Race " + std::to_string(round)));
    plan.connections = 50;
    plan.simultaneous = true;
    plan.reply_timeout_seconds = 60;
    plan.expected_statuses = {201, 409};
    const LoadResult result = RunPlan(plan);
    ASSERT_EQ(result.statuses, (std::map<int, uint64_t>{{201, 1}, {409, 49}})) << "round " << round;
    ASSERT_EQ(result.errors(), 0u);
  }
  const Reply next = Post("/auth/signup", SignupBody("After the races"));
  ASSERT_EQ(next.status, 201) << next.body;
  EXPECT_EQ(json::parse(next.body).at("tenant").at("code"), "GYM0021");
}

TEST_F(SeedScriptsTest, T4RampsToHundredUsersOnRoot) {
  LoadPlan plan = PlanFor("/");
  UseK6RootProfile(Scale(), &plan);
  const LoadResult result = RunPlan(plan);
  EXPECT_TRUE(FailuresOf(result, {.fairness_max = 0, .p95_ms_max = 2000}).empty())
      << FormatReport(plan, result, FailuresOf(result, {.fairness_max = 0, .p95_ms_max = 2000}));
  // The average user count is 64, each a little less than one request a second.
  EXPECT_GT(result.rate(), 50);
  ASSERT_EQ(result.connections.size(), 100u);
  EXPECT_GT(result.connections.back().requests, 0u) << "the hundredth user never came";
}

// Goal: `tenantry load` itself shows what a pause of two seconds did to those who came in it. Method: stop the server's process.
TEST_F(SeedScriptsTest, LoadShowsAPauseOfTheServer) {
  Result<ChildProcess> load = ChildProcess::Start(
      {server_binary, "load", Url("/health"), "--rate", "200", "--seconds", "6", "--json"},
      folder_.path() + "/load.out", folder_.path() + "/load.err");
  ASSERT_TRUE(load.ok());
  EXPECT_EQ(load->Wait(1.5), -1);
  server_->Signal(SIGSTOP);
  EXPECT_EQ(load->Wait(2), -1);
  server_->Signal(SIGCONT);
  EXPECT_EQ(load->Wait(30), 0) << ReadText(folder_.path() + "/load.err");
  const json result = json::parse(ReadText(folder_.path() + "/load.out"));
  const json& report = result.at("steps").at(0).at("report");
  EXPECT_EQ(report.at("requests"), 1200) << report;
  // A third of the requests came due in the pause: evenly late, by up to two seconds.
  EXPECT_GT(report.at("latencyMs").at("p90"), 1000) << report;
  EXPECT_GT(report.at("latencyMs").at("max"), 1800) << report;
  EXPECT_LT(report.at("serviceMs").at("mean"), report.at("latencyMs").at("mean")) << report;
}

TEST_F(SeedScriptsTest, LoadJudgesTheSeedsScenarios) {
  for (const std::string scenario : {"normal", "ladder", "race"}) {
    const Result<std::string> output = RunTool(
        {server_binary, "load", server_->url(), "--scenario", scenario, "--seconds", "1", "--json"},
        folder_.path(), 60);
    ASSERT_TRUE(output.ok()) << output.status().ToString();
    EXPECT_EQ(json::parse(*output).at("pass"), true) << *output;
  }
  // Nobody there: exit 7. No such scenario: exit 2.
  for (const auto& [arguments, code] :
       {std::pair<std::vector<std::string>, int>{{"http://127.0.0.1:1/health"}, 7},
        {{server_->url(), "--scenario", "nope"}, 2}}) {
    std::vector<std::string> all = {server_binary, "load"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    Result<ChildProcess> load =
        ChildProcess::Start(all, folder_.path() + "/load.out", folder_.path() + "/load.err");
    ASSERT_TRUE(load.ok());
    EXPECT_EQ(load->Wait(60), code) << ReadText(folder_.path() + "/load.err");
  }
}

// T5, T6, T7: normal, peak and spike rates of the popup guide, as views of one popup, each of them durable.
struct Steady {
  const char* name;
  double rate;
  double seconds;
};

class SteadyRateTest : public SeedScriptsTest, public testing::WithParamInterface<Steady> {};

TEST_P(SteadyRateTest, ViewsAreAnsweredInTimeAndCounted) {
  const Steady& steady = GetParam();
  const Reply created = Post("/popups", {{"shopId", "load-shop"},
                                         {"name", "Load"},
                                         {"status", "active"},
                                         {"triggerType", "time_delay"},
                                         {"design", PopupDesign()}});
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string popup = json::parse(created.body).at("id");

  LoadPlan plan = PostPlan(PlanFor("/analytics/views"),
                           {{"popupId", popup}, {"visitorId", "visitor-{i}"}, {"referrer", ""}});
  plan.connections = 50;
  plan.rate = steady.rate;
  plan.seconds = Scale() < 1 ? std::min(steady.seconds * Scale(), kShortSeconds) : steady.seconds;
  const LoadResult result = RunPlan(plan);
  const PassRules rules{.p95_ms_max = 200, .rate_min = steady.rate * 0.95};
  EXPECT_TRUE(FailuresOf(result, rules).empty())
      << FormatReport(plan, result, FailuresOf(result, rules));

  // Every answered view is counted, exactly.
  const uint64_t answered = result.statuses.contains(201) ? result.statuses.at(201) : 0;
  const Result<Reply> stats = Fetch(Url("/analytics/popup/" + popup), {});
  ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  EXPECT_EQ(json::parse(stats->body).at("views"), answered);
}

INSTANTIATE_TEST_SUITE_P(Rates, SteadyRateTest,
                         testing::Values(Steady{"T5Normal", 100, 60}, Steady{"T6Peak", 500, 300},
                                         Steady{"T7Spike", 1000, 60}),
                         [](const auto& rate) { return rate.param.name; });

}  // namespace
}  // namespace tenantry::load

// Usage: seed_scripts_test PATH_OF_TENANTRY [gtest options]
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    fprintf(stderr, "usage: %s PATH_OF_TENANTRY\n", argv[0]);
    return 2;
  }
  tenantry::load::server_binary = argv[1];
  return RUN_ALL_TESTS();
}
