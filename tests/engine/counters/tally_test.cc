#include "engine/counters/tally.h"

#include <numeric>

#include "tests/support/engine_fixture.h"

namespace tenantry::counters {
namespace {

struct Commit {
  SpaceId space;
  std::vector<int> events;
};

class TallyTest : public EngineFixture {
 protected:
  std::vector<Verdict> Flush(Outcome outcome = {}) {
    std::vector<Verdict> verdicts;
    tally_.Flush(
        [&](const TenantRef& tenant, std::span<Tally<int>::Item> items) {
          Commit& commit = commits_.emplace_back(Commit{tenant.space(), {}});
          for (Tally<int>::Item& item : items) {
            commit.events.push_back(item.event);
            if (item.event < 0) item.refusal = NotFound("gone");
          }
          Outcome own = outcome;
          own.release_index = commits_.size() * 10;
          return own;
        },
        &verdicts);
    return verdicts;
  }

  Tally<int> tally_;
  std::vector<Commit> commits_;
};

TEST_F(TallyTest, OneEntryPerSpaceInAscendingOrder) {
  const TenantRef first = CreateTenant("first");
  const TenantRef second = CreateTenant("second");
  ASSERT_LT(first.space(), second.space());
  tally_.Add(second, 1, {.effects = 1, .bytes = 1});
  tally_.Add(first, 2, {.effects = 1, .bytes = 1});
  tally_.Add(second, 3, {.effects = 1, .bytes = 1});
  const std::vector<Verdict> verdicts = Flush();
  ASSERT_EQ(commits_.size(), 2u);
  EXPECT_EQ(commits_[0].space, first.space());
  EXPECT_EQ(commits_[0].events, std::vector<int>({2}));
  EXPECT_EQ(commits_[1].events, std::vector<int>({1, 3}));
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_EQ(verdicts[0].ticket, 2u);
  EXPECT_EQ(verdicts[0].release_index, 10u);
  EXPECT_EQ(verdicts[1].ticket, 1u);
  EXPECT_EQ(verdicts[2].ticket, 3u);
  EXPECT_EQ(verdicts[2].release_index, 20u);
}

TEST_F(TallyTest, TicketsGoOnAfterAFlushAndNothingIsWrittenTwice) {
  const TenantRef shop = CreateTenant("shop");
  EXPECT_TRUE(tally_.empty());
  EXPECT_EQ(tally_.Add(shop, 1, {}), 1u);
  EXPECT_FALSE(tally_.empty());
  Flush();
  EXPECT_TRUE(tally_.empty());
  EXPECT_TRUE(Flush().empty());
  EXPECT_EQ(tally_.Add(shop, 2, {}), 2u);
  Flush();
  EXPECT_EQ(commits_.size(), 2u);
}

TEST_F(TallyTest, SplitsWhatDoesNotFitOneEntry) {
  const TenantRef shop = CreateTenant("shop");
  const uint32_t effects = kEntryCostMax.effects / 4;
  for (int i = 0; i < 10; ++i) tally_.Add(shop, i, {.effects = effects, .bytes = 1});
  // A single event above the bytes limit still gets an entry: the log has the last word on it.
  tally_.Add(shop, 10, {.effects = 1, .bytes = kEntryCostMax.bytes + 1});
  tally_.Add(shop, 11, {.effects = 1, .bytes = kEntryCostMax.bytes});
  const std::vector<Verdict> verdicts = Flush();
  ASSERT_EQ(commits_.size(), 5u);
  EXPECT_EQ(commits_[0].events, std::vector<int>({0, 1, 2, 3}));
  EXPECT_EQ(commits_[1].events, std::vector<int>({4, 5, 6, 7}));
  EXPECT_EQ(commits_[2].events, std::vector<int>({8, 9}));
  EXPECT_EQ(commits_[3].events, std::vector<int>({10}));
  EXPECT_EQ(commits_[4].events, std::vector<int>({11}));
  EXPECT_EQ(verdicts.size(), 12u);
}

TEST_F(TallyTest, ARefusedEventLeavesTheOthersAlone) {
  const TenantRef shop = CreateTenant("shop");
  tally_.Add(shop, 1, {});
  tally_.Add(shop, -1, {});
  const std::vector<Verdict> verdicts = Flush();
  EXPECT_TRUE(verdicts[0].status.ok());
  EXPECT_EQ(verdicts[1].status.code(), StatusCode::kNotFound);
  EXPECT_EQ(verdicts[1].release_index, 10u);
}

TEST_F(TallyTest, ARefusedEntryIsEveryEventsAnswer) {
  const TenantRef shop = CreateTenant("shop");
  tally_.Add(shop, 1, {});
  tally_.Add(shop, -1, {});
  for (const Verdict& verdict : Flush({Unavailable("full"), 0, {}})) {
    EXPECT_EQ(verdict.status.code(), StatusCode::kUnavailable);
  }
}

}  // namespace
}  // namespace tenantry::counters
