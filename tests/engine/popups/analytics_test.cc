// Series, breakdowns, batches, bots and upkeep: what the statistics are made of.

#include <atomic>
#include <map>

#include "engine/base/thread.h"
#include "engine/counters/bucket.h"
#include "engine/popups/ab_groups.h"
#include "engine/popups/batch.h"
#include "engine/popups/breakdown.h"
#include "engine/popups/metrics.h"
#include "engine/popups/series.h"
#include "engine/popups/upkeep.h"
#include "tests/engine/popups/all_zones.h"
#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::popups {
namespace {

class AnalyticsTest : public PopupsFixture {
 protected:
  ViewEvent ViewWith(const std::string& popup, const std::string& members) {
    Result<ViewEvent> view = NewView(R"({"popupId":")" + popup + R"(",)" + members + "}",
                                     clock_.NowUnixMs(), engine().random());
    EXPECT_TRUE(view.ok()) << view.status().ToString();
    return std::move(view).value();
  }
  void Upkeep(const TenantRef& shop, int64_t retention_ms = 0) {
    for (bool more = true; more;) {
      const auto step = UpkeepStep(engine(), shop, {.event_retention_ms = retention_ms});
      ASSERT_TRUE(step.ok()) << step.status().ToString();
      engine().WaitReleased(step->release_index);
      more = step->more;
    }
  }
  int64_t Today() { return counters::FloorDivide(clock_.NowUnixMs(), counters::kDayMs); }
  std::map<std::string, int64_t> Values(const TenantRef& shop, const std::string& popup,
                                        std::string_view dimension, int64_t first, int64_t last) {
    std::map<std::string, int64_t> values;
    const auto breakdown = ReadBreakdown(Space(shop), popup, first, last);
    EXPECT_TRUE(breakdown.ok()) << breakdown.status().ToString();
    for (const auto& one : breakdown->dimensions) {
      if (one.name == dimension) values.insert(one.values.begin(), one.values.end());
    }
    return values;
  }
  uint64_t Events(const TenantRef& shop, const std::string& popup) {
    uint64_t events = 0;
    EXPECT_TRUE(Space(shop)
                    .ScanRecords<schema::PopupView>({std::string_view(popup)}, false,
                                                    [&](const auto&) {
                                                      ++events;
                                                      return true;
                                                    })
                    .ok());
    return events;
  }
};

// The same answer before a roll-up, after it, and after events that came in behind it.
TEST_F(AnalyticsTest, BreakdownsAreTheSameWhoeverCounts) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  const std::string phone =
      R"("deviceType":"Mobile","browser":"Mozilla/5.0 Edg/120 Chrome/120 Safari/537",)"
      R"("pageUrl":"https://s.example/a?utm=1#x","referrer":"https://WWW.Google.com/search?q=me")";
  TrackOne(shop, ViewWith(popup, phone));
  TrackOne(shop,
           ViewWith(popup,
                    R"("deviceType":"desktop","browser":"Firefox","pageUrl":"/b","referrer":"")"));
  const auto expect = [&](int64_t phones) {
    EXPECT_EQ(Values(shop, popup, "device", Today(), Today()),
              (std::map<std::string, int64_t>{{"mobile", phones}, {"desktop", 1}}));
    EXPECT_EQ(Values(shop, popup, "browser", Today(), Today()),
              (std::map<std::string, int64_t>{{"Edge", phones}, {"Firefox", 1}}));
    EXPECT_EQ(Values(shop, popup, "page", Today(), Today()),
              (std::map<std::string, int64_t>{{"/a", phones}, {"/b", 1}}));
    EXPECT_EQ(Values(shop, popup, "referrer", Today(), Today()),
              (std::map<std::string, int64_t>{{"www.google.com", phones}, {"(direct)", 1}}));
  };
  expect(1);
  ViewEvent late = ViewWith(popup, phone);
  clock_.AdvanceMs(kRollUpLagMs + 1);
  Upkeep(shop);
  expect(1);
  EXPECT_NE(*RollUpCursor(Space(shop), popup), "");
  late->setViewedAt(late->getViewedAt() - 1000);  // A loop that was held up, or a clock set back.
  TrackOne(shop, std::move(late));
  expect(2);
  Upkeep(shop);
  expect(2);
  TrackOne(shop, ViewWith(popup, phone));
  expect(3);
  Restart();
  expect(3);
  EXPECT_TRUE(Values(shop, popup, "device", Today() - 5, Today() - 1).empty());
}

// Goal: a view that is imported while a step has read but not written yet is counted once.
// Method: views come in just behind the cursor, where the step at work reads, as long as steps are needed; then every stored view
// must be in the breakdown, and none twice.
TEST_F(AnalyticsTest, ARollUpBesideAnImportCountsEachViewOnce) {
  constexpr int64_t kViews = 20'000;
  constexpr size_t kImports = 600;
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  const int64_t from = clock_.NowUnixMs() - 3'600'000;
  std::vector<Event> views;
  for (int64_t i = 0; i < kViews; ++i) {
    ViewEvent view = ViewOf(popup);
    view->setViewedAt(from + i * 3'000'000 / kViews);
    views.emplace_back(std::move(view));
  }
  engine().WaitReleased(TrackAll(engine(), shop, std::move(views)).release_index);
  std::vector<ViewEvent> imports;
  for (size_t i = 0; i < kImports; ++i) imports.push_back(ViewOf(popup));
  std::atomic<bool> rolled_up = false;
  size_t imported = 0;
  uint64_t last_import = 0;
  Thread importer("import", [&] {
    while (imported < kImports && !rolled_up) {
      const auto cursor = RollUpCursor(engine().View().Space(shop, kTier), popup);
      ASSERT_TRUE(cursor.ok());
      ViewEvent& view = imports[imported];
      view->setViewedAt(std::max(CursorTime(*cursor), from) + 1 +
                        static_cast<int64_t>(imported % 60));
      ++imported;
      const Outcome outcome = TrackNow(engine(), shop, std::move(view), kTier);
      ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
      last_import = outcome.release_index;
    }
  });
  for (bool more = true; more;) {
    const auto step = RollUpStep(engine(), shop, popup);
    ASSERT_TRUE(step.ok()) << step.status().ToString();
    engine().WaitReleased(step->release_index);
    more = step->more;
  }
  rolled_up = true;
  importer.Join();
  engine().WaitReleased(last_import);
  Upkeep(shop);
  EXPECT_GT(imported, 0u);
  const auto counted =
      Values(shop, popup, "device", counters::FloorDivide(from, counters::kDayMs), Today());
  EXPECT_EQ(counted.size(), 1u);
  EXPECT_EQ(counted.begin()->second, kViews + static_cast<int64_t>(imported));
  EXPECT_EQ(Events(shop, popup), kViews + imported);
}

TEST_F(AnalyticsTest, PagesOfADayAreBounded) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  std::vector<Event> events;
  for (int i = 0; i < 1500; ++i) {
    events.emplace_back(ViewWith(popup, R"("pageUrl":"/p)" + std::to_string(i % 300) + "\""));
  }
  engine().WaitReleased(TrackAll(engine(), shop, std::move(events)).release_index);
  clock_.AdvanceMs(kRollUpLagMs + 1);
  Upkeep(shop);
  uint64_t rows = 0;
  int64_t views = 0;
  ASSERT_TRUE(Space(shop)
                  .ScanCounters(kPopupBreakdown, popup,
                                [&](std::string_view metric, int64_t, int64_t value) {
                                  if (metric.find("/page/") != std::string_view::npos) {
                                    ++rows;
                                    views += value;
                                  }
                                  return true;
                                })
                  .ok());
  EXPECT_EQ(rows, kValuesMax + 1);
  EXPECT_EQ(views, 1500);
  int64_t shown = 0;
  for (const auto& [page, count] : Values(shop, popup, "page", Today() - 1, Today()))
    shown += count;
  EXPECT_EQ(shown, 1500) << "nothing is lost behind the most seen pages";
}

TEST_F(AnalyticsTest, RetentionFreesEventsAndKeepsNumbers) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  for (int day = 0; day < 3; ++day) {
    std::vector<Event> events;
    for (int i = 0; i < 600; ++i) events.emplace_back(ViewOf(popup, "v" + std::to_string(i)));
    events.emplace_back(ConversionOf(popup, "click"));
    engine().WaitReleased(TrackAll(engine(), shop, std::move(events)).release_index);
    clock_.AdvanceMs(counters::kDayMs);
  }
  Upkeep(shop);
  EXPECT_EQ(Events(shop, popup), 1800u);
  Upkeep(shop, 2 * counters::kDayMs);
  EXPECT_EQ(Events(shop, popup), 1200u) << "two days old is not older than two days";
  const auto stats = ReadPopupStats(Space(shop), popup);
  EXPECT_EQ(stats->views, 1800);
  EXPECT_EQ(stats->conversions, 3);
  EXPECT_EQ(Values(shop, popup, "device", Today() - 3, Today())["(unknown)"], 1800);
}

TEST_F(AnalyticsTest, ABatchCountsEachIdOnceWithinItsWindow) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  const auto send = [&](const std::vector<std::string>& ids, const std::string& popup_id) {
    std::vector<BatchEvent> events;
    for (const std::string& id : ids) events.push_back({id, ViewOf(popup_id)});
    std::vector<EventFate> fates;
    const Outcome outcome = TrackBatch(engine(), shop, events, kTier, &fates);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    engine().WaitReleased(outcome.release_index);
    return fates;
  };
  using enum EventFate;
  EXPECT_EQ(send({"a", "b", "a", "", ""}, popup),
            (std::vector<EventFate>{kCounted, kCounted, kDuplicate, kCounted, kCounted}));
  EXPECT_EQ(send({"b", "c"}, popup), (std::vector<EventFate>{kDuplicate, kCounted}));
  EXPECT_EQ(send({"d"}, NewUuid(random_)), std::vector<EventFate>{kUnknownPopup});
  EXPECT_EQ(send({"d"}, popup), std::vector<EventFate>{kCounted}) << "the id was not used up";
  EXPECT_EQ(ViewCount(shop, popup), 6);
  Restart();
  EXPECT_EQ(send({"a"}, popup), std::vector<EventFate>{kDuplicate});
  clock_.AdvanceMs(kEventIdWindowMs + 1);
  Upkeep(shop);
  uint64_t ids = 0;
  ASSERT_TRUE(Space(shop)
                  .ScanRecords<schema::TrackedEvent>({}, false,
                                                     [&](const auto&) {
                                                       ++ids;
                                                       return true;
                                                     })
                  .ok());
  EXPECT_EQ(ids, 0u);
  EXPECT_EQ(send({"a"}, popup), std::vector<EventFate>{kCounted});
}

TEST_F(AnalyticsTest, FilteredEventsCountTheirRuleAlone) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  Tracker tracker(engine());
  Track(tracker, shop, FilteredEvent{popup, BotRule::kCrawler});
  Track(tracker, shop, ViewOf(popup));
  Track(tracker, shop, FilteredEvent{popup, BotRule::kCrawler});
  for (const auto& verdict : Flush(tracker)) EXPECT_TRUE(verdict.status.ok());
  EXPECT_EQ(ViewCount(shop, popup), 1);
  EXPECT_EQ(*Space(shop).Counter(kShopFiltered, kShopOwner, "crawler"), 2);
  EXPECT_EQ(Events(shop, popup), 1u);
}

TEST(BotsTest, OnlyWhatNamesItselfIsABot) {
  const std::pair<const char*, BotRule> agents[] = {
      {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
       BotRule::kCrawler},
      {"Mozilla/5.0 (compatible; bingbot/2.0)", BotRule::kCrawler},
      {"Baiduspider+", BotRule::kCrawler},
      {"facebookexternalhit/1.1", BotRule::kPreview},
      {"Slackbot-LinkExpanding 1.0", BotRule::kPreview},
      {"UptimeRobot/2.0", BotRule::kMonitor},
      {"Mozilla/5.0 Chrome-Lighthouse", BotRule::kAuditor},
      {"Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/120", BotRule::kNone},
      {"Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120", BotRule::kNone},
      {"Mozilla/5.0 (Windows NT 10.0) Firefox/120.0", BotRule::kNone},
      {"curl/7.88", BotRule::kNone},
      {"Abbott Browser", BotRule::kNone},
      {"", BotRule::kNone}};
  BotMemory memory;
  for (const auto& [agent, rule] : agents) {
    EXPECT_EQ(FindBot(agent), rule) << agent;
    EXPECT_EQ(memory.Find(agent), rule) << agent;
    EXPECT_EQ(memory.Find(agent), rule) << agent;
  }
}

TEST_F(AnalyticsTest, SeriesDivideASpanByLocalDays) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  // Four days, a view each quarter hour by one of ten visitors.
  std::vector<Event> events;
  const int64_t start = clock_.NowUnixMs();
  for (int64_t quarter = 0; quarter < 4 * 96; ++quarter) {
    ViewEvent view = ViewOf(popup, "v" + std::to_string(quarter % 10));
    view->setViewedAt(start + quarter * counters::kQuarterHourMs);
    events.emplace_back(std::move(view));
  }
  engine().WaitReleased(TrackAll(engine(), shop, std::move(events)).release_index);
  for (const auto& [zone, granularity] :
       std::vector<std::pair<const char*, Granularity>>{{"UTC", Granularity::kHour},
                                                        {"America/New_York", Granularity::kDay},
                                                        {"Asia/Kathmandu", Granularity::kDay},
                                                        {"Australia/Lord_Howe", Granularity::kWeek},
                                                        {"Europe/Berlin", Granularity::kMonth}}) {
    const auto local = LocalTime::Load(zone);
    ASSERT_TRUE(local.has_value()) << zone;
    auto series = DivideSpan(*local, start, start + 4 * counters::kDayMs, granularity);
    ASSERT_TRUE(series.ok()) << series.status().ToString();
    ASSERT_TRUE(FillSeries(Space(shop), popup, &*series).ok());
    int64_t views = 0;
    for (const SeriesPoint& point : series->points) {
      views += point.views;
      EXPECT_LE(point.visitors, 10) << zone;
      if (point.views >= 40) {
        EXPECT_EQ(point.visitors, 10) << zone;
      }
    }
    EXPECT_EQ(views, 384) << zone;
    EXPECT_EQ(series->total.views, 384) << zone;
    EXPECT_EQ(series->total.visitors, 10) << zone;
    EXPECT_EQ(series->visitors_aligned, std::string_view(zone) != "Asia/Kathmandu") << zone;
  }
  const auto utc = LocalTime::Load("UTC");
  EXPECT_FALSE(DivideSpan(*utc, 5, 5, Granularity::kDay).ok());
  EXPECT_FALSE(DivideSpan(*utc, 0, start, Granularity::kHour).ok()) << "too many points";
}

// Goal: around both changes of clocks of every zone of the database, local days hold exactly the quarter
// hours between their midnights, and together as many as UTC has.
// Method: a view each quarter hour of a year, asked for by zone.
TEST_F(AnalyticsTest, LocalDaysOfEveryZoneSumToTheSameTotal) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  const int64_t from = *ParseInstant("2025-12-31T00:00:00Z");
  const int64_t until = *ParseInstant("2027-01-02T00:00:00Z");
  for (int64_t day = from; day < until; day += counters::kDayMs) {
    std::vector<Event> events;
    for (int64_t at = day; at < day + counters::kDayMs; at += counters::kQuarterHourMs) {
      ViewEvent view = ViewOf(popup);
      view->setViewedAt(at);
      events.emplace_back(std::move(view));
    }
    engine().WaitReleased(TrackAll(engine(), shop, std::move(events)).release_index);
  }
  const SpaceReader space = Space(shop);
  const auto expect_whole = [&](const LocalTime& zone, int64_t first, int64_t end) {
    for (const Granularity granularity : {Granularity::kDay, Granularity::kHour}) {
      auto series = DivideSpan(zone, first, end, granularity);
      ASSERT_TRUE(series.ok()) << series.status().ToString();
      ASSERT_TRUE(FillSeries(space, popup, &*series).ok());
      int64_t sum = 0;
      for (const SeriesPoint& point : series->points) {
        ASSERT_EQ(point.views,
                  (point.end_unix_ms - point.start_unix_ms) / counters::kQuarterHourMs);
        sum += point.views;
      }
      ASSERT_EQ(sum, (end - first) / counters::kQuarterHourMs);
      ASSERT_EQ(series->total.views, sum);
    }
  };
  const std::vector<std::string> zones = AllZones();
  ASSERT_GT(zones.size(), 500u) << "tzdata is not installed";
  int changes = 0;
  for (const std::string& name : zones) {
    SCOPED_TRACE(name);
    const LocalTime zone = *LocalTime::Load(name);
    // Three local days each: the one of a change, the one before and the one after; in January too, for
    // zones that change nothing.
    int64_t before = zone.DayStart({2026, 1, 1});
    int64_t start = zone.PeriodEnd(before, Granularity::kDay);
    for (int64_t end = 0; start < zone.DayStart({2026, 12, 31}); before = start, start = end) {
      end = zone.PeriodEnd(start, Granularity::kDay);
      const bool changes_here = end - start != counters::kDayMs;
      if (!changes_here && before != zone.DayStart({2026, 1, 1})) continue;
      changes += changes_here ? 1 : 0;
      ASSERT_NO_FATAL_FAILURE(expect_whole(zone, before, zone.PeriodEnd(end, Granularity::kDay)));
    }
  }
  EXPECT_GT(changes, 200);
}

// Assignments of a test that ended long ago go, and with a retention all that are older; those of a running
// test stay without one, so that everybody keeps their arm and counts once.
TEST_F(AnalyticsTest, AssignmentsGoWithTheirTestAndWithTheRetention) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  const auto add_group = [&] {
    const auto input = codec::Input<schema::CreateAbGroupInput>::Decode(
        R"({"shopId":"shop","name":"T","status":"running","popupIds":[")" + popup +
        R"("],"trafficSplit":{")" + popup + R"(":100}})");
    EXPECT_TRUE(input.ok()) << input.status().ToString();
    const AbGroupReply made = CreateAbGroup(engine(), shop, *input, info_, kTier);
    engine().WaitReleased(made.outcome.release_index);
    return std::string(View(made.group->record->getId()));
  };
  const auto assign = [&](const std::string& group, int first, int count) {
    uint64_t last = 0;
    for (int i = first; i < first + count; ++i) {
      const AssignReply reply =
          AssignVisitor(engine(), shop, group, "v" + std::to_string(i), info_, kTier);
      EXPECT_EQ(reply.popup_id, popup);
      last = reply.outcome.release_index;
    }
    engine().WaitReleased(last);
  };
  const auto stored = [&](const std::string& group) {
    int rows = 0;
    EXPECT_TRUE(Space(shop)
                    .ScanRecords<schema::AbAssignment>({std::string_view(group)}, false,
                                                       [&rows](const auto&) { return ++rows > 0; })
                    .ok());
    return rows;
  };
  const std::string running = add_group();
  const std::string ended = add_group();
  assign(running, 0, 20);
  assign(ended, 0, 600);  // More than a step erases.
  const AbGroupReply won = SelectWinner(engine(), shop, ended, popup, info_, kTier);
  ASSERT_TRUE(won.outcome.status.ok());
  engine().WaitReleased(won.outcome.release_index);
  Upkeep(shop);
  EXPECT_EQ(stored(ended), 600) << "the winner may have been a mistake";
  clock_.AdvanceMs(kEndedTestKeptMs + 1);
  Upkeep(shop);
  EXPECT_EQ(stored(ended), 0);
  EXPECT_EQ(stored(running), 20);
  EXPECT_EQ(GetAbGroup(Space(shop), ended)->visitors, 600);
  assign(running, 0, 1);
  EXPECT_EQ(GetAbGroup(Space(shop), running)->visitors, 20) << "an old visitor counts once";
  assign(running, 20, 5);
  Upkeep(shop, 10 * counters::kDayMs);
  EXPECT_EQ(stored(running), 5);
  EXPECT_EQ(GetAbGroup(Space(shop), running)->visitors, 25);
}

}  // namespace
}  // namespace tenantry::popups
