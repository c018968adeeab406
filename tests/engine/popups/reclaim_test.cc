#include "engine/popups/reclaim.h"

#include "engine/popups/metrics.h"
#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::popups {
namespace {

class ReclaimTest : public PopupsFixture {
 protected:
  int RunToTheEnd() {
    int steps = 0;
    for (;;) {
      const Result<ReclaimProgress> progress = ReclaimStep(engine(), shop_);
      EXPECT_TRUE(progress.ok()) << progress.status().ToString();
      if (!progress.ok()) return steps;
      engine().WaitReleased(progress->release_index);
      EXPECT_LE(progress->rows, 512u);
      ++steps;
      if (!progress->more) return steps;
    }
  }
  // Everything stored under a popup's id.
  int64_t Rows(const std::string& id) {
    int64_t rows = 0;
    const auto count = [&rows](const auto&...) {
      ++rows;
      return true;
    };
    const SpaceReader space = Space(shop_);
    EXPECT_TRUE(space.ScanRecords<schema::PopupView>({std::string_view(id)}, false, count).ok());
    EXPECT_TRUE(
        space.ScanRecords<schema::PopupConversion>({std::string_view(id)}, false, count).ok());
    EXPECT_TRUE(space.ScanCounters(kPopupTotals, id, count).ok());
    EXPECT_TRUE(space.ScanCounters(kPopupQuarterHours, id, count).ok());
    EXPECT_TRUE(space.ScanSketches(kPopupVisitors, id, INT64_MIN, INT64_MAX, count).ok());
    return rows;
  }
  void Fill(const std::string& id, int views) {
    std::vector<Event> events;
    for (int i = 0; i < views; ++i) events.push_back(ViewOf(id, "v" + std::to_string(i)));
    for (int i = 0; i < 20; ++i) events.push_back(ConversionOf(id, "purchase", R"("revenue":1)"));
    const Outcome outcome = TrackAll(engine(), shop_, std::move(events));
    ASSERT_TRUE(outcome.status.ok());
    engine().WaitReleased(outcome.release_index);
  }
  const TenantRef shop_ = CreateTenant("shop");
};

TEST_F(ReclaimTest, NothingToDoIsOneCheapStep) {
  const uint64_t before = engine().position().index;
  EXPECT_EQ(RunToTheEnd(), 1);
  EXPECT_EQ(ReclaimStep(engine(), shop_)->rows, 0u);
  EXPECT_EQ(engine().position().index, before);
}

TEST_F(ReclaimTest, FreesDeletedPopupsInBoundedStepsAndNoOthers) {
  const std::string kept = CreateId(shop_);
  const std::string gone = CreateId(shop_);
  const std::string gone_too = CreateId(shop_);
  Fill(kept, 300);
  Fill(gone, 1'300);
  Fill(gone_too, 10);
  const int64_t kept_rows = Rows(kept);
  ASSERT_TRUE(Delete(shop_, gone).ok());
  ASSERT_TRUE(Delete(shop_, gone_too).ok());
  EXPECT_GT(Rows(gone), 1'300);
  EXPECT_GE(RunToTheEnd(), 4);
  EXPECT_EQ(Rows(gone), 0);
  EXPECT_EQ(Rows(gone_too), 0);
  EXPECT_EQ(Rows(kept), kept_rows);
  EXPECT_EQ(ReadShopStats(Space(shop_))->views, 300);
}

TEST_F(ReclaimTest, GoesOnAfterARestart) {
  const std::string gone = CreateId(shop_);
  Fill(gone, 1'000);
  ASSERT_TRUE(Delete(shop_, gone).ok());
  ASSERT_TRUE(ReclaimStep(engine(), shop_)->more);
  Restart();
  RunToTheEnd();
  EXPECT_EQ(Rows(gone), 0);
}

// Subscribers stay when the popup that won them goes, and so does their number.
TEST_F(ReclaimTest, SubscribersOutliveThePopup) {
  const std::string gone = CreateId(shop_);
  Add(shop_, R"("email":"a@b.com","popupId":")" + gone + "\"");
  ASSERT_TRUE(Delete(shop_, gone).ok());
  RunToTheEnd();
  EXPECT_EQ(ListPopupSubscribers(Space(shop_), gone, {})->total, 1);
  const Outcome left = Unsubscribe(engine(), shop_, "a@b.com", info_, kTier);
  EXPECT_TRUE(left.status.ok());
  engine().WaitReleased(left.release_index);
  EXPECT_EQ(ListPopupSubscribers(Space(shop_), gone, {})->total, 0);
}

}  // namespace
}  // namespace tenantry::popups
