#include "engine/counters/counter_deltas.h"

#include "tests/support/engine_fixture.h"

namespace tenantry::counters {
namespace {

constexpr uint8_t kFamily = 200;

class CounterDeltasTest : public EngineFixture {
 protected:
  int64_t Read(const TenantRef& tenant, std::string_view metric, int64_t bucket = 0) {
    return *engine()
                .View()
                .Space(tenant, ReadTier::kBlocking)
                .Counter(kFamily, "o", metric, bucket);
  }
};

TEST_F(CounterDeltasTest, AddsToWhatIsStored) {
  const TenantRef shop = CreateTenant("shop");
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(Run(shop, [](Transaction& tx) {
                  CounterDeltas deltas;
                  for (int i = 0; i < 5; ++i) deltas.Add({kFamily, "o", "a"}, 2);
                  deltas.Add({kFamily, "o", "a", 7}, 1);
                  deltas.Add({kFamily, "o", "b"}, -4);
                  return deltas.WriteTo(tx);
                }).status.ok());
    EXPECT_EQ(Read(shop, "a"), 10 * round);
    EXPECT_EQ(Read(shop, "a", 7), round);
    EXPECT_EQ(Read(shop, "b"), -4 * round);
  }
}

// The log holds absolute values, so entries that are applied again after a crash change nothing.
TEST_F(CounterDeltasTest, SurvivesReplay) {
  const TenantRef shop = CreateTenant("shop");
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Run(shop, [](Transaction& tx) {
                  CounterDeltas deltas;
                  deltas.Add({kFamily, "o", "a"}, 1);
                  return deltas.WriteTo(tx);
                }).status.ok());
  }
  Reopen();
  EXPECT_EQ(Read(shop, "a"), 10);
}

TEST_F(CounterDeltasTest, ZeroWritesNothing) {
  const TenantRef shop = CreateTenant("shop");
  const uint64_t before = engine().position().index;
  ASSERT_TRUE(Run(shop, [](Transaction& tx) {
                CounterDeltas deltas;
                deltas.Add({kFamily, "o", "a"}, 3);
                deltas.Add({kFamily, "o", "a"}, -3);
                return deltas.WriteTo(tx);
              }).status.ok());
  EXPECT_EQ(engine().position().index, before);
}

TEST_F(CounterDeltasTest, StopsAtTheEndsOfTheRange) {
  EXPECT_EQ(AddSaturating(INT64_MAX - 1, 5), INT64_MAX);
  EXPECT_EQ(AddSaturating(INT64_MIN + 1, -5), INT64_MIN);
  EXPECT_EQ(AddSaturating(INT64_MAX, -1), INT64_MAX - 1);
}

}  // namespace
}  // namespace tenantry::counters
