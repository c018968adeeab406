#include "engine/popups/erasure.h"

#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::popups {
namespace {

class ErasureTest : public PopupsFixture {
 protected:
  void EraseAndFinish(const TenantRef& shop, const std::string& email) {
    const Outcome outcome = EraseSubscriber(engine(), shop, email, info_, kTier);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    for (bool more = true; more;) {
      const Result<ReclaimProgress> step = ErasureStep(engine(), shop);
      ASSERT_TRUE(step.ok()) << step.status().ToString();
      engine().WaitReleased(step->release_index);
      more = step->more;
    }
  }
};

TEST_F(ErasureTest, AddressesGoInEveryForm) {
  EXPECT_EQ(WithoutAddress("x Ann@B.c y ann%40b.c z ann\\u0040b.c", "ann@b.c"), "x  y  z ");
  EXPECT_EQ(WithoutAddress("bob@b.co", "ann@b.c"), "bob@b.co");
  EXPECT_EQ(WithoutAddress("ann@b.cann@b.c", "ann@b.c"), "");
}

// More conversions than one step looks at; counters must not move.
TEST_F(ErasureTest, ConversionsForgetThePersonAndCountersStay) {
  const TenantRef shop = CreateTenant("shop");
  const std::string popup = CreateId(shop);
  const std::string subscriber(View((*Add(shop, R"("email":"Ann@b.co")").subscriber)->getId()));
  std::vector<Event> events;
  for (int i = 0; i < 1200; ++i) {
    events.emplace_back(ConversionOf(
        popup, "email_capture",
        i % 3 == 0
            ? R"("metadata":{"mail":"ann@B.CO","n":1},"emailSubscriberId":")" + subscriber + "\""
            : R"("metadata":{"mail":"bob@b.co"})"));
  }
  engine().WaitReleased(TrackAll(engine(), shop, std::move(events)).release_index);
  EraseAndFinish(shop, "ANN@b.co");
  int untouched = 0;
  int scrubbed = 0;
  ASSERT_TRUE(Space(shop)
                  .ScanRecords<schema::PopupConversion>(
                      {}, false,
                      [&](const auto& conversion) {
                        EXPECT_FALSE(conversion->hasEmailSubscriberId());
                        const std::string_view metadata = View(conversion->getMetadata());
                        scrubbed += metadata == R"({"mail":"","n":1})" ? 1 : 0;
                        untouched += metadata == R"({"mail":"bob@b.co"})" ? 1 : 0;
                        return true;
                      })
                  .ok());
  EXPECT_EQ(scrubbed, 400);
  EXPECT_EQ(untouched, 800);
  EXPECT_EQ(ReadPopupStats(Space(shop), popup)->conversions, 1200);
  EXPECT_EQ(*CountSubscribers(Space(shop)), 0);
  bool tasks_left = false;
  ASSERT_TRUE(Space(shop)
                  .ScanRecords<schema::ErasureTask>({}, false,
                                                    [&](const auto&) {
                                                      tasks_left = true;
                                                      return false;
                                                    })
                  .ok());
  EXPECT_FALSE(tasks_left) << "the task itself holds the address";
}

}  // namespace
}  // namespace tenantry::popups
