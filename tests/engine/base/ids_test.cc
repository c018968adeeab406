#include "engine/base/ids.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace tenantry {
namespace {

TEST(IdsTest, GymIdsHaveTheirShapeAndDiffer) {
  SeededRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = NewGymId(random);
    EXPECT_EQ(id.size(), 25u);
    EXPECT_TRUE(IsGymId(id)) << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
  for (const char* text : {"", "c", "x0123456789abcdefghijklmn", "c-123456789abcdefghijklmn"}) {
    EXPECT_FALSE(IsGymId(text)) << text;
  }
}

TEST(IdsTest, UuidsHaveTheirShapeAndDiffer) {
  SeededRandom random(2);
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = NewUuid(random);
    ASSERT_EQ(id.size(), 36u);
    EXPECT_TRUE(IsUuid(id)) << id;
    EXPECT_EQ(id[14], '4') << "version";
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << "variant";
    EXPECT_TRUE(seen.insert(id).second);
  }
  EXPECT_TRUE(IsUuid("ABCDEF01-2345-6789-abcd-ef0123456789"));
  for (const char* text :
       {"", "abcdef01-2345-6789-abcd-ef012345678", "abcdef0102345-6789-abcd-ef0123456789",
        "gbcdef01-2345-6789-abcd-ef0123456789", "abcdef01-2345-6789-abcd-ef01234567890"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(IdsTest, PositionsSortByEpochThenIndex) {
  EXPECT_LT((Position{1, 9}), (Position{2, 1}));
  EXPECT_LT((Position{2, 1}), (Position{2, 2}));
  EXPECT_EQ(kDirectorySpace, SpaceId(0));
  EXPECT_LT(SpaceId(1), SpaceId(2));
}

}  // namespace
}  // namespace tenantry
