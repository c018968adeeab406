// Visitor sketches of hours that are over, each in one row: the answers are the same, before and after.

#include "engine/popups/sealing.h"

#include <algorithm>

#include "engine/counters/bucket.h"
#include "engine/popups/metrics.h"
#include "engine/popups/series.h"
#include "engine/popups/upkeep.h"
#include "tests/engine/popups/popups_fixture.h"
#include "tests/support/shop_recount.h"

namespace tenantry::popups {
namespace {

constexpr int64_t kHours = 30;
constexpr int kPerHour = 300;

class SealingTest : public PopupsFixture {
 protected:
  SealingTest() {
    // From the start of an hour, so that each round below is one.
    clock_.AdvanceMs(counters::kHourMs - clock_.NowUnixMs() % counters::kHourMs);
  }
  void Visit(const std::string& popup, int first, int count) {
    std::vector<Event> events;
    for (int i = first; i < first + count; ++i) {
      events.emplace_back(ViewOf(popup, "v" + std::to_string(i)));
    }
    const Outcome outcome = TrackAll(engine(), shop_, std::move(events));
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    engine().WaitReleased(outcome.release_index);
  }
  void Upkeep() {
    for (bool more = true; more;) {
      const auto step = UpkeepStep(engine(), shop_, {});
      ASSERT_TRUE(step.ok()) << step.status().ToString();
      engine().WaitReleased(step->release_index);
      more = step->more;
    }
  }
  int64_t Rows(uint8_t family, const std::string& owner) {
    int64_t rows = 0;
    EXPECT_TRUE(Space(shop_)
                    .ScanSketches(family, owner, INT64_MIN, INT64_MAX,
                                  [&rows](auto&&...) { return ++rows > 0; })
                    .ok());
    return rows;
  }
  std::vector<int64_t> VisitorsByHour(const std::string& popup, int64_t from, int64_t hours) {
    auto series = DivideSpan(*LocalTime::Load("UTC"), from, from + hours * counters::kHourMs,
                             Granularity::kHour);
    EXPECT_TRUE(series.ok() && FillSeries(Space(shop_), popup, &*series).ok());
    std::vector<int64_t> visitors;
    for (const SeriesPoint& point : series->points) visitors.push_back(point.visitors);
    visitors.push_back(series->total.visitors);
    visitors.push_back(*EstimateVisitors(Space(shop_), "", from, from + hours * counters::kHourMs));
    return visitors;
  }
  void ExpectRecounted() { EXPECT_EQ(RecountShop(Space(shop_), {}), std::vector<std::string>()); }

  const TenantRef shop_ = CreateTenant("shop");
};

TEST_F(SealingTest, ClosedHoursTakeOneRowAndAnswerTheSame) {
  const std::string popup = CreateId(shop_);
  const std::string quiet = CreateId(shop_);
  const int64_t from = clock_.NowUnixMs();
  for (int64_t hour = 0; hour < kHours; ++hour) {
    Visit(popup, static_cast<int>(hour) * 100, kPerHour);
    if (hour == 3) Visit(quiet, 0, 1);
    clock_.AdvanceMs(counters::kHourMs);
  }
  Visit(popup, 0, kPerHour);  // The hour that is not over.
  const std::vector<int64_t> before = VisitorsByHour(popup, from, kHours + 1);
  const int64_t open_rows = Rows(kPopupVisitors, popup) / (kHours + 1);
  EXPECT_GT(open_rows, 50);
  clock_.AdvanceMs(kSealLagMs - 1);
  Upkeep();
  // The youngest of those is over for less than the lag.
  EXPECT_LT(Rows(kPopupVisitors, popup), kHours - 1 + 2 * 64 + 1);
  EXPECT_GT(Rows(kPopupVisitors, popup), kHours - 1 + 2 * open_rows - 15);
  clock_.AdvanceMs(1);
  Upkeep();
  EXPECT_LE(Rows(kPopupVisitors, popup), kHours + 64);
  EXPECT_LE(Rows(kShopVisitors, std::string(kShopOwner)), kHours + 64);
  EXPECT_EQ(Rows(kPopupVisitors, quiet), 1);
  EXPECT_EQ(VisitorsByHour(popup, from, kHours + 1), before);
  ExpectRecounted();
  const uint64_t index = engine().position().index;
  Upkeep();
  EXPECT_EQ(engine().position().index, index) << "what is sealed is left alone";
  Restart();
  EXPECT_EQ(VisitorsByHour(popup, from, kHours + 1), before);
  ExpectRecounted();
}

// A loop that was held up, or a clock set back.
TEST_F(SealingTest, AnEventBehindTheCursorCounts) {
  const std::string popup = CreateId(shop_);
  const int64_t from = clock_.NowUnixMs();
  Tracker tracker(engine());  // With a floor that knows the blocks from before, as the loops have.
  const auto visit_then = [&](int first, int count) {
    for (int i = first; i < first + count; ++i) {
      ViewEvent view = ViewOf(popup, "v" + std::to_string(i));
      view->setViewedAt(from);
      Track(tracker, shop_, std::move(view));
    }
    for (const auto& verdict : Flush(tracker)) EXPECT_TRUE(verdict.status.ok());
  };
  visit_then(0, kPerHour);
  clock_.AdvanceMs(2 * counters::kHourMs);
  Upkeep();
  EXPECT_EQ(Rows(kPopupVisitors, popup), 1);
  visit_then(kPerHour / 2, kPerHour);
  ExpectRecounted();
  EXPECT_NEAR(static_cast<double>(VisitorsByHour(popup, from, 1)[0]), 1.5 * kPerHour, 40);
  EXPECT_GT(Rows(kPopupVisitors, popup), 1);
  Upkeep();
  EXPECT_EQ(Rows(kPopupVisitors, popup), 1) << "it was taken in";
  EXPECT_EQ(Rows(kShopVisitors, std::string(kShopOwner)), 1);
  ExpectRecounted();
}

// A clock that was a year ahead for a while must not leave a year unsealed.
TEST_F(SealingTest, ACursorInTheFutureSaysNothing) {
  const std::string popup = CreateId(shop_);
  const int64_t start = clock_.NowUnixMs();
  Visit(popup, 0, kPerHour);
  clock_.AdvanceMs(365 * counters::kDayMs);
  Upkeep();
  clock_.AdvanceMs(start + 2 * counters::kHourMs - clock_.NowUnixMs());
  Visit(popup, 0, kPerHour);
  EXPECT_GT(Rows(kPopupVisitors, popup), 2);
  clock_.AdvanceMs(counters::kHourMs + kSealLagMs);
  Upkeep();
  EXPECT_EQ(Rows(kPopupVisitors, popup), 2);
  ExpectRecounted();
}

// Goal: all popups' hours end at once; the commands of the shop wait for a few steps of it at most.
TEST_F(SealingTest, FewAreSealedInOneGo) {
  std::vector<std::string> popups;
  for (int i = 0; i < 40; ++i) popups.push_back(CreateId(shop_));
  for (const std::string& popup : popups) Visit(popup, 0, 20);
  clock_.AdvanceMs(2 * counters::kHourMs);
  const auto sealed = [&] {
    return std::count_if(popups.begin(), popups.end(), [&](const std::string& popup) {
      return Rows(kPopupVisitors, popup) == 1;
    });
  };
  const auto step = UpkeepStep(engine(), shop_, {});
  ASSERT_TRUE(step.ok());
  EXPECT_TRUE(step->more);
  engine().WaitReleased(step->release_index);
  EXPECT_EQ(sealed(), 15) << "and the shop's own";
  Upkeep();
  EXPECT_EQ(sealed(), 40);
  ExpectRecounted();
}

TEST_F(SealingTest, ADeletedPopupLeavesNeitherRowsNorCursor) {
  const std::string popup = CreateId(shop_);
  for (int64_t hour = 0; hour < 600; ++hour) {  // More rows than a step of reclaim frees.
    Visit(popup, static_cast<int>(hour), 2);
    clock_.AdvanceMs(counters::kHourMs);
  }
  clock_.AdvanceMs(counters::kHourMs);
  Upkeep();
  EXPECT_EQ(Rows(kPopupVisitors, popup), 600);
  const std::string cursor = "sealed/" + std::to_string(kPopupVisitors) + "/" + popup;
  ASSERT_TRUE(Space(shop_).Meta(cursor)->has_value());
  ASSERT_TRUE(Delete(shop_, popup).ok());
  for (bool more = true; more;) {
    const auto step = ReclaimStep(engine(), shop_);
    ASSERT_TRUE(step.ok()) << step.status().ToString();
    engine().WaitReleased(step->release_index);
    more = step->more;
  }
  EXPECT_EQ(Rows(kPopupVisitors, popup), 0);
  EXPECT_FALSE(Space(shop_).Meta(cursor)->has_value());
}

}  // namespace
}  // namespace tenantry::popups
