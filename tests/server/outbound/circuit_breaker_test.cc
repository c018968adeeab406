#include "server/outbound/circuit_breaker.h"

#include <gtest/gtest.h>

namespace tenantry::outbound {
namespace {

constexpr std::string_view kTarget = "https://shop.example:443";

class BreakersTest : public ::testing::Test {
 protected:
  bool Allow(std::string_view target = kTarget) {
    wait_ms_ = 0;
    return breakers_.Allow(target, &wait_ms_);
  }
  // Calls that end like this, as long as they are let through.
  void Calls(int count, bool ok) {
    for (int i = 0; i < count && Allow(); ++i) breakers_.Report(kTarget, ok);
  }
  BreakerState State() { return breakers_.List().front().state; }

  ManualClock clock_{1'000'000};
  Breakers breakers_{clock_};
  int64_t wait_ms_ = 0;
};

TEST_F(BreakersTest, R1OpensWhenHalfOfTheCallsFail) {
  Calls(5, true);
  Calls(4, false);
  EXPECT_EQ(State(), BreakerState::kClosed);  // 4 of 9.
  Calls(1, false);
  EXPECT_EQ(State(), BreakerState::kOpen);
  EXPECT_FALSE(Allow());
  EXPECT_EQ(wait_ms_, kRetryAfterMs);
}

TEST_F(BreakersTest, R1AFewFailuresAreNoShare) {
  Calls(static_cast<int>(kCallsMin) - 1, false);
  EXPECT_EQ(State(), BreakerState::kClosed);
  Calls(1, false);
  EXPECT_EQ(State(), BreakerState::kOpen);
}

TEST_F(BreakersTest, R1LetsOneProbeThroughAfterThirtySeconds) {
  Calls(4, false);
  clock_.AdvanceMs(kRetryAfterMs - 1);
  EXPECT_FALSE(Allow());
  EXPECT_EQ(wait_ms_, 1);
  clock_.AdvanceMs(1);
  EXPECT_EQ(State(), BreakerState::kHalfOpen);
  EXPECT_TRUE(Allow());
  EXPECT_FALSE(Allow()) << "one probe at a time";
  breakers_.Report(kTarget, false);
  EXPECT_EQ(State(), BreakerState::kOpen);
  clock_.AdvanceMs(kRetryAfterMs);
  EXPECT_TRUE(Allow());
  breakers_.Report(kTarget, true);
  EXPECT_EQ(State(), BreakerState::kClosed);
  Calls(3, false);
  EXPECT_EQ(State(), BreakerState::kClosed) << "old failures are forgotten";
}

TEST_F(BreakersTest, R1FailuresOfAMinuteAgoDoNotCount) {
  Calls(3, false);
  clock_.AdvanceMs(kWindowMs);
  Calls(1, false);
  EXPECT_EQ(State(), BreakerState::kClosed);
}

TEST_F(BreakersTest, R1TargetsAreApartAndBounded) {
  Calls(4, false);
  EXPECT_TRUE(Allow("https://other.example:443"));
  EXPECT_EQ(breakers_.CountOf(BreakerState::kOpen), 1u);
  EXPECT_EQ(breakers_.List().front().target, kTarget);
  for (size_t i = 0; i <= Breakers::kTargetsMax; ++i) Allow("t" + std::to_string(i));
  EXPECT_EQ(breakers_.List().size(), Breakers::kTargetsMax);
}

}  // namespace
}  // namespace tenantry::outbound
