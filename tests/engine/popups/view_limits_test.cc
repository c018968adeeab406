#include "engine/popups/view_limits.h"

#include <gtest/gtest.h>

#include "engine/codec/stored.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {
namespace {

std::string PopupWith(int64_t limit, size_t name_bytes = 10) {
  codec::Draft<schema::Popup> popup;
  popup->setName(std::string(name_bytes, 'n').c_str());
  popup->setViewLimit(static_cast<int32_t>(limit));
  return popup.Encode();
}

TEST(ViewLimitsTest, FollowsEveryChangeOfAPopup) {
  ViewLimits limits;
  EXPECT_EQ(*limits.Of("a", PopupWith(10)), 10);
  EXPECT_EQ(*limits.Of("b", PopupWith(0)), 0);
  EXPECT_EQ(*limits.Of("a", PopupWith(10)), 10);
  EXPECT_EQ(*limits.Of("a", PopupWith(14)), 14);
  EXPECT_EQ(*limits.Of("a", PopupWith(0)), 0);
  EXPECT_EQ(*limits.Of("b", PopupWith(3)), 3);
}

TEST(ViewLimitsTest, BytesThatAreNoPopupAreRefusedAndNotRemembered) {
  ViewLimits limits;
  EXPECT_EQ(limits.Of("a", "junk").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(limits.Of("a", "junk").status().code(), StatusCode::kCorruption);
  EXPECT_EQ(*limits.Of("a", PopupWith(5)), 5);
  EXPECT_EQ(limits.Of("a", "junk").status().code(), StatusCode::kCorruption);
}

// More than its room several times over: it starts over, and answers stay right.
TEST(ViewLimitsTest, StaysRightBeyondItsRoom) {
  ViewLimits limits;
  for (int round = 0; round < 3; ++round) {
    for (int64_t i = 0; i < 40; ++i) {
      EXPECT_EQ(*limits.Of(std::to_string(i), PopupWith(i + round, 200'000)), i + round);
    }
  }
}

}  // namespace
}  // namespace tenantry::popups
