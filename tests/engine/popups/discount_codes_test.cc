#include "engine/popups/discount_codes.h"

#include "engine/base/time_format.h"
#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::popups {
namespace {

class DiscountCodesTest : public PopupsFixture {
 protected:
  bool Live(const std::string& code) {
    return FindLiveCode(Space(shop_), code, clock_.NowUnixMs())->has_value();
  }
  void Use(const std::string& popup_id, const std::string& code_id, int times) {
    Tracker tracker(engine());
    for (int i = 0; i < times; ++i) {
      Track(tracker, shop_,
            ConversionOf(popup_id, "discount_code_used", R"("discountCodeId":")" + code_id + "\""));
    }
    for (const auto& verdict : Flush(tracker)) EXPECT_TRUE(verdict.status.ok());
  }

  const TenantRef shop_ = CreateTenant("shop");
};

TEST_F(DiscountCodesTest, GeneratesACodeWhenNoneIsSent) {
  const auto reply = CreateCode(shop_, R"("type":"fixed","value":5)");
  ASSERT_TRUE(reply.outcome.status.ok());
  const std::string code((*reply.code)->getCode().cStr());
  ASSERT_EQ(code.size(), 14u);
  EXPECT_EQ(code.substr(0, 6), "POPUP-");
  EXPECT_EQ(code.find_first_not_of("0123456789ABCDEF", 6), std::string::npos);
  EXPECT_NE(std::string((*CreateCode(shop_, R"("type":"fixed","value":5)").code)->getCode().cStr()),
            code);
  EXPECT_EQ(
      std::string(
          (*CreateCode(shop_, R"("code":"","type":"fixed","value":5)").code)->getCode().cStr())
          .substr(0, 6),
      "POPUP-");
}

// F66: percentages above 100 were accepted.
TEST_F(DiscountCodesTest, F66PercentagesEndAtAHundred) {
  EXPECT_TRUE(CreateCode(shop_, R"("type":"percentage","value":100)").outcome.status.ok());
  const Status refused = CreateCode(shop_, R"("type":"percentage","value":100.01)").outcome.status;
  ASSERT_EQ(refused.details().size(), 1u);
  EXPECT_EQ(refused.details()[0], "value must not be greater than 100");
  EXPECT_TRUE(CreateCode(shop_, R"("type":"fixed","value":500)").outcome.status.ok());
}

// F40: money is hundredths inside; decimals of minimum amounts were a 500.
TEST_F(DiscountCodesTest, F40AmountsAreHundredths) {
  const auto reply =
      CreateCode(shop_, R"("type":"fixed","value":19.995,"minimumPurchaseAmount":49.95)");
  EXPECT_EQ((*reply.code)->getValue(), 2000);
  EXPECT_EQ((*reply.code)->getMinimumPurchaseAmount(), 4995);
}

// F65, F66: duplicates were accepted and found at random; case mattered.
TEST_F(DiscountCodesTest, F65LiveCodesAreUniqueIgnoringCase) {
  ASSERT_TRUE(CreateCode(shop_, R"("code":"Save10","type":"fixed","value":5)").outcome.status.ok());
  const auto duplicate = CreateCode(shop_, R"("code":"SAVE10","type":"fixed","value":5)");
  EXPECT_EQ(duplicate.outcome.status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(duplicate.outcome.trace.refused()->rule, "discount_code.unique");
  EXPECT_TRUE(Live("sAVE10"));
  const TenantRef other = CreateTenant("other");
  EXPECT_TRUE(CreateCode(other, R"("code":"Save10","type":"fixed","value":5)").outcome.status.ok());
}

TEST_F(DiscountCodesTest, InactiveCodesAreStoredButNotFound) {
  ASSERT_TRUE(CreateCode(shop_, R"("code":"OFF","type":"fixed","value":5,"isActive":false)")
                  .outcome.status.ok());
  EXPECT_FALSE(Live("OFF"));
  EXPECT_EQ(ListDiscountCodes(Space(shop_), {})->codes.size(), 1u);
  EXPECT_TRUE(CreateCode(shop_, R"("code":"OFF","type":"fixed","value":5)").outcome.status.ok());
  EXPECT_TRUE(Live("OFF"));
  EXPECT_EQ(ListDiscountCodes(Space(shop_), {})->total, 2);
}

TEST_F(DiscountCodesTest, F66ExpiredCodesAreNotFoundAndFreeTheirText) {
  const std::string expiry = FormatInstant(clock_.NowUnixMs() + 60'000);
  ASSERT_TRUE(
      CreateCode(shop_, R"("code":"SOON","type":"fixed","value":5,"expiresAt":")" + expiry + "\"")
          .outcome.status.ok());
  EXPECT_TRUE(Live("SOON"));
  clock_.AdvanceMs(60'000);
  EXPECT_FALSE(Live("SOON"));
  EXPECT_TRUE(CreateCode(shop_, R"("code":"soon","type":"fixed","value":6)").outcome.status.ok());
  EXPECT_TRUE(Live("SOON"));
  EXPECT_EQ((*FindLiveCode(Space(shop_), "SOON", clock_.NowUnixMs()))->operator->()->getValue(),
            600);
}

// F66: usage never rose. It stops at the limit, later conversions are stored all the same.
TEST_F(DiscountCodesTest, F66UsageRisesAndStopsAtTheLimit) {
  const std::string popup = CreateId(shop_);
  const auto code = CreateCode(shop_, R"("code":"THREE","type":"fixed","value":5,"usageLimit":3)");
  const std::string id((*code.code)->getId().cStr());
  Use(popup, id, 2);
  EXPECT_EQ((*GetDiscountCode(Space(shop_), id))->getUsageCount(), 2);
  EXPECT_TRUE(Live("THREE"));
  Use(popup, id, 5);
  EXPECT_EQ((*GetDiscountCode(Space(shop_), id))->getUsageCount(), 3);
  EXPECT_FALSE(Live("THREE"));
  EXPECT_EQ(ReadPopupStats(Space(shop_), popup)->conversions, 7);
  EXPECT_TRUE(CreateCode(shop_, R"("code":"three","type":"fixed","value":5)").outcome.status.ok());
}

TEST_F(DiscountCodesTest, UsageOfUnknownOrForeignCodesIsIgnored) {
  const TenantRef other = CreateTenant("other");
  const auto foreign = CreateCode(other, R"("code":"X","type":"fixed","value":5)");
  const std::string id((*foreign.code)->getId().cStr());
  const std::string popup = CreateId(shop_);
  Use(popup, id, 1);
  Use(popup, "nonsense", 1);
  EXPECT_EQ((*GetDiscountCode(Space(other), id))->getUsageCount(), 0);
  EXPECT_EQ(ReadPopupStats(Space(shop_), popup)->conversions, 2);
}

}  // namespace
}  // namespace tenantry::popups
