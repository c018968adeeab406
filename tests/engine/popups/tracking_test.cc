#include "engine/popups/tracking.h"

#include <atomic>
#include <cstdio>
#include <thread>

#include "engine/counters/bucket.h"
#include "engine/popups/metrics.h"
#include "tests/engine/popups/popups_fixture.h"
#include "tests/support/shop_recount.h"

namespace tenantry::popups {
namespace {

class TrackingTest : public PopupsFixture {
 protected:
  int64_t StoredViews(const std::string& popup_id) {
    int64_t views = 0;
    EXPECT_TRUE(Space(shop_)
                    .ScanRecords<schema::PopupView>({std::string_view(popup_id)}, false,
                                                    [&views](const auto&) { return ++views > 0; })
                    .ok());
    return views;
  }

  // The promise of this module: each maintained counter equals what its events say.
  void ExpectCountersEqualEvents(const RecountOptions& options = {}) {
    EXPECT_EQ(RecountShop(Space(shop_), options), std::vector<std::string>());
  }

  const TenantRef shop_ = CreateTenant("shop");
};

TEST_F(TrackingTest, ATickIsOneEntryForAShop) {
  const std::string a = CreateId(shop_);
  const std::string b = CreateId(shop_);
  Tracker tracker(engine());
  const uint64_t before = engine().position().index;
  for (int i = 0; i < 40; ++i) Track(tracker, shop_, ViewOf(i % 4 == 0 ? b : a));
  Track(tracker, shop_, ConversionOf(a, "click"));
  const auto verdicts = Flush(tracker);
  EXPECT_EQ(verdicts.size(), 41u);
  EXPECT_EQ(engine().position().index, before + 1);
  EXPECT_EQ(ViewCount(shop_, a), 30);
  EXPECT_EQ(ViewCount(shop_, b), 10);
  ExpectCountersEqualEvents();
}

// Goal: counters equal events over any mix of ticks, popups, times, deletes and restarts.
// Method: random events with random gaps; one popup is deleted half way, the engine restarts twice.
TEST_F(TrackingTest, CountersEqualEvents) {
  const uint64_t seed = 20'260'302;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SeededRandom random(seed);
  std::vector<std::string> popups;
  for (int i = 0; i < 5; ++i) popups.push_back(CreateId(shop_));
  const char* const types[] = {"email_capture", "discount_code_used", "click", "purchase"};
  for (int tick = 0; tick < 60; ++tick) {
    auto tracker = std::make_unique<Tracker>(engine());
    const uint64_t events = 1 + random.Below(40);
    for (uint64_t i = 0; i < events; ++i) {
      const std::string& id = popups[random.Below(popups.size())];
      clock_.AdvanceMs(static_cast<int64_t>(random.Below(120'000)));
      if (random.Below(3) != 0) {
        Track(*tracker, shop_, ViewOf(id, "v" + std::to_string(random.Below(50))));
      } else {
        const std::string revenue =
            random.Below(2) == 0 ? ""
                                 : R"("revenue":)" + std::to_string(random.Below(5000)) + ".25";
        Track(*tracker, shop_, ConversionOf(id, types[random.Below(4)], revenue));
      }
    }
    for (const auto& verdict : Flush(*tracker)) EXPECT_TRUE(verdict.status.ok());
    if (tick == 30) {
      ASSERT_TRUE(Delete(shop_, popups.back()).ok());
      popups.pop_back();
    }
    if (tick % 20 == 19) {
      tracker.reset();
      ExpectCountersEqualEvents({.popups_were_deleted = tick > 30});
      Restart();
    }
  }
  ExpectCountersEqualEvents({.popups_were_deleted = true});
}

// F34 under concurrency: several loops and an editor at once lose nothing.
TEST_F(TrackingTest, LoopsAndEditsTogetherLoseNothing) {
  const std::string id = CreateId(shop_);
  constexpr int kLoops = 3;
  constexpr int kTicks = 40;
  constexpr int kPerTick = 25;
  std::atomic<bool> stop{false};
  std::thread editor([&] {
    for (int i = 0; !stop.load(std::memory_order_relaxed); ++i) {
      EXPECT_TRUE(
          Update(shop_, id, R"({"name":"n)" + std::to_string(i) + "\"}").outcome.status.ok());
    }
  });
  std::vector<std::thread> loops;
  for (int loop = 0; loop < kLoops; ++loop) {
    loops.emplace_back([&] {
      Tracker tracker(engine());
      for (int tick = 0; tick < kTicks; ++tick) {
        for (int i = 0; i < kPerTick; ++i) tracker.Add(shop_, ViewOf(id, "v" + std::to_string(i)));
        std::vector<counters::Verdict> verdicts;
        tracker.Flush(&verdicts);
        for (const auto& verdict : verdicts) {
          EXPECT_TRUE(verdict.status.ok());
          engine().WaitReleased(verdict.release_index);
        }
      }
    });
  }
  for (std::thread& loop : loops) loop.join();
  stop.store(true, std::memory_order_relaxed);
  editor.join();
  EXPECT_EQ(ViewCount(shop_, id), kLoops * kTicks * kPerTick);
  ExpectCountersEqualEvents();
}

TEST_F(TrackingTest, EventsOfAPopupDeletedBeforeTheTickEndsAreNotFound) {
  const std::string kept = CreateId(shop_);
  const std::string gone = CreateId(shop_);
  Tracker tracker(engine());
  ASSERT_TRUE(tracker.finder().Find(gone, kTier).ok());
  Track(tracker, shop_, ViewOf(gone));
  Track(tracker, shop_, ViewOf(kept));
  ASSERT_TRUE(Delete(shop_, gone).ok());
  const auto verdicts = Flush(tracker);
  EXPECT_EQ(verdicts[0].status.message(), "Popup with ID " + gone + " not found");
  EXPECT_TRUE(verdicts[1].status.ok());
  EXPECT_EQ(StoredViews(gone), 0);
  ExpectCountersEqualEvents({.popups_were_deleted = true});
  EXPECT_EQ(tracker.finder().Find(gone, kTier).status().code(), StatusCode::kNotFound);
  // And alone in its tick.
  Track(tracker, shop_, ViewOf(gone));
  EXPECT_EQ(Flush(tracker)[0].status.code(), StatusCode::kNotFound);
}

TEST_F(TrackingTest, EventsOfADeletedShopAreNotFound) {
  const TenantRef doomed = CreateTenant("doomed");
  const std::string id = CreateId(doomed);
  Tracker tracker(engine());
  Track(tracker, doomed, ViewOf(id));
  ASSERT_TRUE(engine()
                  .ExecuteDirectory(info_, kTier,
                                    [](DirectoryTransaction& tx) {
                                      return tenant::Directory::Delete(tx, "doomed");
                                    })
                  .status.ok());
  EXPECT_EQ(Flush(tracker)[0].status.code(), StatusCode::kNotFound);
}

// F33: the limit is enforced in the active list, and views beyond it are still stored.
TEST_F(TrackingTest, F33ReachingTheLimitHidesThePopupAndMarksIt) {
  const std::string id = CreateId(shop_, R"("status":"active","viewLimit":10)");
  const auto mark_index = [&] {
    return engine().LastChange(shop_.space(),
                               schema::CollectionOf<schema::PopupLimitMark>().number);
  };
  const uint64_t unmarked = mark_index();
  Tracker tracker(engine());
  for (int i = 0; i < 9; ++i) Track(tracker, shop_, ViewOf(id));
  Flush(tracker);
  EXPECT_EQ(ActiveIds(shop_), std::vector<std::string>({id}));
  EXPECT_EQ(mark_index(), unmarked);
  for (int i = 0; i < 3; ++i) Track(tracker, shop_, ViewOf(id));
  const auto verdicts = Flush(tracker);
  EXPECT_TRUE(ActiveIds(shop_).empty());
  EXPECT_EQ(mark_index(), verdicts.back().release_index);
  Track(tracker, shop_, ViewOf(id));
  EXPECT_TRUE(Flush(tracker)[0].status.ok());
  EXPECT_EQ(ViewCount(shop_, id), 13);
  EXPECT_EQ(mark_index(), verdicts.back().release_index) << "only the crossing is marked";
  // A raised limit shows the popup again, and is marked again when reached.
  Update(shop_, id, R"({"viewLimit":14})");
  EXPECT_EQ(ActiveIds(shop_), std::vector<std::string>({id}));
  Track(tracker, shop_, ViewOf(id));
  const uint64_t second = Flush(tracker)[0].release_index;
  EXPECT_TRUE(ActiveIds(shop_).empty());
  EXPECT_EQ(mark_index(), second);
}

TEST_F(TrackingTest, SpansSumQuarterHours) {
  const std::string id = CreateId(shop_);
  clock_.SetUnixMs(*ParseInstant("2026-03-02T10:14:59.000Z"));
  TrackOne(shop_, ViewOf(id));
  clock_.SetUnixMs(*ParseInstant("2026-03-02T10:15:00.000Z"));
  TrackOne(shop_, ViewOf(id));
  TrackOne(shop_, ConversionOf(id, "purchase", R"("revenue":12.345)"));
  const auto span = [&](const char* from, const char* until) {
    return *ReadPopupSpan(Space(shop_), id, *ParseInstant(from), *ParseInstant(until));
  };
  EXPECT_EQ(span("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z").views, 2);
  EXPECT_EQ(span("2026-03-02T10:15:00Z", "2026-03-02T10:30:00Z").views, 1);
  EXPECT_EQ(span("2026-03-02T10:15:00Z", "2026-03-02T10:30:00Z").conversions, 1);
  EXPECT_EQ(span("2026-03-02T10:15:00Z", "2026-03-02T10:30:00Z").revenue, 1235);
  EXPECT_EQ(span("2026-03-02T10:30:00Z", "2026-03-02T11:00:00Z").views, 0);
}

TEST_F(TrackingTest, MonthsCountViewsAndKeepThoseOfDeletedPopups) {
  const std::string id = CreateId(shop_);
  clock_.SetUnixMs(*ParseInstant("2026-03-31T23:59:59.999Z"));
  TrackOne(shop_, ViewOf(id));
  clock_.AdvanceMs(1);
  TrackOne(shop_, ViewOf(id));
  TrackOne(shop_, ViewOf(id));
  const int64_t march = 2026 * 12 + 2;
  EXPECT_EQ(*ReadShopMonthViews(Space(shop_), march), 1);
  EXPECT_EQ(*ReadShopMonthViews(Space(shop_), march + 1), 2);
  ASSERT_TRUE(Delete(shop_, id).ok());
  EXPECT_EQ(*ReadShopMonthViews(Space(shop_), march + 1), 2);
}

TEST_F(TrackingTest, VisitorsAreCountedOnceOverHoursAndPopups) {
  const std::string a = CreateId(shop_);
  const std::string b = CreateId(shop_);
  const int64_t start = clock_.NowUnixMs();
  for (int hour = 0; hour < 3; ++hour) {
    std::vector<Event> events;
    for (int i = 0; i < 200; ++i) {
      events.push_back(ViewOf(a, "v" + std::to_string(i + 100 * hour)));
      events.push_back(ViewOf(b, "v" + std::to_string(i)));
    }
    const Outcome outcome = TrackAll(engine(), shop_, std::move(events));
    ASSERT_TRUE(outcome.status.ok());
    engine().WaitReleased(outcome.release_index);
    clock_.AdvanceMs(counters::kHourMs);
  }
  const int64_t end = clock_.NowUnixMs();
  EXPECT_NEAR(static_cast<double>(*EstimateVisitors(Space(shop_), a, start, end)), 400, 30);
  EXPECT_NEAR(static_cast<double>(*EstimateVisitors(Space(shop_), b, start, end)), 200, 16);
  EXPECT_NEAR(static_cast<double>(*EstimateVisitors(Space(shop_), "", start, end)), 400, 30);
  EXPECT_NEAR(
      static_cast<double>(*EstimateVisitors(Space(shop_), a, start, start + counters::kHourMs)),
      200, 16);
}

// The secret is made once, kept over restarts, and differs between shops.
TEST_F(TrackingTest, VisitorSecretStays) {
  const std::string id = CreateId(shop_);
  TrackOne(shop_, ViewOf(id, "v"));
  const std::string secret = **Space(shop_).Meta(kVisitorSecretMeta);
  EXPECT_EQ(secret.size(), 8u);
  const TenantRef other = CreateTenant("other");
  TrackOne(other, ViewOf(CreateId(other), "v"));
  EXPECT_NE(**Space(other).Meta(kVisitorSecretMeta), secret);
  Restart();
  TrackOne(shop_, ViewOf(id, "v"));
  EXPECT_EQ(**Space(shop_).Meta(kVisitorSecretMeta), secret);
}

TEST_F(TrackingTest, AThousandEventsOfATickAreSplitAndAllCounted) {
  const std::string id = CreateId(shop_);
  Tracker tracker(engine());
  const uint64_t before = engine().position().index;
  for (int i = 0; i < 1'000; ++i) Track(tracker, shop_, ViewOf(id, "v" + std::to_string(i)));
  for (const auto& verdict : Flush(tracker)) ASSERT_TRUE(verdict.status.ok());
  EXPECT_GT(engine().position().index, before + 1);
  EXPECT_EQ(ViewCount(shop_, id), 1'000);
  ExpectCountersEqualEvents();
}

// Bodies of 100 KiB are the largest the front lets in; a tick full of them stays within the log's
// limits.
TEST_F(TrackingTest, LargeEventsFitTheirEntries) {
  const std::string id = CreateId(shop_);
  const std::string metadata = R"("metadata":{"text":")" + std::string(99 * 1024, 'x') + R"("})";
  Tracker tracker(engine());
  for (int i = 0; i < 20; ++i) Track(tracker, shop_, ConversionOf(id, "click", metadata));
  for (const auto& verdict : Flush(tracker)) {
    ASSERT_TRUE(verdict.status.ok()) << verdict.status.ToString();
  }
  ExpectCountersEqualEvents();
}

}  // namespace
}  // namespace tenantry::popups
