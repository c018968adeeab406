#include "server/access_log.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "engine/schema/catalog.h"
#include "engine/schema/gym.capnp.h"

namespace tenantry::server {
namespace {

using nlohmann::json;

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() { EXPECT_EQ(pipe(ends_), 0); }
  ~AccessLogTest() override {
    close(ends_[0]);
    if (ends_[1] >= 0) close(ends_[1]);
  }
  // Ends the log and reads what it wrote.
  std::vector<json> Lines() {
    log_.reset();
    close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(ends_[0], buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    std::vector<json> lines;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      lines.push_back(json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return lines;
  }
  http::AccessRecord Record(int status, int64_t latency_ns = 1'234'567'890) const {
    http::AccessRecord record;
    record.route = &route_;
    record.method = http::Method::kGet;
    record.method_name = "GET";
    record.request_id = "req-1";
    record.status = status;
    record.body_bytes = 17;
    record.latency_ns = latency_ns;
    return record;
  }

  const http::Route route_ = {http::Method::kGet,
                              "/x",
                              "getX",
                              http::Module::kGym,
                              http::Permission::kOpen,
                              http::RateClass::kDefault,
                              http::CacheClass::kNone,
                              http::Lane::kInline,
                              nullptr};
  int ends_[2] = {-1, -1};
  ManualClock clock_{1'772'442'000'000};
  std::unique_ptr<AccessLog> log_ = nullptr;
};

TEST_F(AccessLogTest, O3_ALineHasTheFieldsThatTheSeedsFiltersName) {
  log_ = std::make_unique<AccessLog>(ends_[1], 1, clock_);
  log_->Add(Record(200), "/x", "gym-1");
  log_->Add(Record(503), "/x", "");
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], json::parse(R"({"severity":"INFO","time":"2026-03-02T09:00:00.000Z",
      "requestId":"req-1","route":"getX","tenant":"gym-1","httpRequest":{"requestMethod":"GET",
      "requestUrl":"/x","status":200,"responseSize":17,"latency":"1.234567890s"}})"));
  EXPECT_EQ(lines[1]["severity"], "ERROR");
  EXPECT_FALSE(lines[1].contains("tenant"));
}

TEST_F(AccessLogTest, TheLevelIsTheLeastSeverityWritten) {
  log_ = std::make_unique<AccessLog>(ends_[1], 1, clock_);
  log_->SetLevel(LogLevel::kWarning);
  EXPECT_FALSE(log_->Wants(200));
  EXPECT_TRUE(log_->Wants(404));
  log_->Note("INFO", "quiet");
  log_->SetLevel(LogLevel::kError);
  EXPECT_FALSE(log_->Wants(404));
  EXPECT_TRUE(log_->Wants(500));
  log_->SetLevel(LogLevel::kOff);
  EXPECT_FALSE(log_->Wants(500));
  log_->Note("ERROR", "quiet too");
  log_->SetLevel(LogLevel::kInfo);
  log_->Note("INFO", "heard");
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["message"], "heard");
}

TEST_F(AccessLogTest, O4_ASlowOperationNamesTenantIndexAndRows) {
  log_ = std::make_unique<AccessLog>(ends_[1], 1, clock_);
  http::Request request;
  request.request_id = "req-2";
  SlowOperation scan;
  scan.kind = "scan";
  scan.collection = &schema::CollectionOf<schema::GymSession>();
  scan.index = 1;
  scan.rows = 4321;
  scan.duration_ns = 250'000'000;
  log_->AddSlow(request, route_, "gym-1", scan);
  SlowOperation command;
  command.kind = "command";
  command.command = 130;
  command.duration_ns = 1;
  log_->AddSlow(request, route_, "gym-1", command);
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], json::parse(R"({"severity":"WARNING","time":"2026-03-02T09:00:00.000Z",
      "message":"slow operation","requestId":"req-2","route":"getX","tenant":"gym-1",
      "slowOperation":{"kind":"scan","collection":"gymSessions","index":1,
      "indexFields":["status","startTime"],"rowsScanned":4321,"duration":"0.250000000s"}})"));
  EXPECT_EQ(
      lines[1]["slowOperation"],
      json::parse(R"({"kind":"command","command":130,"rowsScanned":0,"duration":"0.000000001s"})"));
}

}  // namespace
}  // namespace tenantry::server
