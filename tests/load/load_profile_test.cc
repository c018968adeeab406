// Goal: the seeds' load profile on one machine: 100, 500 and 1,000 requests a second, and a ladder of users who ask once a
// second each, up to 800. No error, p95 below 20 ms, memory that does not grow.
// Method: the real binary with this machine exempt from the rate limit; a storefront's list, durable views and a gym's open
// sessions at the same time, on a server that is warm. Errors and rates are checked always; times and memory only in the long
// run (./dev soak, TNT_PROFILE_SCALE=1), where nothing else runs beside it.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/clock.h"
#include "engine/base/thread.h"
#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/popup_design.h"
#include "tools/load/fetch.h"
#include "tools/load/load_run.h"
#include "tools/load/report.h"

namespace tenantry::load {
namespace {

using nlohmann::json;

constexpr double kP95MsMax = 20;
constexpr double kShortSeconds = 2;
// What a server that runs for hours has and one that just started has not: a full block cache, and every memtable filled and
// flushed. A minute of views as fast as they are answered makes both.
constexpr double kWarmUpSeconds = 90;
// Memtables fill and are flushed all the time, so resident memory goes up and down by less than two of them (16 MiB each).
constexpr double kSwingMibMax = 32;
constexpr double kSlopeMibPerMinuteMax = 4;

double Scale() {
  const char* text = std::getenv("TNT_PROFILE_SCALE");
  return text != nullptr ? std::atof(text) : 0;
}
bool IsLong() {
  return Scale() > 0;
}
double SecondsOf(double full) {
  return IsLong() ? full * Scale() : kShortSeconds;
}

// Resident memory of the server every second, and the line that fits best.
class MemoryWatch {
 public:
  explicit MemoryWatch(std::string url) : url_(std::move(url)) {
    thread_ = Thread("memory", [this] {
      while (!done_.load(std::memory_order_relaxed)) {
        Look();
        std::this_thread::sleep_for(std::chrono::milliseconds(IsLong() ? 1000 : 200));
      }
    });
  }
  void Stop() {
    done_ = true;
    thread_.Join();
  }
  // MiB per minute.
  double Slope() const {
    const auto n = static_cast<double>(mib_.size());
    double t = 0, m = 0, tt = 0, tm = 0;
    for (size_t i = 0; i < mib_.size(); ++i) {
      t += minutes_[i];
      m += mib_[i];
      tt += minutes_[i] * minutes_[i];
      tm += minutes_[i] * mib_[i];
    }
    const double spread = n * tt - t * t;
    return spread > 0 ? (n * tm - t * m) / spread : 0;
  }
  double first() const { return mib_.empty() ? 0 : mib_.front(); }
  double last() const { return mib_.empty() ? 0 : mib_.back(); }
  double least() const { return mib_.empty() ? 0 : *std::ranges::min_element(mib_); }
  double most() const { return mib_.empty() ? 0 : *std::ranges::max_element(mib_); }

 private:
  void Look() {
    const Result<Reply> metrics = Fetch(url_ + "/metrics", {});
    if (!metrics.ok()) return;
    std::istringstream lines(metrics->body);
    for (std::string line; std::getline(lines, line);) {
      constexpr std::string_view kName = "process_resident_memory_bytes ";
      if (!line.starts_with(kName)) continue;
      mib_.push_back(std::stod(line.substr(kName.size())) / (1 << 20));
      minutes_.push_back(static_cast<double>(clock_.NowBootNs() - start_ns_) / 60e9);
    }
  }

  const std::string url_;
  const SystemClock clock_;
  const int64_t start_ns_ = clock_.NowBootNs();
  std::atomic<bool> done_{false};
  // The thread's own until Stop().
  std::vector<double> minutes_;
  std::vector<double> mib_;
  Thread thread_;
};

class LoadProfileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<ServerProcess> started =
        ServerProcess::Start(TENANTRY_BINARY, folder_.path(),
                             {"--rate-limit-exempt", "127.0.0.0/8,::1/128", "--shop-auth", "open"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<ServerProcess>(std::move(started).value());
    const json popup = Post("/popups", {{"shopId", "profile.example"},
                                        {"name", "Load"},
                                        {"status", "active"},
                                        {"triggerType", "time_delay"},
                                        {"design", PopupDesign()}});
    const json gym = Post("/auth/signup", {{"email", "owner@profile.example"},
                                           {"password", "Password123"},
                                           {"name", "Owner"},
                                           {"tenantName", "Profile Gym"}});
    popup_ = popup.value("id", "");
    gym_ = gym.contains("tenant") ? gym["tenant"].value("id", "") : "";
    ASSERT_FALSE(popup_.empty());
    ASSERT_FALSE(gym_.empty());
  }
  void TearDown() override {
    if (server_) {
      EXPECT_EQ(server_->Stop(), 0) << ReadText(folder_.path() + "/server.err");
    }
  }

  json Post(const std::string& path, const json& body) const {
    RequestParts request;
    request.method = "POST";
    request.headers = {"Content-Type: application/json", "Connection: close"};
    request.body = body.dump();
    const Result<Reply> reply = Fetch(server_->url() + path, request);
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.ok() ? reply->status : 0, 201) << (reply.ok() ? reply->body : "");
    return reply.ok() ? json::parse(reply->body, nullptr, false) : json();
  }

  struct Part {
    const char* name;
    double share;
    LoadPlan plan;
    LoadResult result = {};
  };
  LoadPlan PlanFor(const std::string& path) const {
    LoadPlan plan;
    const Result<Endpoint> endpoint = ParseUrl(server_->url() + path);
    EXPECT_TRUE(endpoint.ok());
    plan.endpoint = *endpoint;
    return plan;
  }
  std::vector<Part> Mix() const {
    LoadPlan view = PlanFor("/analytics/views");
    view.request.method = "POST";
    view.request.headers = {"Content-Type: application/json"};
    view.request.body = json{{"popupId", popup_}, {"visitorId", "visitor-{i}"}}.dump();
    LoadPlan sessions = PlanFor("/sessions/available");
    sessions.request.headers = {"x-tenant-id: " + gym_};
    std::vector<Part> parts;
    parts.push_back({"list", 0.5, PlanFor("/popups/active?shopId=profile.example")});
    parts.push_back({"view", 0.3, std::move(view)});
    parts.push_back({"sessions", 0.2, std::move(sessions)});
    return parts;
  }
  static void RunParts(std::vector<Part>* parts) {
    std::vector<Thread> threads;
    for (Part& part : *parts) {
      threads.emplace_back("load", [&part] {
        const SystemClock clock;
        Result<LoadResult> result = RunLoad(part.plan, clock);
        EXPECT_TRUE(result.ok()) << result.status().ToString();
        if (result.ok()) part.result = *std::move(result);
      });
    }
    for (Thread& thread : threads) thread.Join();
  }
  void Check(const char* step, const std::vector<Part>& parts, double rate) {
    for (const Part& part : parts) {
      const auto ms = [&](double quantile) {
        return static_cast<double>(part.result.latency.QuantileNs(quantile)) / 1e6;
      };
      std::printf("%-10s %-9s %7.1f/s p50 %6.2f p95 %6.2f p99 %6.2f ms, %llu errors\n", step,
                  part.name, part.result.rate(), ms(0.5), ms(0.95), ms(0.99),
                  static_cast<unsigned long long>(part.result.errors()));
      const PassRules rules{.fairness_max = 0,
                            .p95_ms_max = IsLong() ? kP95MsMax : 0,
                            .rate_min = rate * part.share * 0.95};
      const std::vector<std::string> failures = FailuresOf(part.result, rules);
      EXPECT_TRUE(failures.empty()) << FormatReport(part.plan, part.result, failures);
      if (std::string_view(part.name) == "view") views_ += part.result.statuses.at(201);
    }
  }
  void WarmUp() {
    std::vector<Part> parts = Mix();
    std::erase_if(parts, [](const Part& part) { return std::string_view(part.name) != "view"; });
    parts.front().plan.connections = 64;
    parts.front().plan.seconds = IsLong() ? kWarmUpSeconds * Scale() : kShortSeconds / 4;
    RunParts(&parts);
    Check("warm-up", parts, 0);
  }
  void RunRate(const char* step, double rate, double full_seconds) {
    std::vector<Part> parts = Mix();
    for (Part& part : parts) {
      part.plan.rate = rate * part.share;
      part.plan.connections = 40;
      part.plan.seconds = SecondsOf(full_seconds);
    }
    RunParts(&parts);
    Check(step, parts, rate);
  }

  TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
  std::string popup_;
  std::string gym_;
  uint64_t views_ = 0;
};

TEST_F(LoadProfileTest, T5T6T7RatesHaveNoErrorsAndMemoryStays) {
  WarmUp();
  MemoryWatch memory(server_->url());
  RunRate("normal", 100, 60);
  RunRate("peak", 500, 300);
  RunRate("spike", 1000, 60);
  memory.Stop();
  std::printf("memory: first %.1f, last %.1f, least %.1f, most %.1f MiB; slope %.2f MiB a minute\n",
              memory.first(), memory.last(), memory.least(), memory.most(), memory.Slope());
  if (IsLong()) {
    EXPECT_LT(memory.most() - memory.least(), kSwingMibMax);
    EXPECT_LT(memory.Slope(), kSlopeMibPerMinuteMax);
  }
  const Result<Reply> stats = Fetch(server_->url() + "/analytics/popup/" + popup_, {});
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(json::parse(stats->body).at("views"), views_) << "every answered view, once";
}

TEST_F(LoadProfileTest, T9ALadderOfUsersAtOneRequestASecondEach) {
  for (const uint32_t users : {1u, 5u, 50u, 100u, 500u, 800u}) {
    if (!IsLong() && users != 5 && users != 800) continue;
    const double ramp = std::min(2.0, SecondsOf(2));
    std::vector<Part> parts = Mix();
    std::erase_if(parts,
                  [](const Part& part) { return std::string_view(part.name) != "sessions"; });
    Part& part = parts.front();
    part.share = 1;
    part.plan.stages = {{ramp, users}, {SecondsOf(30), users}};
    part.plan.think_seconds = 1;
    RunParts(&parts);
    // While users come, half of them ask on average.
    const double full = static_cast<double>(users) * SecondsOf(30) / (ramp + SecondsOf(30));
    Check(("users " + std::to_string(users)).c_str(), parts, full * 0.9);
    EXPECT_EQ(part.result.connections.size(), users);
  }
}

}  // namespace
}  // namespace tenantry::load
