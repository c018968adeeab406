#include "server/limits/rate_limiter.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace tenantry::limits {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;

RateKey Client(uint64_t client, uint8_t scope = 0) {
  return {.client = client, .scope = scope, .kind = 4};
}

TEST(RateLimiterTest, TheFirstRequestOpensAWindowOfItsOwn) {
  RateLimiter limiter(1000, 1);
  const int64_t start = 17 * kSecond;
  for (uint32_t i = 0; i < 3; ++i) {
    const RateDecision decision = limiter.Count(Client(1), 3, kMinute, start + i);
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.remaining, 2 - i);
    EXPECT_EQ(decision.reset_ns, kMinute - i);
  }
  EXPECT_FALSE(limiter.Count(Client(1), 3, kMinute, start + kMinute - 1).allowed);
  EXPECT_TRUE(limiter.Count(Client(2), 3, kMinute, start + kMinute - 1).allowed);
  EXPECT_TRUE(limiter.Count(Client(1), 3, kMinute, start + kMinute).allowed);
}

TEST(RateLimiterTest, KeysThatDifferInOnePartAreApart) {
  RateLimiter limiter(1000, 1);
  const RateKey key = {.client = 5, .part = 7, .scope = 1, .kind = 4};
  ASSERT_TRUE(limiter.Count(key, 1, kMinute, 1).allowed);
  for (const RateKey& other : {RateKey{6, 7, 1, 4}, RateKey{5, 8, 1, 4}, RateKey{5, 7, 2, 4},
                               RateKey{5, 7, 1, 6}, RateKey{5, 0, 1, 4}}) {
    EXPECT_TRUE(limiter.Count(other, 1, kMinute, 1).allowed);
  }
  EXPECT_FALSE(limiter.Count(key, 1, kMinute, 1).allowed);
}

// Goal: exactly the limit passes when several threads race, window after window.
TEST(RateLimiterTest, ExactUnderConcurrency) {
  RateLimiter limiter(1000, 1);
  for (int64_t window = 0; window < 6; ++window) {
    std::atomic<int> passed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 750; ++i) {
          const int64_t now = window * kMinute + 1 + t;
          if (limiter.Count(Client(9), 1000, kMinute - 10, now).allowed) ++passed;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(passed.load(), 1000) << window;
  }
}

TEST(RateLimiterTest, BothCountersOrNeither) {
  RateLimiter limiter(1000, 1);
  const RateKey whole = Client(1, 2);
  const auto ask = [&](uint64_t part) {
    return limiter.CountBoth(whole, 5, {.client = 1, .part = part, .scope = 3, .kind = 4}, 2,
                             kMinute, 1);
  };
  EXPECT_TRUE(ask(1).allowed);
  EXPECT_TRUE(ask(1).allowed);
  const RateDecision refused = ask(1);
  EXPECT_FALSE(refused.allowed);
  EXPECT_TRUE(refused.of_part);
  // The refusals of part 1 left the other three requests of the whole.
  EXPECT_TRUE(ask(2).allowed);
  EXPECT_TRUE(ask(3).allowed);
  EXPECT_TRUE(ask(4).allowed);
  const RateDecision full = ask(5);
  EXPECT_FALSE(full.allowed);
  EXPECT_FALSE(full.of_part);
  EXPECT_EQ(full.limit, 5u);
}

TEST(RateLimiterTest, AHundredThousandClientsAreKeptApartWithinTheBound) {
  RateLimiter limiter(200'000, 1);
  constexpr uint64_t kClients = 100'000;
  for (int round = 0; round < 3; ++round) {
    for (uint64_t client = 0; client < kClients; ++client) {
      const bool allowed = limiter.Count(Client(client * 7919), 2, kMinute, 1 + round).allowed;
      ASSERT_EQ(allowed, round < 2) << client;
    }
  }
  EXPECT_EQ(limiter.counters(), kClients);
  EXPECT_EQ(limiter.overflows(), 0u);
  EXPECT_LE(limiter.memory_bytes(), size_t{200'000} * 64);
}

// Goal: at the bound live counters stay, newcomers share one counter, and room returns when windows end.
TEST(RateLimiterTest, AtTheBoundNewcomersShareAndNobodyIsEvicted) {
  RateLimiter limiter(6'400, 1);
  uint64_t known = 0;
  while (limiter.overflows() == 0) {
    ASSERT_TRUE(limiter.Count(Client(++known), 2, kMinute, 1).allowed);
    ASSERT_LE(known, 6'400u);
  }
  const size_t full = limiter.memory_bytes();
  int passed = 0;
  for (uint64_t client = 0; client < 100'000; ++client) {
    passed += limiter.Count(Client(client + 1'000'000), 50, kMinute, 2).allowed ? 1 : 0;
  }
  // What was left in other shards, and one shared window of 50 less the request that found the first shard full.
  EXPECT_EQ(limiter.counters(), 6'400u);
  EXPECT_EQ(passed, static_cast<int>(6'400 - (known - 1)) + 49);
  EXPECT_LE(limiter.memory_bytes(), std::max(full, size_t{6'400} * 64 + sizeof limiter));
  // Those who came first are still counted.
  for (uint64_t client = 1; client < known; ++client) {
    ASSERT_TRUE(limiter.Count(Client(client), 2, kMinute, 3).allowed);
    ASSERT_FALSE(limiter.Count(Client(client), 2, kMinute, 3).allowed);
  }
  // A minute later there is room again.
  const uint64_t before = limiter.overflows();
  for (uint64_t client = 0; client < 3'000; ++client) {
    ASSERT_TRUE(limiter.Count(Client(client + 9'000'000), 1, kMinute, 2 * kMinute).allowed);
  }
  EXPECT_EQ(limiter.overflows(), before);
}

// Goal: any order of keys and times gives what one map of windows gives.
TEST(RateLimiterTest, AgreesWithASimpleModel) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  RateLimiter limiter(100'000, seed);
  struct Window {
    int64_t end = 0;
    uint32_t count = 0;
  };
  std::map<std::pair<uint64_t, uint8_t>, Window> model;
  int64_t now = 1;
  for (int i = 0; i < 200'000; ++i) {
    now += static_cast<int64_t>(random() % (kSecond / 50));
    const RateKey key = Client(random() % 500, static_cast<uint8_t>(random() % 3));
    Window& window = model[{key.client, key.scope}];
    if (now >= window.end) window = {now + kMinute, 0};
    const bool expected = window.count < 4;
    if (expected) ++window.count;
    const RateDecision decision = limiter.Count(key, 4, kMinute, now);
    ASSERT_EQ(decision.allowed, expected) << i;
    ASSERT_EQ(decision.remaining, 4 - window.count) << i;
    ASSERT_EQ(decision.reset_ns, window.end - now) << i;
  }
}

}  // namespace
}  // namespace tenantry::limits
