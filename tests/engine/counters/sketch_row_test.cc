#include "engine/counters/sketch_row.h"

#include <algorithm>

#include "engine/base/checksum.h"
#include "engine/counters/sketch_deltas.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::counters {
namespace {

constexpr uint8_t kFamily = 201;

Hll SketchOf(int visitors) {
  Hll sketch;
  for (int i = 0; i < visitors; ++i) sketch.Add(Hash64("v" + std::to_string(i)));
  return sketch;
}

std::string Registers(const Hll& sketch) {
  std::string all;
  for (size_t block = 0; block < Hll::kBlocks; ++block) all.append(sketch.Block(block));
  return all;
}

TEST(SketchRowTest, AWholeSketchTakesTheShorterShapeAndComesBack) {
  for (const int visitors : {0, 1, 30, 340, 360, 5'000, 200'000}) {
    const Hll sketch = SketchOf(visitors);
    const std::string row = SketchRow(kWholeSketch, sketch);
    const std::string all = Registers(sketch);
    const auto risen = static_cast<size_t>(
        std::count_if(all.begin(), all.end(), [](char rank) { return rank != 0; }));
    EXPECT_EQ(row.size(), risen > kSparseMax ? Hll::kRegisters : 3 * risen) << visitors;
    Hll copy;
    ASSERT_TRUE(MergeSketchRow(kWholeSketch, row, &copy).ok()) << visitors;
    EXPECT_EQ(Registers(copy), all) << visitors;
  }
}

TEST(SketchRowTest, RowsOfASketchHoldTheirUnion) {
  const Hll left = SketchOf(300);
  const Hll all = SketchOf(900);
  Hll merged;
  ASSERT_TRUE(MergeSketchRow(kWholeSketch, SketchRow(kWholeSketch, left), &merged).ok());
  for (size_t block = 0; block < Hll::kBlocks; ++block) {
    const auto number = static_cast<uint8_t>(block);
    ASSERT_TRUE(MergeSketchRow(number, SketchRow(number, all), &merged).ok());
  }
  EXPECT_EQ(Registers(merged), Registers(all));
}

TEST(SketchRowTest, MalformedRowsAreRefused) {
  Hll sketch;
  const auto refused = [&sketch](uint8_t block, const std::string& row) {
    return MergeSketchRow(block, row, &sketch).code() == StatusCode::kCorruption;
  };
  EXPECT_TRUE(refused(0, std::string(63, '\1')));
  EXPECT_TRUE(refused(63, std::string(Hll::kRegisters, '\1')));
  EXPECT_TRUE(refused(kWholeSketch + 1, std::string(64, '\1')));
  EXPECT_TRUE(refused(kWholeSketch, std::string(4, '\1')));
  EXPECT_TRUE(refused(kWholeSketch, std::string(3 * (kSparseMax + 1), '\1')));
  EXPECT_TRUE(refused(kWholeSketch, std::string("\x00\x10\x05", 3))) << "register 4096";
  EXPECT_EQ(Registers(sketch), std::string(Hll::kRegisters, '\0'));
  // Higher than any rank: the highest.
  EXPECT_TRUE(MergeSketchRow(kWholeSketch, std::string("\xFF\x0F\xFF", 3), &sketch).ok());
  EXPECT_EQ(static_cast<uint8_t>(Registers(sketch).back()), 53);
}

class SealSketchesTest : public EngineFixture {
 protected:
  void Visit(int64_t bucket, int first, int count) {
    ASSERT_TRUE(Run(tenant_, [&](Transaction& tx) {
                  SketchDeltas deltas;
                  for (int i = first; i < first + count; ++i) {
                    deltas.Add(kFamily, "p", bucket, Hash64("v" + std::to_string(i)));
                  }
                  return deltas.WriteTo(tx);
                }).status.ok());
  }
  SealedSketches Seal(int64_t from, int64_t until, uint32_t rows_max) {
    SealedSketches sealed;
    EXPECT_TRUE(Run(tenant_, [&](Transaction& tx) -> Status {
                  TNT_ASSIGN_OR_RETURN(sealed,
                                       SealSketches(tx, kFamily, "p", from, until, rows_max));
                  return Status::Ok();
                }).status.ok());
    return sealed;
  }
  int Rows(int64_t bucket) {
    int rows = 0;
    EXPECT_TRUE(
        Space()
            .ScanSketches(kFamily, "p", bucket, bucket + 1, [&](auto&&...) { return ++rows > 0; })
            .ok());
    return rows;
  }
  std::string Stored(int64_t bucket) {
    return Registers(*ReadSketches(Space(), kFamily, "p", bucket, bucket + 1));
  }
  SpaceReader Space() { return engine().View().Space(tenant_, ReadTier::kBlocking); }

  const TenantRef tenant_ = CreateTenant("shop");
};

TEST_F(SealSketchesTest, ABucketBecomesOneRowWithTheSameRegisters) {
  Visit(1, 0, 500);
  Visit(2, 0, 20'000);
  Visit(3, 0, 1);
  const std::string before[] = {Stored(1), Stored(2), Stored(3)};
  EXPECT_EQ(Rows(1), 64);
  EXPECT_EQ(Seal(1, 4, 1'000).rows, 129u);
  for (int64_t bucket = 1; bucket <= 3; ++bucket) {
    EXPECT_EQ(Rows(bucket), 1) << bucket;
    EXPECT_EQ(Stored(bucket), before[bucket - 1]) << bucket;
  }
  // What comes later stands beside it, counts, and is taken in by another sealing.
  Visit(1, 500, 500);
  EXPECT_GT(Rows(1), 1);
  const std::string both = Stored(1);
  EXPECT_EQ(both, Registers(SketchOf(1'000)));
  Seal(1, 4, 1'000);
  EXPECT_EQ(Rows(1), 1);
  EXPECT_EQ(Stored(1), both);
  EXPECT_EQ(Stored(2), before[1]);
}

TEST_F(SealSketchesTest, StopsBetweenTwoBuckets) {
  for (int64_t bucket = -2; bucket < 3; ++bucket) Visit(bucket, 0, 2'000);
  const SealedSketches first = Seal(INT64_MIN, 2, 100);
  EXPECT_FALSE(first.reached);
  EXPECT_EQ(first.until, 0);
  EXPECT_EQ(first.rows, 128u);
  EXPECT_EQ(Rows(-1), 1);
  EXPECT_EQ(Rows(0), 64);
  const SealedSketches second = Seal(first.until, 2, 1'000);
  EXPECT_TRUE(second.reached);
  EXPECT_EQ(second.until, 2);
  EXPECT_EQ(Rows(1), 1);
  EXPECT_EQ(Rows(2), 64) << "not asked for";
}

}  // namespace
}  // namespace tenantry::counters
