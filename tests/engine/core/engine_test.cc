#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "engine/commands.h"
#include "engine/space_meta.h"
#include "engine/tenant/reclaim.h"
#include "engine/tenant/shop_keys.h"
#include "tests/support/engine_fixture.h"

namespace tenantry {
namespace {

using EngineTest = EngineFixture;

constexpr uint8_t kFamily = 250;

Status AddOne(Transaction& tx, std::string_view metric) {
  TNT_ASSIGN_OR_RETURN(const int64_t value, tx.Counter(kFamily, "owner", metric));
  return tx.SetCounter(kFamily, "owner", metric, 0, value + 1);
}

int64_t ReadCounter(Engine& engine, const TenantRef& tenant, std::string_view metric) {
  const ReadView view = engine.View();
  const Result<int64_t> value =
      view.Space(tenant, ReadTier::kBlocking).Counter(kFamily, "owner", metric);
  EXPECT_TRUE(value.ok()) << value.status().ToString();
  return value.ok() ? *value : -1;
}

TEST_F(EngineTest, AReleasedWriteIsInTheNextView) {
  const TenantRef shop = CreateTenant("shop");
  for (int64_t i = 1; i <= 100; ++i) {
    ASSERT_TRUE(Run(shop, [](Transaction& tx) { return AddOne(tx, "n"); }).status.ok());
    ASSERT_EQ(ReadCounter(engine(), shop, "n"), i);
  }
}

TEST_F(EngineTest, ARefusedPlanLeavesNoTraceAndIsParkedBehindWhatItSaw) {
  const TenantRef shop = CreateTenant("shop");
  const Outcome first = Run(shop, [](Transaction& tx) { return AddOne(tx, "n"); });
  const Outcome refused = Run(shop, [](Transaction& tx) -> Status {
    TNT_RETURN_IF_ERROR(AddOne(tx, "n"));
    tx.trace().Check("test.never", false, {{"limit", 3}});
    return Conflict("no");
  });
  EXPECT_EQ(refused.status.code(), StatusCode::kConflict);
  EXPECT_EQ(refused.release_index, first.release_index);
  ASSERT_NE(refused.trace.refused(), nullptr);
  EXPECT_EQ(refused.trace.refused()->rule, "test.never");
  EXPECT_EQ(ReadCounter(engine(), shop, "n"), 1);
}

TEST_F(EngineTest, StateSurvivesReopeningWithAndWithoutAFlush) {
  const TenantRef shop = CreateTenant("shop");
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Run(shop, [](Transaction& tx) { return AddOne(tx, "n"); }).status.ok());
  }
  Reopen();
  EXPECT_EQ(ReadCounter(engine(), shop, "n"), 10);
  ASSERT_TRUE(engine().FlushForTest().ok());
  ASSERT_TRUE(Run(shop, [](Transaction& tx) { return AddOne(tx, "n"); }).status.ok());
  Reopen();
  EXPECT_EQ(ReadCounter(engine(), shop, "n"), 11);
}

// Goal: the reserve is made before a burst needs it, when nobody waits for a sync.
TEST_F(EngineTest, ALogAtRestPreparesItsNextSegment) {
  const TenantRef shop = CreateTenant("shop");
  const std::string filler(64u << 10, 'x');
  for (uint64_t bytes = 0; bytes <= kTestSegmentBytes / 8; bytes += filler.size()) {
    ASSERT_TRUE(
        Run(shop, [&](Transaction& tx) { return tx.SetMeta("filler", filler); }).status.ok());
  }
  const std::string reserve = options_.directory + "/log/next.tmp";
  for (int i = 0; i < 2'000 && !std::filesystem::exists(reserve); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(std::filesystem::exists(reserve));
}

TEST_F(EngineTest, ADamagedStoreIsRebuiltFromTheLog) {
  const TenantRef shop = CreateTenant("shop");
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Run(shop, [](Transaction& tx) { return AddOne(tx, "n"); }).status.ok());
  }
  engine_.reset();
  const std::string current = options_.directory + "/store/CURRENT";
  ASSERT_TRUE(ReplaceFile(files_, current, "MANIFEST-damaged").ok());
  Open();
  EXPECT_EQ(ReadCounter(engine(), shop, "n"), 10);
}

TEST_F(EngineTest, AMissingLogIsRefusedNotForgotten) {
  const TenantRef shop = CreateTenant("shop");
  ASSERT_TRUE(Run(shop, [](Transaction& tx) { return AddOne(tx, "n"); }).status.ok());
  engine_.reset();
  std::filesystem::remove_all(options_.directory + "/log");
  const Result<std::unique_ptr<Engine>> opened = Engine::Open(options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.status().code(), StatusCode::kCorruption);
}

TEST_F(EngineTest, AStoreIsNotRebuiltFromALogThatIsGone) {
  CreateTenant("shop");
  engine_.reset();
  std::filesystem::remove_all(options_.directory + "/log");
  ASSERT_TRUE(ReplaceFile(files_, options_.directory + "/store/CURRENT", "MANIFEST-damaged").ok());
  EXPECT_FALSE(Engine::Open(options_).ok());
  EXPECT_TRUE(std::filesystem::exists(options_.directory + "/store/CURRENT"));
}

TEST_F(EngineTest, ADeletedShopTakesItsKeysAlong) {
  const Result<tenant::NewShopKey> key =
      tenant::CreateShopKey(engine(), "shop", "", {1, "test", ""});
  ASSERT_TRUE(key.ok());
  engine().WaitReleased(key->release_index);
  ASSERT_TRUE(tenant::FindShopKey(engine().View(), key->key, ReadTier::kBlocking).ok());
  const Outcome deleted = engine().ExecuteDirectory(
      {1, "test", ""}, ReadTier::kBlocking,
      [](DirectoryTransaction& tx) { return tenant::Directory::Delete(tx, "shop"); });
  ASSERT_TRUE(deleted.status.ok());
  engine().WaitReleased(deleted.release_index);
  CreateTenant("shop");
  EXPECT_EQ(tenant::FindShopKey(engine().View(), key->key, ReadTier::kBlocking).status().code(),
            StatusCode::kNotFound);
}

TEST_F(EngineTest, TwoTenantsDoNotShareRows) {
  const TenantRef a = CreateTenant("a");
  const TenantRef b = CreateTenant("b");
  ASSERT_TRUE(Run(a, [](Transaction& tx) { return AddOne(tx, "n"); }).status.ok());
  EXPECT_EQ(ReadCounter(engine(), a, "n"), 1);
  EXPECT_EQ(ReadCounter(engine(), b, "n"), 0);
}

TEST_F(EngineTest, ADeletedTenantTakesNoCommandsAndItsSpaceIsNeverReused) {
  const TenantRef old_shop = CreateTenant("shop");
  ASSERT_TRUE(Run(old_shop, [](Transaction& tx) { return AddOne(tx, "n"); }).status.ok());
  const Outcome deleted = engine().ExecuteDirectory(
      {static_cast<uint16_t>(CommandKind::kTenantDelete), "test", ""}, ReadTier::kBlocking,
      [](DirectoryTransaction& tx) { return tenant::Directory::Delete(tx, "shop"); });
  ASSERT_TRUE(deleted.status.ok()) << deleted.status.ToString();
  // Before it is even released: a command planned now already sees the tenant gone.
  EXPECT_EQ(Run(old_shop, [](Transaction& tx) { return AddOne(tx, "n"); }).status.code(),
            StatusCode::kNotFound);
  const TenantRef new_shop = CreateTenant("shop");
  EXPECT_GT(new_shop.space(), old_shop.space());
  EXPECT_EQ(ReadCounter(engine(), new_shop, "n"), 0);
}

TEST_F(EngineTest, ReclaimingADroppedSpaceRemovesItsRowsAndNoOthers) {
  const TenantRef gone = CreateTenant("gone");
  const TenantRef stays = CreateTenant("stays");
  for (int i = 0; i < 50; ++i) {
    const std::string metric = "m" + std::to_string(i);
    ASSERT_TRUE(Run(gone, [&](Transaction& tx) { return AddOne(tx, metric); }).status.ok());
    ASSERT_TRUE(Run(stays, [&](Transaction& tx) { return AddOne(tx, metric); }).status.ok());
  }
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kReclaim), "test", ""};
  engine().ExecuteDirectory(info, ReadTier::kBlocking, [](DirectoryTransaction& tx) {
    return tenant::Directory::Delete(tx, "gone");
  });
  int steps = 0;
  for (bool done = false; !done; ++steps) {
    ASSERT_LT(steps, 20);
    const Outcome outcome = engine().ExecuteDirectory(
        info, ReadTier::kBlocking, [&done](DirectoryTransaction& tx) -> Status {
          TNT_ASSIGN_OR_RETURN(const std::vector<SpaceId> dropped, tx.SpacesListed(kDroppedPrefix));
          done = dropped.empty();
          if (done) return Status::Ok();
          return tx.ReclaimSome(dropped.front(), 10).status();
        });
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    engine().WaitReleased(outcome.release_index);
  }
  EXPECT_GE(steps, 6);  // Bounded entries: 50 rows, ten at a time.
  EXPECT_EQ(ReadCounter(engine(), gone, "m7"), 0);
  EXPECT_EQ(ReadCounter(engine(), stays, "m7"), 1);
}

// Goal: e-mail addresses and ids that led to a deleted tenant do not stay in the directory.
TEST_F(EngineTest, WhatNamesADroppedTenantGoesWithIt) {
  constexpr auto kPopup = schema::ReferenceKind::POPUP;
  for (const std::string id : {"gone", "stays"}) {
    const TenantRef tenant = CreateTenant(id);
    ASSERT_TRUE(Run(tenant, [&](Transaction& tx) {
                  return tenant::PutReference(tx, kPopup, "popup of " + id);
                }).status.ok());
    const Outcome joined = engine().ExecuteDirectory(
        {10, "test", ""}, ReadTier::kBlocking, [&](DirectoryTransaction& tx) {
          codec::Draft<schema::EmailMembership> membership;
          membership->setEmailKey("ann@example.com");
          membership->setTenantId(id);
          return tx.Insert(membership);
        });
    ASSERT_TRUE(joined.status.ok()) << joined.status.ToString();
  }
  const Outcome deleted = engine().ExecuteDirectory(
      {10, "test", ""}, ReadTier::kBlocking,
      [](DirectoryTransaction& tx) { return tenant::Directory::Delete(tx, "gone"); });
  engine().WaitReleased(deleted.release_index);
  int steps = 0;
  for (bool more = true; more; ++steps) {
    ASSERT_LT(steps, 20);
    const Result<bool> step = tenant::ReclaimStep(engine());
    ASSERT_TRUE(step.ok()) << step.status().ToString();
    more = *step;
  }
  // Behind them all.
  const Outcome last =
      engine().ExecuteDirectory({10, "test", ""}, ReadTier::kBlocking,
                                [](DirectoryTransaction& tx) { return tx.SetMeta("after", "1"); });
  engine().WaitReleased(last.release_index);
  const ReadView view = engine().View();
  const SpaceReader directory = view.DirectorySpace(ReadTier::kBlocking);
  for (const std::string id : {"gone", "stays"}) {
    const bool stays = id == "stays";
    const std::string popup = "popup of " + id;
    EXPECT_EQ(
        directory.Find<schema::Reference>({static_cast<int64_t>(kPopup), std::string_view(popup)})
            ->has_value(),
        stays);
    EXPECT_EQ(directory
                  .Find<schema::EmailMembership>(
                      {std::string_view("ann@example.com"), std::string_view(id)})
                  ->has_value(),
              stays);
  }
}

// Goal: an acknowledged increment is never lost or doubled, whichever threads run commands.
// Method: eight threads add to one counter; half of them through the directory, which holds both
// partitions.
TEST_F(EngineTest, ConcurrentCommandsAreExact) {
  const TenantRef shop = CreateTenant("shop");
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  std::atomic<uint64_t> newest{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        Outcome outcome;
        if (t % 2 == 0) {
          outcome = engine().Execute(shop, {1, "test", ""}, ReadTier::kBlocking,
                                     [](Transaction& tx) { return AddOne(tx, "n"); });
        } else {
          outcome = engine().ExecuteDirectory(
              {1, "test", ""}, ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
                TNT_ASSIGN_OR_RETURN(SpaceWriter * space, tx.OpenSpace(shop.space()));
                TNT_ASSIGN_OR_RETURN(const int64_t value, space->Counter(kFamily, "owner", "n"));
                return space->SetCounter(kFamily, "owner", "n", 0, value + 1);
              });
        }
        ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
        uint64_t seen = newest.load();
        while (seen < outcome.release_index &&
               !newest.compare_exchange_weak(seen, outcome.release_index)) {
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  engine().WaitReleased(newest);
  EXPECT_EQ(ReadCounter(engine(), shop, "n"), kThreads * kEach);
  const std::vector<uint32_t> sizes = engine().GroupSizesForTest();
  EXPECT_LT(sizes.size(), size_t{kThreads * kEach});  // Groups were shared.
}

// Goal: commands of one batch share syncs, a long batch is not held up to its end, and waiting inside one does not hang.
TEST_F(EngineTest, CommandsOfABatchShareSyncs) {
  const TenantRef shop = CreateTenant("shop");
  const auto add = [&] {
    return engine().Execute(shop, {1, "test", ""}, ReadTier::kBlocking,
                            [](Transaction& tx) { return AddOne(tx, "n"); });
  };
  const size_t before = engine().GroupSizesForTest().size();
  engine().BeginBatch();
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(add().status.ok());
  EXPECT_EQ(engine().GroupSizesForTest().size(), before) << "synced before the end of the batch";
  engine().EndBatch();
  const Outcome alone = add();
  engine().WaitReleased(alone.release_index);
  ASSERT_GT(engine().GroupSizesForTest().size(), before);
  EXPECT_GE(engine().GroupSizesForTest()[before], 15u);

  engine().BeginBatch();
  Outcome sixteenth;
  for (int i = 0; i < 16; ++i) sixteenth = add();
  std::thread([&] { engine().WaitReleased(sixteenth.release_index); }).join();
  engine().WaitReleased(add().release_index);
  EXPECT_EQ(ReadCounter(engine(), shop, "n"), 33);
  engine().EndBatch();
}

// Goal: a GET or a command never misses or doubles a group while groups are applied (INV-2).
// Method: every command moves one unit between two counters; readers check that the sum stays zero,
// and that what a command read equals what the commands before it wrote.
TEST_F(EngineTest, ViewsUnderConcurrentApplyAreConsistent) {
  const TenantRef shop = CreateTenant("shop");
  std::atomic<bool> stop{false};
  std::atomic<int64_t> wrong{0};
  std::atomic<int64_t> reads{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      uint64_t last_index = 0;
      while (!stop) {
        const ReadView view = engine().View();
        const SpaceReader space = view.Space(shop, ReadTier::kBlocking);
        const int64_t a = *space.Counter(kFamily, "owner", "a");
        const int64_t b = *space.Counter(kFamily, "owner", "b");
        if (a + b != 0 || view.applied_index() < last_index) ++wrong;
        last_index = view.applied_index();
        ++reads;
      }
    });
  }
  int64_t expected = 0;
  uint64_t newest = 0;
  constexpr int kChanges = 4'000;
  // On a busy machine all changes may be made before a reader has run once: then there are more of them.
  for (int i = 0; i < kChanges || (reads == 0 && i < 100 * kChanges); ++i) {
    const Outcome outcome = engine().Execute(
        shop, {1, "test", ""}, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
          TNT_ASSIGN_OR_RETURN(const int64_t a, tx.Counter(kFamily, "owner", "a"));
          TNT_ASSIGN_OR_RETURN(const int64_t b, tx.Counter(kFamily, "owner", "b"));
          if (a != expected || b != -expected) return Internal("a command missed a write");
          TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, "owner", "a", 0, a + 1));
          return tx.SetCounter(kFamily, "owner", "b", 0, b - 1);
        });
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    ++expected;
    newest = outcome.release_index;
    if (i % 64 == 0) engine().WaitReleased(newest);
  }
  engine().WaitReleased(newest);
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(reads, 0);
}

// Goal: a command reads what the commands before it wrote, wherever the rows are by now: in its own writes, in layers,
// among the hot rows, in the store.
// Method: random commands over a few counters, compared with a map; releases are awaited at random, the engine is
// reopened now and then, and every third command is refused after writing.
TEST_F(EngineTest, CommandsReadLikeAMap) {
  const TenantRef shop = CreateTenant("shop");
  std::map<std::string, int64_t> model;
  SeededRandom random(5);
  for (int step = 0; step < 3000; ++step) {
    const bool refused = step % 3 == 2;
    std::map<std::string, int64_t> after = model;
    const Outcome outcome = engine().Execute(
        shop, {1, "test", ""}, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
          after = model;
          for (int i = 0; i < 4; ++i) {
            const std::string metric = std::to_string(random.Below(12));
            TNT_ASSIGN_OR_RETURN(const int64_t value, tx.Counter(kFamily, "o", metric));
            if (value != (after.contains(metric) ? after[metric] : 0))
              return Internal("stale read");
            if (random.Below(4) == 0) {
              after.erase(metric);
              TNT_RETURN_IF_ERROR(tx.EraseCounter(kFamily, "o", metric, 0));
            } else {
              after[metric] = value + 1;
              TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, "o", metric, 0, value + 1));
            }
          }
          return refused ? Conflict("refused") : Status::Ok();
        });
    ASSERT_EQ(outcome.status.code(), refused ? StatusCode::kConflict : StatusCode::kOk)
        << "step " << step << ": " << outcome.status.ToString();
    if (!refused) model = after;
    if (random.Below(3) == 0) engine().WaitReleased(outcome.release_index);
    if (step % 1000 == 999) Reopen();
  }
}

TEST_F(EngineTest, LastChangeNamesTheNewestEntryThatTouchedACollection) {
  const TenantRef shop = CreateTenant("shop");
  const uint64_t before = engine().LastChange(shop.space(), 0);
  const Outcome outcome = Run(shop, [](Transaction& tx) { return AddOne(tx, "n"); });
  EXPECT_GE(engine().LastChange(shop.space(), 0), outcome.release_index);
  EXPECT_LT(before, outcome.release_index);
}

TEST_F(EngineTest, ACommandBeyondTheEntryLimitIsRefusedWhole) {
  const TenantRef shop = CreateTenant("shop");
  const Outcome outcome = Run(shop, [](Transaction& tx) -> Status {
    for (int i = 0; i < 5000; ++i) {
      TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, "owner", std::to_string(i), 0, 1));
    }
    return Status::Ok();
  });
  EXPECT_EQ(outcome.status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadCounter(engine(), shop, "1"), 0);
}

TEST_F(EngineTest, ASecondEngineOnTheFolderIsRefused) {
  const Result<std::unique_ptr<Engine>> second = Engine::Open(options_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
}

TEST_F(EngineTest, GymCodesRunOnAndNamesAreUnique) {
  CreateTenant("c1", schema::TenantKind::GYM);
  CreateTenant("c2", schema::TenantKind::GYM);
  const ReadView view = engine().View();
  const auto second =
      tenant::Directory::Find(view, "c2", schema::TenantKind::GYM, ReadTier::kBlocking);
  ASSERT_TRUE(second.ok());
  EXPECT_STREQ(second->record->getCode().cStr(), "GYM0002");
  const Outcome duplicate =
      engine().ExecuteDirectory({1, "test", ""}, ReadTier::kBlocking, [](DirectoryTransaction& tx) {
        return tenant::Directory::Create(tx, {"c3", schema::TenantKind::GYM, " c2 "}).status();
      });
  EXPECT_EQ(duplicate.status.code(), StatusCode::kAlreadyExists);
}

TEST_F(EngineTest, TheTokenSecretIsMadeOnceAndSurvives) {
  const Result<tenant::TokenSecret> first = tenant::EnsureTokenSecret(engine());
  ASSERT_TRUE(first.ok());
  Reopen();
  const Result<tenant::TokenSecret> again = tenant::EnsureTokenSecret(engine());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(first->key, again->key);
  EXPECT_EQ(first->key.size(), 32u);
  EXPECT_EQ(first->kid, again->kid);
}

}  // namespace
}  // namespace tenantry
