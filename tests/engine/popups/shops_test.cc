#include "engine/popups/shops.h"

#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::popups {
namespace {

class ShopsTest : public PopupsFixture {
 protected:
  Result<TenantRef> Ensure(const std::string& id, bool allowed, uint32_t shops_max = 3) {
    return EnsureShop(engine(), id, {.allowed = allowed, .shops_max = shops_max}, info_, kTier);
  }
};

// K3: with keys, an unknown shop stays unknown.
TEST_F(ShopsTest, UnknownShopsAreNotFoundUnlessCreationIsAllowed) {
  EXPECT_EQ(Ensure("new", false).status().message(), "Shop with ID new not found");
  const Result<TenantRef> made = Ensure("new", true);
  ASSERT_TRUE(made.ok());
  // Usable at once, before the entry is applied.
  EXPECT_TRUE(Create(*made).outcome.status.ok());
  EXPECT_EQ(Ensure("new", false)->space(), made->space());
}

TEST_F(ShopsTest, StrangersCreateOnlySoMany) {
  CreateTenant("made-by-the-operator");
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(Ensure(id, true).ok());
  EXPECT_EQ(Ensure("d", true).status().code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(Ensure("a", true).ok());
  EXPECT_TRUE(Ensure("made-by-the-operator", true).ok());
  EXPECT_TRUE(Ensure("d", true, 4).ok());
}

TEST_F(ShopsTest, AGymIsNoShop) {
  CreateTenant("gym-id", schema::TenantKind::GYM);
  EXPECT_EQ(FindShop(engine().View(), "gym-id", kTier).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Ensure("gym-id", true).status().code(), StatusCode::kAlreadyExists);
}

TEST_F(ShopsTest, EmptyAndHugeIdsAreNotLookedUp) {
  EXPECT_EQ(FindShop(engine().View(), "", kTier).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(FindShop(engine().View(), std::string(5'000, 'x'), kTier).status().code(),
            StatusCode::kNotFound);
}

}  // namespace
}  // namespace tenantry::popups
