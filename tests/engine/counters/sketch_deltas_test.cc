#include "engine/counters/sketch_deltas.h"

#include "engine/base/checksum.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::counters {
namespace {

constexpr uint8_t kFamily = 201;

class SketchDeltasTest : public EngineFixture {
 protected:
  void Visit(const TenantRef& tenant, std::string_view owner, int64_t bucket, int first,
             int count) {
    ASSERT_TRUE(Run(tenant, [&](Transaction& tx) {
                  SketchDeltas deltas;
                  for (int i = first; i < first + count; ++i) {
                    deltas.Add(kFamily, owner, bucket, Hash64("v" + std::to_string(i)));
                  }
                  return deltas.WriteTo(tx);
                }).status.ok());
  }
  double Estimate(const TenantRef& tenant, std::string_view owner, int64_t from, int64_t until) {
    return ReadSketches(engine().View().Space(tenant, ReadTier::kBlocking), kFamily, owner, from,
                        until)
        ->Estimate();
  }
};

TEST_F(SketchDeltasTest, RangesMergeHoursWithoutCountingTwice) {
  const TenantRef shop = CreateTenant("shop");
  Visit(shop, "p", 10, 0, 300);
  Visit(shop, "p", 11, 200, 300);
  Visit(shop, "other", 10, 5'000, 300);
  EXPECT_NEAR(Estimate(shop, "p", 10, 11), 300, 25);
  EXPECT_NEAR(Estimate(shop, "p", 11, 12), 300, 25);
  EXPECT_NEAR(Estimate(shop, "p", 10, 12), 500, 40);
  EXPECT_EQ(Estimate(shop, "p", 12, 20), 0.0);
  EXPECT_EQ(Estimate(shop, "p", 10, 10), 0.0);
}

TEST_F(SketchDeltasTest, AVisitorWhoComesBackWritesNothing) {
  const TenantRef shop = CreateTenant("shop");
  Visit(shop, "p", 1, 0, 50);
  const uint64_t before = engine().position().index;
  Visit(shop, "p", 1, 0, 50);
  EXPECT_EQ(engine().position().index, before);
  Visit(shop, "p", 2, 0, 1);
  EXPECT_EQ(engine().position().index, before + 1);
}

// Goal: a floor changes what is read, never what is stored.
// Method: the same visitors with and without a floor; registers must be equal, block by block.
TEST_F(SketchDeltasTest, AFloorStoresTheSame) {
  const TenantRef with = CreateTenant("with");
  const TenantRef without = CreateTenant("without");
  SketchFloor floor;
  for (int round = 0; round < 40; ++round) {
    for (const TenantRef& tenant : {with, without}) {
      const bool floored = tenant.space() == with.space();
      Run(tenant, [&](Transaction& tx) {
        SketchDeltas deltas(tenant.space(), floored ? &floor : nullptr);
        for (int i = 0; i < 200; ++i) {
          deltas.Add(kFamily, "p", round % 2, Hash64("v" + std::to_string(round * 90 + i)));
        }
        // A refused command must leave nothing behind in the floor that was not stored.
        const Status written = deltas.WriteTo(tx);
        return round % 5 == 4 && written.ok() ? Conflict("refused") : written;
      });
    }
  }
  const SpaceReader left = engine().View().Space(with, ReadTier::kBlocking);
  const SpaceReader right = engine().View().Space(without, ReadTier::kBlocking);
  for (int64_t bucket = 0; bucket < 2; ++bucket) {
    for (size_t block = 0; block < Hll::kBlocks; ++block) {
      EXPECT_EQ(*left.SketchBlock(kFamily, "p", bucket, static_cast<uint8_t>(block)),
                *right.SketchBlock(kFamily, "p", bucket, static_cast<uint8_t>(block)));
    }
  }
}

TEST_F(SketchDeltasTest, SpacesAreApart) {
  const TenantRef left = CreateTenant("left");
  const TenantRef right = CreateTenant("right");
  Visit(left, "p", 1, 0, 100);
  EXPECT_EQ(Estimate(right, "p", 1, 2), 0.0);
}

}  // namespace
}  // namespace tenantry::counters
