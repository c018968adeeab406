// Goal: the instrument measures what it says, and notices what it exists to notice. Method: its parts on bytes made by
// hand, and whole runs against a small server that misbehaves on purpose.

#include <atomic>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/thread.h"
#include "tools/load/fetch.h"
#include "tools/load/live_view.h"
#include "tools/load/load_run.h"
#include "tools/load/report.h"
#include "tools/load/response_reader.h"
#include "tools/load/scenario_run.h"

namespace tenantry::load {
namespace {

using State = ResponseReader::State;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

State FeedByteByByte(ResponseReader& reader, std::string_view bytes) {
  State state = reader.state();
  for (size_t i = 0; i < bytes.size(); ++i) state = reader.Feed(bytes.substr(i, 1));
  return state;
}

TEST(ResponseReaderTest, WholeOrByteByByteIsTheSame) {
  ResponseReader reader;
  reader.Reset(false, true);
  EXPECT_EQ(reader.Feed(kOk), State::kDone);
  EXPECT_EQ(reader.body(), "ok");
  reader.Reset(false, true);
  EXPECT_EQ(FeedByteByByte(reader, kOk), State::kDone);
  EXPECT_EQ(reader.body(), "ok");
  EXPECT_EQ(reader.status(), 200);
  EXPECT_FALSE(reader.close());
}

TEST(ResponseReaderTest, BodiesEndWhereTheHeadSays) {
  ResponseReader reader;
  reader.Reset(true);
  EXPECT_EQ(reader.Feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), State::kDone) << "HEAD";
  reader.Reset(false);
  EXPECT_EQ(reader.Feed("HTTP/1.1 204 No Content\r\n\r\n"), State::kDone);
  reader.Reset(false, true);
  EXPECT_EQ(reader.Feed("HTTP/1.0 200 OK\r\n\r\nuntil the end"), State::kBody);
  EXPECT_TRUE(reader.close());
  EXPECT_EQ(reader.FeedEnd(), State::kDone);
  EXPECT_EQ(reader.body(), "until the end");
  reader.Reset(false, true);
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n" + std::string(kOk);
  EXPECT_EQ(FeedByteByByte(reader, interim), State::kDone);
  EXPECT_EQ(reader.status(), 200);
}

TEST(ResponseReaderTest, ChunksAreJoined) {
  constexpr std::string_view kChunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;name=value\r\nWiki\r\nB\r\npedia\r\n\r\nin\r\n0\r\nTrailer: x\r\n\r\n";
  ResponseReader reader;
  reader.Reset(false, true);
  EXPECT_EQ(reader.Feed(kChunked), State::kDone);
  EXPECT_EQ(reader.body(), "Wikipedia\r\n\r\nin");
  EXPECT_FALSE(reader.close());
  reader.Reset(false, true);
  EXPECT_EQ(FeedByteByByte(reader, kChunked), State::kDone);
  EXPECT_EQ(reader.body(), "Wikipedia\r\n\r\nin");
  reader.Reset(false);
  reader.Feed(kChunked.substr(0, kChunked.size() - 2));
  EXPECT_EQ(reader.FeedEnd(), State::kError) << "cut short";
}

TEST(ResponseReaderTest, RefusesWhatIsNoWholeResponse) {
  ResponseReader reader;
  for (const std::string_view bad :
       {"HTTP/1.1 abc OK\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay"}) {
    reader.Reset(false);
    EXPECT_EQ(reader.Feed(bad), State::kError) << bad;
  }
  reader.Reset(false);
  reader.Feed(kOk.substr(0, kOk.size() - 1));
  EXPECT_EQ(reader.FeedEnd(), State::kError) << "cut short";
}

TEST(LatencyHistogramTest, QuantilesAreWithinOnePercent) {
  LatencyHistogram histogram;
  for (int64_t i = 1; i <= 100'000; ++i) histogram.Add(i * 1000);
  for (const double q : {0.01, 0.5, 0.95, 0.99}) {
    const double exact = q * 1e8;
    EXPECT_LT(std::abs(static_cast<double>(histogram.QuantileNs(q)) - exact), exact * 0.01) << q;
  }
  EXPECT_EQ(histogram.QuantileNs(1.0), 100'000'000u);
  EXPECT_EQ(histogram.count(), 100'000u);
}

TEST(RequestTemplateTest, FillsCountersAndCountsTheBody) {
  const Result<Endpoint> endpoint = ParseUrl("http://127.0.0.1:8080/a/{conn}?n={i}");
  ASSERT_TRUE(endpoint.ok());
  RequestParts parts{.method = "POST", .headers = {"X-N: {i}"}, .body = "[{i},{conn},{x}]"};
  RequestTemplate request(*endpoint, parts);
  EXPECT_EQ(request.Render(12, 3),
            "POST /a/3?n=12 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-N: 12\r\n"
            "Content-Length: 10\r\n\r\n[12,3,{x}]");
  const Result<Endpoint> encrypted = ParseUrl("https://127.0.0.1/b");
  ASSERT_TRUE(encrypted.ok());
  EXPECT_TRUE(encrypted->encrypted);
  EXPECT_EQ(encrypted->base(), "https://127.0.0.1");
  EXPECT_EQ(ntohs(reinterpret_cast<const sockaddr_in&>(encrypted->address).sin_port), 443);
  EXPECT_FALSE(ParseUrl("ftp://127.0.0.1/").ok());
}

// Answers every request; what goes wrong is chosen. One thread, poll.
class StubServer {
 public:
  static constexpr int kPauseMs = 500;

  struct Faults {
    bool starve_first =
        false;              // The first connection is answered once in 100 requests of the others.
    int refuse_every = 0;   // Each n-th answer is 500.
    int hang_up_every = 0;  // Each n-th request loses its connection instead.
    bool close_each = false;  // In good order: Connection: close.
    int pause_at = 0;         // After so many answers it answers nobody for kPauseMs.
  };

  explicit StubServer(Faults faults) : faults_(faults), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, bytes), 0);
    EXPECT_EQ(listen(listener_, 128), 0);
    EXPECT_EQ(getsockname(listener_, generic, &bytes), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = Thread("stub", [this] { Serve(); });
  }
  ~StubServer() {
    stop_ = true;
    thread_.Join();
    for (const pollfd& entry : polled_) close(entry.fd);
  }

  const std::string& url() const { return url_; }
  LoadPlan Plan(uint32_t connections, double seconds) const {
    LoadPlan plan;
    plan.endpoint = *ParseUrl(url_);
    plan.connections = connections;
    plan.seconds = seconds;
    return plan;
  }

 private:
  void Serve() {
    polled_ = {{.fd = listener_, .events = POLLIN, .revents = 0}};
    while (!stop_) {
      if (poll(polled_.data(), polled_.size(), 10) <= 0) continue;
      for (size_t i = polled_.size(); i-- > 1;) {
        if (polled_[i].revents != 0 && !Answer(i)) {
          close(polled_[i].fd);
          polled_.erase(polled_.begin() + static_cast<std::ptrdiff_t>(i));
        }
      }
      if (polled_[0].revents != 0) {
        polled_.push_back(
            {.fd = accept(listener_, nullptr, nullptr), .events = POLLIN, .revents = 0});
      }
    }
  }

  // False when the connection is over.
  bool Answer(size_t i) {
    if (faults_.starve_first && i == 1) {
      if (answers_ < next_for_first_) return true;
      next_for_first_ = answers_ + 1000;
    }
    char buffer[4096];
    const ssize_t got = recv(polled_[i].fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    if (buffer[got - 1] != '\n') return true;  // The rest of the request is still to come.
    ++answers_;
    if (answers_ == faults_.pause_at) poll(nullptr, 0, kPauseMs);
    if (faults_.hang_up_every > 0 && answers_ % faults_.hang_up_every == 0) return false;
    std::string answer(kOk);
    if (faults_.refuse_every > 0 && answers_ % faults_.refuse_every == 0) {
      answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
    }
    if (faults_.close_each) answer.insert(answer.find("Content"), "Connection: close\r\n");
    send(polled_[i].fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    return !faults_.close_each;
  }

  const Faults faults_;
  const int listener_;
  std::string url_;
  std::atomic<bool> stop_{false};
  std::vector<pollfd> polled_;  // The thread's until it is joined.
  int answers_ = 0;
  int next_for_first_ = 0;
  Thread thread_;
};

LoadResult RunOk(const LoadPlan& plan) {
  const SystemClock clock;
  Result<LoadResult> result = RunLoad(plan, clock);
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return std::move(result).value();
}

TEST(LoadRunTest, AFairServerPasses) {
  const StubServer server({});
  const LoadPlan plan = server.Plan(20, 0.3);
  const LoadResult result = RunOk(plan);
  EXPECT_THAT(FailuresOf(result, {}), IsEmpty());
  EXPECT_GT(result.requests, 100u);
  EXPECT_EQ(result.latency.count(), result.requests);
  EXPECT_THAT(FormatReport(plan, result, {}), HasSubstr(R"("pass":true)"));
}

// Goal: a timed request starts when it is due and not when the system finds it convenient; the caller's thread is left as it was.
TEST(LoadRunTest, TheTimetableIsKeptToTheNanosecond) {
  const StubServer server({});
  LoadPlan plan = server.Plan(2, 0.6);
  plan.rate = 100;
  std::vector<int> slack_ns;
  plan.on_progress = [&](const LoadResult&) { slack_ns.push_back(prctl(PR_GET_TIMERSLACK)); };
  const int before = prctl(PR_GET_TIMERSLACK);
  EXPECT_GT(before, 1);
  RunOk(plan);
  EXPECT_THAT(slack_ns, testing::AllOf(testing::Not(IsEmpty()), testing::Each(1)));
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK), before);
}

TEST(LoadRunTest, AStarvedConnectionFails) {
  const StubServer server({.starve_first = true});
  LoadPlan plan = server.Plan(20, 0.5);
  plan.reply_timeout_seconds = 1;
  EXPECT_THAT(FailuresOf(RunOk(plan), {}), testing::Contains(HasSubstr("worst connection")));
}

TEST(LoadRunTest, RefusalsAndLostConnectionsAreErrors) {
  const StubServer refusing({.refuse_every = 10});
  const LoadResult refused = RunOk(refusing.Plan(4, 0.2));
  EXPECT_GT(refused.unexpected_statuses, 0u);
  EXPECT_EQ(refused.unexpected_statuses, refused.statuses.at(500));
  EXPECT_THAT(FailuresOf(refused, {}), testing::Contains(HasSubstr("errors")));
  const StubServer hanging_up({.hang_up_every = 50});
  EXPECT_GT(RunOk(hanging_up.Plan(4, 0.2)).broken, 0u);
}

TEST(LoadRunTest, ClosingInGoodOrderIsNoError) {
  const StubServer server({.close_each = true});
  const LoadResult result = RunOk(server.Plan(4, 0.2));
  EXPECT_EQ(result.errors(), 0u);
  EXPECT_GT(result.reconnects, 10u);
}

TEST(LoadRunTest, ARateIsKept) {
  const StubServer server({});
  LoadPlan plan = server.Plan(10, 1);
  plan.rate = 200;
  const LoadResult result = RunOk(plan);
  EXPECT_NEAR(static_cast<double>(result.requests), 200, 4);
}

// Goal: what a server's pause delays is what came due in it, also on the one connection that the pause kept from asking.
TEST(LoadRunTest, APauseDelaysAllThatCameDueInIt) {
  const StubServer server({.pause_at = 50});
  LoadPlan plan = server.Plan(1, 1);
  plan.rate = 200;
  const LoadResult result = RunOk(plan);
  EXPECT_EQ(result.requests, 200u) << "nothing that was due is left out";
  EXPECT_EQ(result.latency.count(), 200u);
  // A hundred of two hundred came due in the pause and waited 250 ms on average; only one of them was under way.
  EXPECT_GT(result.latency.QuantileNs(0.75), 200'000'000u);
  EXPECT_GT(result.latency.mean_ns(), 100e6);
  EXPECT_GE(result.service.max_ns(), 450'000'000u);
  EXPECT_LT(result.service.mean_ns(), result.latency.mean_ns() / 4);
}

TEST(LoadRunTest, WhatIsNeverAnsweredCountsAsLate) {
  const StubServer server({.pause_at = 50});
  LoadPlan plan = server.Plan(1, 0.3);
  plan.rate = 200;
  plan.reply_timeout_seconds = 0.1;
  const LoadResult result = RunOk(plan);
  EXPECT_GT(result.timeouts, 0u);
  EXPECT_EQ(result.requests + result.timeouts, 60u);
  EXPECT_EQ(result.latency.count(), 60u);
}

TEST(LoadRunTest, AClosedLoopEndsAfterItsRequests) {
  const StubServer server({});
  LoadPlan plan = server.Plan(4, 30);
  plan.requests_max = 100;
  EXPECT_EQ(RunOk(plan).requests, 100u);
}

TEST(LoadRunTest, StagesRaiseAndLowerTheUsers) {
  const StubServer server({});
  LoadPlan plan = server.Plan(1, 1);
  plan.stages = {{0.3, 20}, {0.4, 20}, {0.3, 0}};
  plan.think_seconds = 0.1;
  const LoadResult result = RunOk(plan);
  ASSERT_EQ(result.connections.size(), 20u);
  EXPECT_GT(result.connections.back().requests, 0u);
  EXPECT_GT(result.connections.front().requests, result.connections.back().requests);
  // The users' area is 14 user-seconds, ten requests a second each.
  EXPECT_NEAR(static_cast<double>(result.requests), 140, 30);
}

TEST(LoadRunTest, SimultaneousSendsOneRequestPerConnection) {
  const StubServer server({});
  LoadPlan plan = server.Plan(50, 1);
  plan.simultaneous = true;
  const LoadResult result = RunOk(plan);
  EXPECT_EQ(result.statuses, (std::map<int, uint64_t>{{200, 50}}));
  EXPECT_EQ(FairnessOf(result).requests_max, 1u);
}

TEST(ScenarioTest, EveryNameHasStepsAndOthersAreRefused) {
  ScenarioOptions options;
  options.url = "http://127.0.0.1:1/";
  for (const ScenarioName& row : ScenarioNames()) {
    options.scenario = row.name;
    ASSERT_TRUE(AimAt("tag", &options).ok()) << row.name;
    const Result<std::vector<Step>> steps = StepsOf(options);
    ASSERT_TRUE(steps.ok()) << row.name;
    EXPECT_FALSE(steps->empty()) << row.name;
  }
  options.scenario = "normall";
  EXPECT_EQ(StepsOf(options).status().code(), StatusCode::kInvalidArgument);
}

TEST(ScenarioTest, SpikeMustRecoverAndStressFindsWhereItBreaks) {
  const StubServer server({});
  ScenarioOptions options;
  options.url = server.url();
  options.scenario = "spike";
  options.seconds = 0.2;
  ASSERT_TRUE(AimAt("tag", &options).ok());
  const SystemClock clock;
  const Result<ScenarioResult> spike = RunScenario(options, clock, {});
  ASSERT_TRUE(spike.ok());
  ASSERT_EQ(spike->steps.size(), 3u);
  EXPECT_EQ(spike->steps[1].step.plan.rate, 1000);

  // A tenth of the answers is refused, so even the first rate breaks.
  const StubServer refusing({.refuse_every = 10});
  options.url = refusing.url();
  options.scenario = "stress";
  ASSERT_TRUE(AimAt("tag", &options).ok());
  const Result<ScenarioResult> stress = RunScenario(options, clock, {});
  ASSERT_TRUE(stress.ok());
  EXPECT_FALSE(stress->pass);
  EXPECT_EQ(stress->breaking_rate, 100);
  EXPECT_THAT(FormatScenario(*stress), HasSubstr(R"("sustainedRate":null,"breakingRate":100)"));
}

TEST(ScenarioTest, ARaceHasOneWinner) {
  const StubServer server({});
  ScenarioOptions options;
  options.url = server.url() + "seat";
  options.scenario = "race";
  ASSERT_TRUE(AimAt("tag", &options).ok());
  const SystemClock clock;
  const Result<ScenarioResult> race = RunScenario(options, clock, {});
  ASSERT_TRUE(race.ok());
  EXPECT_FALSE(race->pass) << "the stub lets all fifty win";
  EXPECT_THAT(race->steps[0].failures, testing::Contains(HasSubstr("50 won, 1 may")));
}

TEST(LiveViewTest, BarsShowWhereLatenciesLie) {
  LatencyHistogram histogram;
  for (int i = 0; i < 80; ++i) histogram.Add(100'000);
  for (int i = 0; i < 10; ++i) histogram.Add(10'000'000'000);
  const std::string bars = DrawBars(histogram);
  EXPECT_TRUE(bars.starts_with("█"));
  EXPECT_TRUE(bars.ends_with("▂"));
}

TEST(LoadRunTest, NobodyListeningIsAnErrorNotAResult) {
  LoadPlan plan;
  plan.endpoint = *ParseUrl("http://127.0.0.1:1/");
  const SystemClock clock;
  EXPECT_EQ(RunLoad(plan, clock).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tenantry::load
