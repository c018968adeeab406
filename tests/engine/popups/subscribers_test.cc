#include "engine/popups/subscribers.h"

#include <thread>

#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::popups {
namespace {

class SubscribersTest : public PopupsFixture {
 protected:
  Status Leave(const std::string& email) {
    const Outcome outcome = Unsubscribe(engine(), shop_, email, info_, kTier);
    engine().WaitReleased(outcome.release_index);
    return outcome.status;
  }
  const TenantRef shop_ = CreateTenant("shop");
};

TEST_F(SubscribersTest, AddressesAreComparedIgnoringCase) {
  const auto first = Add(shop_, R"("email":"Ann@Example.com")");
  ASSERT_TRUE(first.outcome.status.ok());
  EXPECT_STREQ((*first.subscriber)->getEmail().cStr(), "Ann@Example.com");
  const auto again = Add(shop_, R"("email":"ann@example.COM")");
  EXPECT_EQ(again.outcome.status.code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*CountSubscribers(Space(shop_)), 1);
}

// F67: the new name, popup and metadata were dropped.
TEST_F(SubscribersTest, F67ReturningKeepsTheIdAndMergesWhatIsSent) {
  const auto first =
      Add(shop_, R"("email":"a@b.com","name":"Ann","popupId":"p1","metadata":{"k":1})");
  ASSERT_TRUE(Leave("A@B.com").ok());
  EXPECT_EQ(*CountSubscribers(Space(shop_)), 0);
  EXPECT_TRUE(ListSubscribers(Space(shop_), {})->subscribers.empty());
  const auto back = Add(shop_, R"("email":"a@b.com","name":"Anna","popupId":"p2")");
  ASSERT_TRUE(back.outcome.status.ok());
  const auto subscriber = **back.subscriber;
  EXPECT_STREQ(subscriber.getId().cStr(), (*first.subscriber)->getId().cStr());
  EXPECT_STREQ(subscriber.getName().cStr(), "Anna");
  EXPECT_STREQ(subscriber.getPopupId().cStr(), "p2");
  EXPECT_STREQ(subscriber.getMetadata().cStr(), R"({"k":1})");
  EXPECT_TRUE(subscriber.getIsActive());
  EXPECT_TRUE(ListPopupSubscribers(Space(shop_), "p1", {})->subscribers.empty());
  EXPECT_EQ(ListPopupSubscribers(Space(shop_), "p1", {})->total, 0);
  EXPECT_EQ(ListPopupSubscribers(Space(shop_), "p2", {})->total, 1);
}

TEST_F(SubscribersTest, LeavingTwiceOrUnknownIsFine) {
  Add(shop_, R"("email":"a@b.com")");
  EXPECT_TRUE(Leave("nobody@b.com").ok());
  EXPECT_TRUE(Leave("a@b.com").ok());
  EXPECT_TRUE(Leave("a@b.com").ok());
  EXPECT_EQ(*CountSubscribers(Space(shop_)), 0);
}

TEST_F(SubscribersTest, ListsAreNewestFirst) {
  for (const char* name : {"a", "b", "c"}) {
    Add(shop_, std::string(R"("popupId":"p","email":")") + name + R"(@x.com")");
    clock_.AdvanceMs(1);
  }
  const auto list = *ListPopupSubscribers(Space(shop_), "p", {.offset = 0, .limit = 2});
  ASSERT_EQ(list.subscribers.size(), 2u);
  EXPECT_STREQ(list.subscribers[0]->getEmail().cStr(), "c@x.com");
  EXPECT_EQ(list.total, 3);
  const auto rest = *ListSubscribers(Space(shop_), {.offset = 2, .limit = 2});
  ASSERT_EQ(rest.subscribers.size(), 1u);
  EXPECT_STREQ(rest.subscribers[0]->getEmail().cStr(), "a@x.com");
}

// F65: sixteen simultaneous sign-ups stored four rows.
TEST_F(SubscribersTest, F65SimultaneousSignUpsStoreOne) {
  std::atomic<int> accepted{0};
  std::vector<std::thread> people;
  for (int i = 0; i < 16; ++i) {
    people.emplace_back([&] {
      if (Add(shop_, R"("email":"one@x.com")").outcome.status.ok()) ++accepted;
    });
  }
  for (std::thread& person : people) person.join();
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(*CountSubscribers(Space(shop_)), 1);
  EXPECT_EQ(ListSubscribers(Space(shop_), {})->subscribers.size(), 1u);
}

}  // namespace
}  // namespace tenantry::popups
