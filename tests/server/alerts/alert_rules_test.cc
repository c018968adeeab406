#include "server/alerts/alert_rules.h"

#include <string>

#include <gtest/gtest.h>

namespace tenantry::alerts {
namespace {

// Feeds a sample every ten seconds and keeps what began or ended.
class AlertRulesTest : public ::testing::Test {
 protected:
  void Step(uint64_t replies, uint64_t server_errors, size_t latency_bucket = 0) {
    sample_.now_ms += 10'000;
    sample_.requests.replies += replies;
    sample_.requests.server_errors += server_errors;
    sample_.requests.latency[latency_bucket] += replies;
    for (const Change& change : rules_.Add(sample_)) {
      log_ += std::string(RuleName(change.rule)) + (change.firing ? "+" : "-") +
              std::to_string(sample_.now_ms / 1000) + " ";
    }
  }

  AlertRules rules_{Limits{}};
  Sample sample_;
  std::string log_;
};

constexpr size_t kBelowFiveSeconds = 15;  // The bucket from 2 s to 5 s.

TEST_F(AlertRulesTest, O2_M3_ErrorRateFiresAfterFiveMinutesAboveFivePercent) {
  Step(100, 0);
  while (sample_.now_ms < 1'000'000) Step(100, 10);
  EXPECT_EQ(log_, "error_rate+320 ") << "over since the second sample, at 20 s";
  EXPECT_TRUE(rules_.firing(Rule::kErrorRate));
  while (sample_.now_ms < 1'200'000) Step(100, 0);
  EXPECT_EQ(log_, "error_rate+320 error_rate-1030 ") << "the last minute is below the limit";
}

TEST_F(AlertRulesTest, O2_ExactlyFivePercentIsNotAbove) {
  while (sample_.now_ms < 1'000'000) Step(100, 5);
  EXPECT_EQ(log_, "");
}

TEST_F(AlertRulesTest, O2_ABreakStartsTheFiveMinutesAgain) {
  for (int i = 0; i < 100; ++i) {
    sample_.worker_share = i % 29 == 28 ? 0.5 : 0.9;
    Step(0, 0);
  }
  EXPECT_EQ(log_, "") << "never 300 s in a row";
  sample_.worker_share = 0.81;
  for (int i = 0; i < 31; ++i) Step(0, 0);
  EXPECT_TRUE(rules_.firing(Rule::kSaturation));
}

TEST_F(AlertRulesTest, O2_M2_SlowRepliesFireAboveTwoSeconds) {
  Step(100, 0);
  while (sample_.now_ms < 330'000) {
    Step(90, 0);
    Step(10, 0, kBelowFiveSeconds);
  }
  EXPECT_TRUE(rules_.firing(Rule::kSlowReplies)) << log_;
  EXPECT_FALSE(rules_.firing(Rule::kErrorRate));
}

TEST_F(AlertRulesTest, O2_M4_M5_SharesOfWorkersAndConnections) {
  sample_.worker_share = 0.8;
  sample_.connection_share = 0.81;
  for (int i = 0; i < 40; ++i) Step(0, 0);
  EXPECT_EQ(log_, "connections+310 ") << "80 % itself is not above the limit";
  sample_.connection_share = 0;
  Step(0, 0);
  EXPECT_EQ(log_, "connections+310 connections-410 ");
}

TEST_F(AlertRulesTest, AHandfulOfRequestsIsNoRate) {
  while (sample_.now_ms < 1'000'000) Step(1, 1, kBelowFiveSeconds);
  EXPECT_EQ(log_, "") << "six requests a minute";
}

}  // namespace
}  // namespace tenantry::alerts
