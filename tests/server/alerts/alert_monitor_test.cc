#include "server/alerts/alert_monitor.h"

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <httplib.h>

#include "engine/base/clock.h"
#include "server/alerts/alert_post.h"

namespace tenantry::alerts {
namespace {

class AlertMonitorTest : public ::testing::Test {
 protected:
  MonitorOptions Options() {
    MonitorOptions options;
    options.sample = [this] { return sample_; };
    options.note = [this](std::string_view severity, std::string_view message) {
      notes_.push_back(std::string(severity) + " " + std::string(message));
    };
    options.post = [this](const std::string& body) {
      if (!reachable_) return Unavailable("nobody there");
      posts_.push_back(body);
      return Status::Ok();
    };
    return options;
  }
  void LookFor(AlertMonitor& monitor, int64_t seconds) {
    for (int64_t passed = 0; passed < seconds; passed += 10) {
      clock_.AdvanceMs(10'000);
      monitor.Look();
    }
  }
  static std::string TextOf(const AlertMonitor& monitor) {
    metrics::Exposition out;
    monitor.Collect(out);
    return out.Take();
  }

  ManualClock clock_{1'772'442'000'000};
  Sample sample_;
  bool reachable_ = true;
  std::vector<std::string> notes_;
  std::vector<std::string> posts_;
};

TEST_F(AlertMonitorTest, O2_PostsWhatBeganAndWhatEnded) {
  AlertMonitor monitor(clock_, Options());
  sample_.connection_share = 0.95;
  LookFor(monitor, 400);
  ASSERT_EQ(posts_.size(), 1u);
  EXPECT_EQ(posts_[0], R"({"alert":"connections","state":"firing","value":0.95,"limit":0.8,)"
                       R"("time":"2026-03-02T09:05:10.000Z","service":"tenantry"})");
  EXPECT_EQ(notes_, std::vector<std::string>{"ERROR alert connections firing: 0.95, limit 0.8"});
  EXPECT_NE(TextOf(monitor).find("tenantry_alert_firing{alert=\"connections\"} 1\n"),
            std::string::npos);
  sample_.connection_share = 0.1;
  LookFor(monitor, 10);
  ASSERT_EQ(posts_.size(), 2u);
  EXPECT_NE(posts_[1].find(R"("state":"resolved")"), std::string::npos) << posts_[1];
}

TEST_F(AlertMonitorTest, O2_APostThatFailsIsTriedAgainInOrder) {
  AlertMonitor monitor(clock_, Options());
  reachable_ = false;
  sample_.worker_share = 1;
  LookFor(monitor, 400);
  sample_.worker_share = 0;
  LookFor(monitor, 20);
  EXPECT_TRUE(posts_.empty());
  EXPECT_NE(TextOf(monitor).find("tenantry_alert_posts_waiting 2\n"), std::string::npos);
  EXPECT_EQ(notes_.back(), "WARNING nobody there");
  reachable_ = true;
  LookFor(monitor, 10);
  ASSERT_EQ(posts_.size(), 2u);
  EXPECT_NE(posts_[0].find("firing"), std::string::npos);
  EXPECT_NE(posts_[1].find("resolved"), std::string::npos);
  LookFor(monitor, 100);
  EXPECT_EQ(posts_.size(), 2u) << "each is told once";
}

// A receiver on loopback, for the post itself.
class AlertPostTest : public ::testing::Test {
 protected:
  AlertPostTest() {
    receiver_.Post("/alerts", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      body_ = request.body;
      type_ = request.get_header_value("Content-Type");
      response.status = 204;
    });
    receiver_.Post("/broken", [](const httplib::Request&, httplib::Response& response) {
      response.status = 500;
    });
    port_ = receiver_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { receiver_.listen_after_bind(); });
  }
  ~AlertPostTest() override {
    receiver_.stop();
    thread_.join();
  }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

  SystemClock clock_;
  httplib::Server receiver_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::string body_, type_;  // Under mutex_: a sanitizer does not see that a reply orders them.
};

TEST_F(AlertPostTest, O2_DeliversJson) {
  EXPECT_TRUE(AlertPost(clock_, Url("/alerts")).Send(R"({"alert":"x"})").ok());
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(body_, R"({"alert":"x"})");
  EXPECT_EQ(type_, "application/json");
}

TEST_F(AlertPostTest, FailuresAreToldApart) {
  EXPECT_EQ(AlertPost(clock_, Url("/broken")).Send("{}").message(),
            "the webhook was answered with status 500");
  receiver_.stop();
  thread_.join();
  thread_ = std::thread([] {});
  EXPECT_EQ(AlertPost(clock_, Url("/alerts")).Send("{}").code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tenantry::alerts
