#include "engine/tenant/shop_keys.h"

#include "tests/engine/popups/popups_fixture.h"

namespace tenantry::tenant {
namespace {

class ShopKeysTest : public popups::PopupsFixture {
 protected:
  NewShopKey Make(const std::string& shop, const std::string& label = "") {
    Result<NewShopKey> key = CreateShopKey(engine(), shop, label, info_);
    EXPECT_TRUE(key.ok()) << key.status().ToString();
    engine().WaitReleased(key->release_index);
    return *std::move(key);
  }
  Result<codec::Stored<schema::ShopKey>> Find(std::string_view key) {
    return FindShopKey(engine().View(), key, kTier);
  }
  Status Revoke(const std::string& shop, std::string_view hint) {
    const Outcome outcome = RevokeShopKey(engine(), shop, hint, info_);
    engine().WaitReleased(outcome.release_index);
    return outcome.status;
  }
};

TEST_F(ShopKeysTest, AKeyOpensItsShopAndMakesItWhenMissing) {
  const NewShopKey key = Make("shop", "laptop");
  EXPECT_TRUE(key.shop_created);
  EXPECT_TRUE(key.key.starts_with(kShopKeyPrefix));
  EXPECT_EQ(key.key.size(), kShopKeyPrefix.size() + kShopKeyRandomChars);
  EXPECT_STREQ((*Find(key.key))->getShopId().cStr(), "shop");
  EXPECT_FALSE(Make("shop").shop_created);
  EXPECT_EQ(ListShopKeys(engine().View(), "shop", kTier)->size(), 2u);
  EXPECT_TRUE(*ShopHasKey(engine().View(), "shop", kTier));
  EXPECT_FALSE(*ShopHasKey(engine().View(), "shop2", kTier));
}

TEST_F(ShopKeysTest, OnlyTheHashIsStored) {
  const NewShopKey key = Make("shop");
  const auto stored = *Find(key.key);
  EXPECT_EQ(std::string(stored.bytes()).find(key.key), std::string::npos);
  EXPECT_EQ(std::string(stored.bytes()).find(key.key.substr(4, 20)), std::string::npos);
  EXPECT_EQ(stored->getHash().size(), 64u);
  EXPECT_EQ(key.key.substr(key.key.size() - 4), stored->getHint().cStr());
}

TEST_F(ShopKeysTest, WrongKeysAreNotFound) {
  const NewShopKey key = Make("shop");
  std::string wrong = key.key;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  for (const std::string& text : {wrong, std::string(), std::string("tnt_"), key.key + "x",
                                  key.key.substr(4), "tnt_" + std::string(43, '!')}) {
    EXPECT_EQ(Find(text).status().code(), StatusCode::kNotFound) << text;
  }
}

TEST_F(ShopKeysTest, RevokedKeysEndAtOnce) {
  const NewShopKey first = Make("shop");
  const NewShopKey second = Make("shop");
  const std::string hint = first.key.substr(first.key.size() - 4);
  EXPECT_EQ(Revoke("other", hint).code(), StatusCode::kNotFound);
  ASSERT_TRUE(Revoke("shop", hint).ok());
  EXPECT_EQ(Find(first.key).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(Find(second.key).ok());
  EXPECT_EQ(Revoke("shop", hint).code(), StatusCode::kNotFound);
}

TEST_F(ShopKeysTest, AGymGetsNoShopKey) {
  CreateTenant("gym", schema::TenantKind::GYM);
  EXPECT_EQ(CreateShopKey(engine(), "gym", "", info_).status().code(), StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace tenantry::tenant
