#include "server/answer_cache.h"

#include <gtest/gtest.h>

#include "engine/read_recorder.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::server {
namespace {

class AnswerCacheTest : public EngineFixture {
 protected:
  static AnswerCache::Entry EntryOf(size_t body_bytes) {
    AnswerCache::Entry entry;
    entry.answer = std::make_shared<Answer>();
    entry.answer->body = std::make_shared<const std::string>(body_bytes, 'x');
    entry.cache_class = http::CacheClass::kGymPublic;
    entry.built_boot_ns = kTestStartMs * 1'000'000;
    return entry;
  }
  bool Has(AnswerCache& cache, const std::string& key) {
    return cache.Find(key, http::CacheClass::kGymPublic, true) != nullptr;
  }
};

TEST_F(AnswerCacheTest, AFloodOfKeysLeavesWhatIsUsed) {
  AnswerCache cache(engine(), 1 << 20);
  cache.Put("used", EntryOf(1000));
  for (int i = 0; i < 10'000; ++i) {
    cache.Put("flood" + std::to_string(i), EntryOf(1000));
    if (i % 50 == 0) {
      EXPECT_TRUE(Has(cache, "used")) << i;
    }
    CacheCounts counts;
    cache.AddCounts(&counts);
    ASSERT_LE(counts.bytes, 1u << 20);
  }
  EXPECT_FALSE(Has(cache, "flood0"));
  EXPECT_TRUE(Has(cache, "flood9999"));
  CacheCounts counts;
  cache.AddCounts(&counts);
  EXPECT_EQ(counts.misses[static_cast<size_t>(http::CacheClass::kGymPublic)], 1u);
}

TEST_F(AnswerCacheTest, AHugeAnswerIsNotKept) {
  AnswerCache cache(engine(), 1 << 20);
  cache.Put("huge", EntryOf(200'000));
  EXPECT_FALSE(Has(cache, "huge"));
}

TEST_F(AnswerCacheTest, AClockSetBackDropsWhatDependsOnTime) {
  AnswerCache cache(engine(), 1 << 20);
  AnswerCache::Entry entry = EntryOf(10);
  entry.depends_on_time = true;
  entry.built_unix_ms = clock_.NowUnixMs();
  entry.changes_at_unix_ms = clock_.NowUnixMs() + 1000;
  cache.Put("timed", std::move(entry));
  EXPECT_TRUE(Has(cache, "timed"));
  clock_.AdvanceMs(-1);
  EXPECT_FALSE(Has(cache, "timed"));
}

TEST_F(AnswerCacheTest, ALookAtTheClockWithoutAnInstantIsNotReusable) {
  {
    ReadRecorder recorder;
    EXPECT_TRUE(recorder.reusable());
    static_cast<void>(engine().clock().NowUnixMs());
    EXPECT_FALSE(recorder.reusable());
    ReadRecorder::AnswerChangesAt(ReadRecorder::kNever);
    EXPECT_TRUE(recorder.reusable());
    EXPECT_FALSE(recorder.depends_on_time());
    ReadRecorder::AnswerChangesAt(7);
    ReadRecorder::AnswerChangesAt(9);
    EXPECT_EQ(recorder.changes_at_unix_ms(), 7);
    {
      ReadRecorder inner;
      ReadRecorder::DoNotKeep();
      EXPECT_FALSE(inner.reusable());
    }
    EXPECT_TRUE(recorder.reusable());
  }
  EXPECT_FALSE(ReadRecorder::Active());
}

// Rows of the directory and counters are told apart one by one, records of tenants by collection.
TEST_F(AnswerCacheTest, WhatWasReadDecidesWhatChangesIt) {
  const TenantRef shop = CreateTenant("shop");
  const uint64_t index = engine().released_index();
  std::vector<uint32_t> rows;
  std::vector<uint32_t> counters;
  {
    ReadRecorder recorder;
    const ReadView view = engine().View();
    const auto found =
        tenant::Directory::Find(view, "shop", schema::TenantKind::SHOP, ReadTier::kBlocking);
    ASSERT_TRUE(found.ok());
    ASSERT_TRUE(view.Space(shop, ReadTier::kBlocking).Counter(1, "a", "views").ok());
    recorder.Finish();
    rows = recorder.rows();
    counters = recorder.counters();
  }
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_EQ(counters.size(), 1u);
  CreateTenant("another");
  EXPECT_TRUE(engine().UnchangedSince(rows, index));
  Run(shop, [](Transaction& tx) { return tx.SetCounter(1, "b", "views", 0, 1); });
  EXPECT_TRUE(engine().UnchangedSince(counters, index));
  Run(shop, [](Transaction& tx) { return tx.SetCounter(1, "a", "views", 0, 1); });
  EXPECT_FALSE(engine().UnchangedSince(counters, index));
  EXPECT_TRUE(engine().UnchangedSince(rows, index));
}

}  // namespace
}  // namespace tenantry::server
