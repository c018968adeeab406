#include <atomic>
#include <set>

#include "engine/jobs/queue.h"
#include "engine/jobs/runner.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::jobs {
namespace {

class JobsTest : public EngineFixture {
 protected:
  void SetUp() override { shop_ = CreateTenant("shop"); }
  std::string Queue(const std::string& payload, int64_t delay_ms = 0, int32_t attempts_max = 3) {
    std::string id;
    const Outcome outcome = Run(*shop_, [&](Transaction& tx) -> Status {
      TNT_ASSIGN_OR_RETURN(id, Enqueue(tx, {"test", payload, delay_ms, attempts_max}));
      return Status::Ok();
    });
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    return id;
  }
  Depth Now() { return *ReadDepth(engine().View(), clock_.NowUnixMs()); }
  // Runs what is due with a handler that always ends like this.
  size_t RunWith(const RunResult& result) {
    Runner runner(engine(), {{"test", [&](const Claim&) { return result; }}}, {});
    return runner.RunDue();
  }

  std::optional<TenantRef> shop_;
};

TEST_F(JobsTest, R2AJobRunsOnceAndIsGone) {
  Queue("hello");
  EXPECT_EQ(Now().due, 1u);
  std::vector<std::string> seen;
  Runner runner(engine(),
                {{"test",
                  [&](const Claim& claim) {
                    seen.emplace_back(claim.job->getPayload().cStr());
                    return RunResult{};
                  }}},
                {});
  EXPECT_EQ(runner.RunDue(), 1u);
  EXPECT_EQ(runner.RunDue(), 0u);
  EXPECT_EQ(seen, std::vector<std::string>{"hello"});
  EXPECT_EQ(Now().queued, 0u);
  EXPECT_EQ(runner.done(), 1u);
}

TEST_F(JobsTest, R2ARefusedCommandQueuesNothing) {
  static_cast<void>(Run(*shop_, [&](Transaction& tx) -> Status {
    TNT_RETURN_IF_ERROR(Enqueue(tx, {"test", "x"}).status());
    return Conflict("no");
  }));
  EXPECT_EQ(Now().queued, 0u);
}

TEST_F(JobsTest, R2AJobWaitsForItsTime) {
  Queue("later", 1'000);
  EXPECT_EQ(RunWith({}), 0u);
  EXPECT_EQ(Now().queued, 1u);
  EXPECT_EQ(Now().due, 0u);
  clock_.AdvanceMs(1'000);
  EXPECT_EQ(RunWith({}), 1u);
}

TEST_F(JobsTest, R2AFailedJobComesBackLaterEachTimeAndThenIsDead) {
  const std::string id = Queue("x", 0, 3);
  for (int run = 1; run <= 3; ++run) {
    EXPECT_EQ(RunWith({Unavailable("no route"), {}, {}}), 1u) << run;
    EXPECT_EQ(RunWith({}), 0u) << "not before its time";
    clock_.AdvanceMs(kRetryLongestMs);
  }
  EXPECT_EQ(Now().queued, 0u);
  EXPECT_EQ(Now().dead, 1u);
  const auto dead = List(engine().View(), schema::JobState::DEAD, 10);
  ASSERT_TRUE(dead.ok());
  ASSERT_EQ(dead->size(), 1u);
  const Result<Job> job = Get(engine().View(), *shop_, id);
  ASSERT_TRUE(job.ok());
  EXPECT_STREQ((*job)->getLastError().cStr(), "no route");

  // By hand it gets fresh attempts.
  const Outcome again = RunNow(engine(), *shop_, id);
  ASSERT_TRUE(again.status.ok());
  engine().WaitReleased(again.release_index);
  EXPECT_EQ(RunWith({}), 1u);
  EXPECT_EQ(Now().dead, 0u);
  EXPECT_EQ(RunNow(engine(), *shop_, id).status.code(), StatusCode::kNotFound);
}

TEST_F(JobsTest, R2RetryWaitsGrowWithinTheirBounds) {
  SeededRandom random(7);
  int64_t longest = kRetryFirstMs;
  for (int32_t attempts = 1; attempts <= 20; ++attempts) {
    std::set<int64_t> drawn;
    for (int i = 0; i < 50; ++i) {
      const int64_t wait_ms = RetryDelayMs(attempts, random);
      EXPECT_GE(wait_ms, longest / 2);
      EXPECT_LE(wait_ms, longest);
      drawn.insert(wait_ms);
    }
    EXPECT_GT(drawn.size(), 10u) << "jitter";
    longest = std::min(longest * kRetryFactor, kRetryLongestMs);
  }
}

TEST_F(JobsTest, R2ARunThatNeverBeganTakesNoAttempt) {
  const std::string id = Queue("x", 0, 1);
  const Failure open{.error = {}, .delay_ms = 30'000, .counts = false};
  EXPECT_EQ(RunWith({Unavailable("breaker open"), open, {}}), 1u);
  EXPECT_EQ(Now().queued, 1u);
  clock_.AdvanceMs(29'999);
  EXPECT_EQ(RunWith({}), 0u);
  clock_.AdvanceMs(1);
  EXPECT_EQ(RunWith({}), 1u);
}

TEST_F(JobsTest, R2AnUnfinishedClaimRunsAgainWhenItsLeaseEnds) {
  const std::string id = Queue("x");
  const auto first = TryClaim(engine(), *shop_, id, 1'000);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(*first);
  engine().WaitReleased((*first)->release_index);
  Reopen();  // The worker died with its process.
  shop_ = *tenant::Directory::FindBySpace(engine().View(), shop_->space(), ReadTier::kBlocking);
  EXPECT_FALSE(*TryClaim(engine(), *shop_, id, 1'000)) << "the lease still runs";
  clock_.AdvanceMs(1'000);
  const auto second = TryClaim(engine(), *shop_, id, 1'000);
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(*second);
  EXPECT_EQ((*second)->job->getAttempts(), 2);

  // The first worker comes back late: it may not finish what is not its own any more.
  bool completed = true;
  ASSERT_TRUE(Run(*shop_, [&](Transaction& tx) -> Status {
                TNT_ASSIGN_OR_RETURN(completed, Complete(tx, (*first)->job));
                return Status::Ok();
              }).status.ok());
  EXPECT_FALSE(completed);
  EXPECT_EQ(Now().queued, 1u);
}

TEST_F(JobsTest, R2WhatAHandlerWritesIsInTheEntryThatEndsTheJob) {
  Queue("x");
  const uint64_t before = engine().position().index;
  RunResult result;
  result.write = [](Transaction& tx) { return tx.SetMeta("ran", "1"); };
  EXPECT_EQ(RunWith(result), 1u);
  EXPECT_EQ(engine().position().index, before + 2);  // Claim and finish.
  EXPECT_TRUE(engine().View().Space(*shop_, ReadTier::kBlocking).Meta("ran")->has_value());
}

TEST_F(JobsTest, R2AJobNobodyKnowsIsDeadAndCanBeDiscarded) {
  const std::string id = Queue("x");
  Runner runner(engine(), {}, {});
  EXPECT_EQ(runner.RunDue(), 1u);
  EXPECT_EQ(Now().dead, 1u);
  const Outcome outcome = Discard(engine(), *shop_, id);
  ASSERT_TRUE(outcome.status.ok());
  engine().WaitReleased(outcome.release_index);
  EXPECT_EQ(Now().dead, 0u);
  EXPECT_EQ(Get(engine().View(), *shop_, id).status().code(), StatusCode::kNotFound);
}

TEST_F(JobsTest, R2JobsOfADeletedTenantAreDropped) {
  Queue("x");
  const Outcome dropped = engine().ExecuteDirectory(
      {}, ReadTier::kBlocking,
      [&](DirectoryTransaction& tx) { return tenant::Directory::Delete(tx, "shop"); });
  ASSERT_TRUE(dropped.status.ok()) << dropped.status.ToString();
  engine().WaitReleased(dropped.release_index);
  EXPECT_EQ(RunWith({}), 1u);
  EXPECT_EQ(Now().queued, 0u);
}

// Dead ones too, and those that are not due for long; others stay.
TEST_F(JobsTest, R2NoJobOutlivesItsTenant) {
  const TenantRef other = CreateTenant("other");
  Queue("dies");
  RunWith({Unavailable("no use"), {.error = {}, .final = true}, {}});
  Queue("waits");
  const Outcome queued = engine().Execute(other, {}, ReadTier::kBlocking, [](Transaction& tx) {
    return Enqueue(tx, {.kind = "stays", .payload = "", .delay_ms = 1'000}).status();
  });
  ASSERT_TRUE(queued.status.ok());
  engine().WaitReleased(queued.release_index);
  ASSERT_EQ(Now().dead, 1u);
  EXPECT_EQ(*DropOrphans(engine(), 100), 0u);
  const Outcome dropped = engine().ExecuteDirectory(
      {}, ReadTier::kBlocking,
      [&](DirectoryTransaction& tx) { return tenant::Directory::Delete(tx, "shop"); });
  ASSERT_TRUE(dropped.status.ok()) << dropped.status.ToString();
  engine().WaitReleased(dropped.release_index);
  EXPECT_EQ(*DropOrphans(engine(), 1), 1u);
  EXPECT_EQ(*DropOrphans(engine(), 100), 1u);
  EXPECT_EQ(*DropOrphans(engine(), 100), 0u);
  EXPECT_EQ(Now().dead, 0u);
  EXPECT_EQ(Now().queued, 1u);
}

// Goal: with several workers every job runs exactly once while nothing fails, and not too many of one tenant at a time.
TEST_F(JobsTest, R2WorkersShareTheQueue) {
  constexpr int kJobs = 200;
  std::atomic<int> ran{0};
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  for (int i = 0; i < kJobs; ++i) Queue(std::to_string(i));
  {
    Runner runner(engine(),
                  {{"test",
                    [&](const Claim&) {
                      const int now = ++at_once;
                      int seen = most;
                      while (now > seen && !most.compare_exchange_weak(seen, now)) {
                      }
                      ++ran;
                      --at_once;
                      return RunResult{};
                    }}},
                  {.threads = 4});
    runner.Start();
    while (runner.done() < kJobs) std::this_thread::yield();
  }
  EXPECT_EQ(ran, kJobs);
  EXPECT_LE(most, static_cast<int>(Runner::kPerTenantMax));
  EXPECT_EQ(Now().queued, 0u);
}

// Goal: no job is overlooked, however its entry and a worker's look at the queue fall together. Method: many workers, which look
// all the time; nothing but the job itself changes the queue.
TEST_F(JobsTest, R2NoLookMissesAJob) {
  Runner runner(engine(), {{"test", [](const Claim&) { return RunResult{}; }}}, {.threads = 32});
  runner.Start();
  constexpr int64_t kPatienceNs = 10'000'000'000;
  const SystemClock clock;
  for (uint64_t job = 1; job <= 200; ++job) {
    Queue("x");
    const int64_t until_ns = clock.NowBootNs() + kPatienceNs;
    while (runner.done() < job && clock.NowBootNs() < until_ns) std::this_thread::yield();
    ASSERT_EQ(runner.done(), job) << "nobody saw it";
  }
}

}  // namespace
}  // namespace tenantry::jobs
