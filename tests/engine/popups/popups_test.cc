#include "engine/popups/popups.h"

#include "engine/codec/json_out.h"
#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::popups {
namespace {

class PopupsTest : public PopupsFixture {
 protected:
  const TenantRef shop_ = CreateTenant("shop");
};

TEST_F(PopupsTest, NewPopupsHaveTheContractsDefaults) {
  const PopupReply reply = Create(shop_);
  ASSERT_TRUE(reply.outcome.status.ok());
  const auto popup = *reply.popup->record;
  EXPECT_TRUE(IsUuid(View(popup.getId())));
  EXPECT_EQ(View(popup.getShopId()), "shop");
  EXPECT_FALSE(popup.hasDescription());
  EXPECT_FALSE(popup.hasOffer());
  EXPECT_EQ(popup.getStatus(), schema::PopupStatus::DRAFT);
  EXPECT_FALSE(popup.getIsActive());
  EXPECT_EQ(popup.getViewLimit(), 0);
  EXPECT_EQ(View(popup.getTargeting()), kDefaultTargeting);
  EXPECT_EQ(popup.getCreatedAt(), kTestStartMs);
  EXPECT_EQ(reply.popup->view_count, 0);
}

TEST_F(PopupsTest, NestedObjectsAreKeptAsSentAndReplacedWhole) {
  const std::string id = CreateId(
      shop_,
      R"("targeting":{"showOnPages":["/a"],"excludePages":[],"deviceTypes":["mobile"],"timeDelay":7})");
  const PopupReply reply =
      Update(shop_, id,
             R"({"targeting":{"showOnPages":[],"excludePages":["/b"],"deviceTypes":["tablet"]}})");
  ASSERT_TRUE(reply.outcome.status.ok());
  EXPECT_EQ(View(reply.popup->record->getTargeting()),
            R"({"showOnPages":[],"excludePages":["/b"],"deviceTypes":["tablet"]})");
  EXPECT_EQ(View(reply.popup->record->getDesign()), kDesign);
}

TEST_F(PopupsTest, NullClearsWhatMayBeNullAndIsIgnoredElsewhere) {
  const std::string id =
      CreateId(shop_, R"("description":"d","status":"active","offer":{"type":"discount"})");
  const PopupReply reply =
      Update(shop_, id, R"({"description":null,"offer":null,"status":null,"name":null})");
  ASSERT_TRUE(reply.outcome.status.ok());
  EXPECT_FALSE(reply.popup->record->hasDescription());
  EXPECT_FALSE(reply.popup->record->hasOffer());
  EXPECT_EQ(reply.popup->record->getStatus(), schema::PopupStatus::ACTIVE);
  EXPECT_EQ(View(reply.popup->record->getName()), "P");
}

TEST_F(PopupsTest, StatusDecidesIsActive) {
  const std::string id = CreateId(shop_, R"("status":"active")");
  EXPECT_EQ(ActiveIds(shop_), std::vector<std::string>({id}));
  for (const char* status : {"paused", "archived", "draft"}) {
    const PopupReply reply = Update(shop_, id, std::string(R"({"status":")") + status + R"("})");
    EXPECT_FALSE(reply.popup->record->getIsActive()) << status;
    EXPECT_TRUE(ActiveIds(shop_).empty()) << status;
  }
  EXPECT_TRUE(Update(shop_, id, R"({"status":"active"})").popup->record->getIsActive());
}

// F14: a body may not hand the popup to another shop.
TEST_F(PopupsTest, F14ShopIsImmutable) {
  const std::string id = CreateId(shop_);
  EXPECT_TRUE(Update(shop_, id, R"({"shopId":"shop","name":"N"})").outcome.status.ok());
  const PopupReply reply = Update(shop_, id, R"({"shopId":"thief"})");
  EXPECT_EQ(reply.outcome.status.code(), StatusCode::kInvalidArgument);
  ASSERT_NE(reply.outcome.trace.refused(), nullptr);
  EXPECT_EQ(reply.outcome.trace.refused()->rule, "popup.shop_immutable");
}

// F13, F64: another shop's id is as good as unknown.
TEST_F(PopupsTest, F13PopupsOfAnotherShopAreNotFound) {
  const TenantRef other = CreateTenant("other");
  const std::string id = CreateId(shop_);
  EXPECT_EQ(GetPopup(Space(other), id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Update(other, id, R"({"name":"X"})").outcome.status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Delete(other, id).message(), "Popup with ID " + id + " not found");
  EXPECT_TRUE(GetPopup(Space(shop_), id).ok());
}

// F34: the original wrote a stale count back with each edit.
TEST_F(PopupsTest, F34EditsNeverTouchTheViewCount) {
  const std::string id = CreateId(shop_, R"("status":"active")");
  for (int i = 0; i < 30; ++i) {
    TrackOne(shop_, ViewOf(id));
    const PopupReply reply = Update(shop_, id, R"({"name":"edit )" + std::to_string(i) + "\"}");
    EXPECT_EQ(reply.popup->view_count, i + 1);
  }
  EXPECT_EQ(ViewCount(shop_, id), 30);
}

// F35: popups with views could not be deleted at all.
TEST_F(PopupsTest, F35DeletingTakesViewsAndTotalsAlong) {
  const std::string kept = CreateId(shop_);
  const std::string gone = CreateId(shop_);
  TrackOne(shop_, ViewOf(kept));
  for (int i = 0; i < 5; ++i) TrackOne(shop_, ViewOf(gone));
  TrackOne(shop_, ConversionOf(gone, "purchase", R"("revenue":9.99)"));
  EXPECT_EQ(ReadShopStats(Space(shop_))->views, 6);
  ASSERT_TRUE(Delete(shop_, gone).ok());
  EXPECT_EQ(Delete(shop_, gone).code(), StatusCode::kNotFound);
  const ShopStats stats = *ReadShopStats(Space(shop_));
  EXPECT_EQ(stats.popups, 1);
  EXPECT_EQ(stats.views, 1);
  EXPECT_EQ(stats.conversions, 0);
  EXPECT_EQ(stats.revenue, 0);
  EXPECT_EQ(FindPopupShop(engine(), gone, kTier).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(FindPopupShop(engine(), kept, kTier).ok());
}

TEST_F(PopupsTest, ListsAreNewestFirstAndCutAtAHundred) {
  std::vector<std::string> ids;
  for (int i = 0; i < 105; ++i) {
    ids.push_back(CreateId(shop_));
    clock_.AdvanceMs(1);
  }
  const PopupList list = *ListPopups(Space(shop_), {.offset = 0, .limit = kPopupsListed});
  ASSERT_EQ(list.popups.size(), 100u);
  EXPECT_EQ(list.total, 105);
  EXPECT_EQ(View(list.popups[0].record->getId()), ids[104]);
  const PopupList rest = *ListPopups(Space(shop_), {.offset = 100, .limit = kPopupsListed});
  ASSERT_EQ(rest.popups.size(), 5u);
  EXPECT_EQ(View(rest.popups[4].record->getId()), ids[0]);
}

TEST_F(PopupsTest, ActiveListIsOldestFirstThenById) {
  std::vector<std::string> same_instant;
  const std::string oldest = CreateId(shop_, R"("status":"active")");
  clock_.AdvanceMs(1);
  for (int i = 0; i < 4; ++i) same_instant.push_back(CreateId(shop_, R"("status":"active")"));
  std::sort(same_instant.begin(), same_instant.end());
  std::vector<std::string> expected = {oldest};
  expected.insert(expected.end(), same_instant.begin(), same_instant.end());
  EXPECT_EQ(ActiveIds(shop_), expected);
  for (int i = 0; i < 60; ++i) CreateId(shop_, R"("status":"active")");
  EXPECT_EQ(ActiveIds(shop_).size(), kActiveListed);
}

TEST_F(PopupsTest, SurvivesRestart) {
  const std::string id = CreateId(shop_, R"("status":"active","viewLimit":7)");
  TrackOne(shop_, ViewOf(id));
  Restart();
  const PopupState popup = *GetPopup(Space(shop_), id);
  EXPECT_EQ(popup.view_count, 1);
  EXPECT_EQ(popup.record->getViewLimit(), 7);
}

}  // namespace
}  // namespace tenantry::popups
