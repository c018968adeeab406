#include "server/conditional.h"

#include <gtest/gtest.h>

namespace tenantry::server {
namespace {

TEST(ConditionalTest, TagsAreContentHashes) {
  EXPECT_EQ(EntityTag("a"), EntityTag("a"));
  EXPECT_NE(EntityTag("a"), EntityTag("b"));
  EXPECT_EQ(EntityTag("").size(), 34u);
}

TEST(ConditionalTest, AHeaderListsATagInAnyForm) {
  const std::string tag = EntityTag("a");
  const std::string gzip = TagOfCoding(tag, "gzip");
  EXPECT_EQ(gzip, tag.substr(0, 33) + "-gzip\"");
  for (const std::string& list :
       {tag, "W/" + tag, "\"other\", " + tag, std::string("*"), gzip, "W/" + gzip, " , " + tag}) {
    EXPECT_TRUE(ListsTag(list, tag)) << list;
    EXPECT_TRUE(ListsTag(list, tag)) << list;
  }
  for (const std::string& list :
       {std::string(), std::string("\"other\""), EntityTag("b"), tag.substr(1), tag.substr(0, 33),
        TagOfCoding(EntityTag("b"), "gzip"), tag.substr(0, 33) + "gzip\"", std::string(",,")}) {
    EXPECT_FALSE(ListsTag(list, tag)) << list;
  }
}

}  // namespace
}  // namespace tenantry::server
