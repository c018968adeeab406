#include "engine/base/checksum.h"

#include <string>

#include <gtest/gtest.h>

namespace tenantry {
namespace {

// Fixed values: they are on disk, so another library version must give the same.
TEST(ChecksumTest, ValuesNeverChange) {
  EXPECT_EQ(Hash64(""), 0x2D06800538D394C2u);
  EXPECT_EQ(Hash64("tenantry"), Hash64("tenantry", 0));
  EXPECT_EQ(Hash128Of(""), (Hash128{0x6001C324468D497F, 0x99AA06D3014798D8}));
}

TEST(ChecksumTest, EveryByteAndTheSeedMatter) {
  const std::string text(300, 'a');
  for (size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other[at] = 'b';
    EXPECT_NE(Hash64(text), Hash64(other));
    EXPECT_NE(Hash128Of(text), Hash128Of(other));
  }
  EXPECT_NE(Hash64(text, 1), Hash64(text, 2));
}

}  // namespace
}  // namespace tenantry
