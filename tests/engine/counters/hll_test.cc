#include "engine/counters/hll.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "engine/base/checksum.h"

namespace tenantry::counters {
namespace {

Hll SketchOf(uint64_t first, uint64_t count, uint64_t seed) {
  Hll sketch;
  for (uint64_t i = first; i < first + count; ++i) {
    sketch.Add(Hash64("visitor-" + std::to_string(i), seed));
  }
  return sketch;
}

// Goal: the stated error holds from one visitor to a million, also where the classic formula needs
// corrections. Method: several seeds per size; no estimate may be off by four standard errors, and
// the mean must be close.
class HllErrorTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(HllErrorTest, StaysWithinTheStatedError) {
  const uint64_t count = GetParam();
  const int seeds = count > 100'000 ? 4 : 24;
  double sum = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    const double estimate = SketchOf(0, count, 1000 + seed).Estimate();
    const double error = estimate / static_cast<double>(count) - 1;
    EXPECT_LT(std::abs(error), 4 * Hll::kStandardError) << "count " << count << " seed " << seed;
    sum += error;
  }
  EXPECT_LT(std::abs(sum / seeds), 4 * Hll::kStandardError / std::sqrt(seeds)) << "count " << count;
}

INSTANTIATE_TEST_SUITE_P(Counts, HllErrorTest,
                         ::testing::Values(1, 2, 10, 100, 1'000, 4'096, 10'000, 12'000, 20'000,
                                           100'000, 1'000'000));

TEST(HllTest, EmptyIsZeroAndSmallCountsRoundToTheTruth) {
  EXPECT_EQ(Hll().Estimate(), 0.0);
  for (uint64_t count = 1; count <= 30; ++count) {
    EXPECT_NEAR(SketchOf(0, count, 7).Estimate(), static_cast<double>(count), 1.0) << count;
  }
}

TEST(HllTest, RepeatsDoNotCount) {
  Hll sketch = SketchOf(0, 500, 1);
  const double once = sketch.Estimate();
  for (int i = 0; i < 10; ++i) sketch.Merge(SketchOf(0, 500, 1));
  EXPECT_EQ(sketch.Estimate(), once);
}

TEST(HllTest, MergeIsTheSketchOfTheUnion) {
  Hll left = SketchOf(0, 6'000, 5);
  left.Merge(SketchOf(4'000, 6'000, 5));
  const Hll both = SketchOf(0, 10'000, 5);
  for (size_t block = 0; block < Hll::kBlocks; ++block) {
    EXPECT_EQ(left.Block(block), both.Block(block));
  }
}

TEST(HllTest, BlocksCarryTheWholeSketch) {
  const Hll sketch = SketchOf(0, 50'000, 3);
  Hll copy;
  for (size_t block = 0; block < Hll::kBlocks; ++block)
    copy.MergeBlocks(block, sketch.Block(block));
  EXPECT_EQ(copy.Estimate(), sketch.Estimate());
}

TEST(HllTest, PlacesUseAllRegistersAndRanks) {
  EXPECT_EQ(Hll::PlaceOf(0).index, 0);
  EXPECT_EQ(Hll::PlaceOf(0).rank, 53);
  EXPECT_EQ(Hll::PlaceOf(~uint64_t{0}).index, Hll::kRegisters - 1);
  EXPECT_EQ(Hll::PlaceOf(~uint64_t{0}).rank, 1);
  EXPECT_EQ(Hll::PlaceOf(1).rank, 52);
  const Hll::Place place = Hll::PlaceOf(uint64_t{130} << 52);
  EXPECT_EQ(place.index, 130);
  EXPECT_EQ(place.block(), 2);
  EXPECT_EQ(place.offset(), 2);
}

// A full sketch has no finite estimate; damaged bytes must not make one up either way.
TEST(HllTest, BytesAboveTheHighestRankCountAsTheHighest) {
  Hll sketch;
  sketch.MergeBlocks(0, std::string(Hll::kBlockRegisters, '\xff'));
  EXPECT_EQ(static_cast<uint8_t>(sketch.Block(0)[0]), 53);
  EXPECT_TRUE(std::isfinite(sketch.Estimate()));
}

}  // namespace
}  // namespace tenantry::counters
