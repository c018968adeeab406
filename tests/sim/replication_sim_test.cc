#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/sim/cluster_sim.h"

namespace tenantry::sim {
namespace {

uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* set = std::getenv(name);
  return set == nullptr ? otherwise : std::strtoull(set, nullptr, 10);
}

// Goal: no schedule of writes, syncs, messages, cuts, power losses and promotions breaks a promise.
// Method: one simulated cluster per seed. A failing seed is printed; TNT_SIM_SEED runs it alone.
TEST(ReplicationSimTest, EverySeedKeepsEveryPromise) {
  const uint64_t only = Setting("TNT_SIM_SEED", 0);
  const uint64_t seeds = only != 0 ? 1 : Setting("TNT_SIM_SEEDS", 1000);
  SimOutcome total;
  for (uint64_t seed = only != 0 ? only : 1; seed < (only != 0 ? only : 1) + seeds; ++seed) {
    const SimOutcome outcome = ClusterSim(seed, {}).Run();
    ASSERT_EQ(outcome.problem, "") << "TNT_SIM_SEED=" << seed;
    total.acknowledged += outcome.acknowledged;
    total.promotions += outcome.promotions;
    total.rewinds += outcome.rewinds;
  }
  std::printf("%llu seeds: %llu acknowledged, %llu promotions, %llu rewinds\n",
              static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(total.acknowledged),
              static_cast<unsigned long long>(total.promotions),
              static_cast<unsigned long long>(total.rewinds));
  if (only != 0) return;
  EXPECT_GT(total.acknowledged, seeds);
  EXPECT_GT(total.promotions, seeds / 2);
  EXPECT_GT(total.rewinds, 0u);
}

TEST(ReplicationSimTest, ASeedReplays) {
  const SimOutcome one = ClusterSim(17, {}).Run();
  const SimOutcome two = ClusterSim(17, {}).Run();
  EXPECT_EQ(one.acknowledged, two.acknowledged);
  EXPECT_EQ(one.promotions, two.promotions);
  EXPECT_EQ(one.rewinds, two.rewinds);
}

// The controls: each breaks one rule and must be caught.
void ExpectCaught(const SimFaults& faults, const char* rule) {
  for (uint64_t seed = 1; seed <= 3'000; ++seed) {
    const SimOutcome outcome = ClusterSim(seed, faults).Run();
    if (outcome.problem.empty()) continue;
    std::printf("%s: caught by seed %llu: %s\n", rule, static_cast<unsigned long long>(seed),
                outcome.problem.c_str());
    return;
  }
  FAIL() << rule << " was not caught by 3,000 seeds";
}

TEST(ReplicationSimTest, ControlAcknowledgingBeforeReplicationIsCaught) {
  SimFaults faults;
  faults.ack_before_replicate = true;
  ExpectCaught(faults, "acknowledge before a follower has it");
}

TEST(ReplicationSimTest, ControlAFollowerThatDoesNotSyncIsCaught) {
  SimFaults faults;
  faults.follower.ack_before_sync = true;
  ExpectCaught(faults, "a follower acknowledges before its sync");
}

TEST(ReplicationSimTest, ControlAFollowerThatIgnoresEpochsIsCaught) {
  SimFaults faults;
  faults.follower.skip_epoch_check = true;
  ExpectCaught(faults, "a follower obeys a lower epoch");
}

TEST(ReplicationSimTest, ControlAFollowerThatChecksNoHashesIsCaught) {
  SimFaults faults;
  faults.follower.skip_hash_check = true;
  ExpectCaught(faults, "a follower believes what arrives");
}

}  // namespace
}  // namespace tenantry::sim
