#include "engine/codec/json_number.h"

#include <cmath>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

namespace tenantry::codec {
namespace {

TEST(JsonNumberTest, MoneyRoundsTheWrittenDecimalHalfUp) {
  EXPECT_EQ(RoundToHundredths(0), 0);
  EXPECT_EQ(RoundToHundredths(19.99), 1999);
  EXPECT_EQ(RoundToHundredths(5), 500);
  EXPECT_EQ(RoundToHundredths(0.1), 10);
  EXPECT_EQ(RoundToHundredths(1.005), 101);  // The double is 1.00499999999999989.
  EXPECT_EQ(RoundToHundredths(2.675), 268);
  EXPECT_EQ(RoundToHundredths(1.0049), 100);
  EXPECT_EQ(RoundToHundredths(0.005), 1);
  EXPECT_EQ(RoundToHundredths(0.00499), 0);
  EXPECT_EQ(RoundToHundredths(1e-300), 0);
  EXPECT_EQ(RoundToHundredths(-1.005), -101);
  EXPECT_EQ(RoundToHundredths(0.999), 100);
  EXPECT_EQ(RoundToHundredths(9.995), 1000);
  EXPECT_EQ(RoundToHundredths(90e12), 9'000'000'000'000'000);
  EXPECT_EQ(RoundToHundredths(-90e12), -9'000'000'000'000'000);
}

// Goal: every whole number of hundredths survives the way through its decimal text.
// Method: random amounts of every size, read as a client would send them.
TEST(JsonNumberTest, HundredthsSurvive) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    const int64_t limit = int64_t{1} << (1 + random() % 52);
    const int64_t hundredths = static_cast<int64_t>(random() % static_cast<uint64_t>(limit));
    char text[40];
    std::snprintf(text, sizeof text, "%lld.%02lld", static_cast<long long>(hundredths / 100),
                  static_cast<long long>(hundredths % 100));
    const double amount = std::strtod(text, nullptr);
    ASSERT_EQ(RoundToHundredths(amount), hundredths) << text;
    ASSERT_EQ(RoundToHundredths(-amount), -hundredths) << text;
  }
}

}  // namespace
}  // namespace tenantry::codec
