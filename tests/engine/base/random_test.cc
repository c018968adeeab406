#include "engine/base/random.h"

#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace tenantry {
namespace {

TEST(RandomTest, SeedsRepeatAndDiffer) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  EXPECT_EQ(a.Bytes(100), b.Bytes(100));
  EXPECT_NE(a.Next64(), c.Next64());
}

// Method: chi-square over the buckets. The limit is in standard deviations.
void ExpectUniform(Random& random, uint64_t bound, double limit) {
  constexpr double kDrawsPerBucket = 1000;
  std::vector<double> counts(bound, 0);
  const auto draws = static_cast<uint64_t>(kDrawsPerBucket * static_cast<double>(bound));
  for (uint64_t i = 0; i < draws; ++i) {
    const uint64_t value = random.Below(bound);
    ASSERT_LT(value, bound);
    ++counts[value];
  }
  double chi = 0;
  for (const double count : counts) {
    chi += (count - kDrawsPerBucket) * (count - kDrawsPerBucket) / kDrawsPerBucket;
  }
  const double freedom = static_cast<double>(bound) - 1;
  EXPECT_NEAR(chi, freedom, limit * std::sqrt(2 * freedom)) << bound;
}

TEST(RandomTest, BelowIsUniform) {
  SeededRandom seeded(1);
  for (const uint64_t bound : {2, 3, 7, 10, 100, 257}) ExpectUniform(seeded, bound, 4);
  // Not reproducible, so the limit is one that chance does not reach.
  SystemRandom system;
  for (const uint64_t bound : {100, 257}) ExpectUniform(system, bound, 9);
}

TEST(RandomTest, BelowCoversBoundsThatDoNotDivideTheRange) {
  SeededRandom random(2);
  EXPECT_EQ(random.Below(1), 0u);
  const uint64_t bound = UINT64_MAX / 2 + 2;
  uint64_t high = 0;
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t value = random.Below(bound);
    ASSERT_LT(value, bound);
    if (value >= bound / 2) ++high;
  }
  EXPECT_NEAR(static_cast<double>(high), 5000, 300);
}

TEST(RandomTest, SystemBytesDiffer) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(seen.insert(random.Bytes(16)).second);
  EXPECT_EQ(random.Bytes(5000).size(), 5000u);
  EXPECT_EQ(random.Bytes(0), "");
}

}  // namespace
}  // namespace tenantry
