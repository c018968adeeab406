#include "engine/codec/text_rules.h"

#include <string>

#include <gtest/gtest.h>

namespace tenantry::codec {
namespace {

TEST(TextRulesTest, EmailsPeopleHave) {
  for (const char* good : {"a@b.io", "first.last+tag@sub.example.co.uk", "o'neil_x@host-1.org",
                           "UPPER@EXAMPLE.COM", "j\u00fcrgen@m\u00fcnchen.de", "1@2.xn--p1ai"}) {
    EXPECT_TRUE(IsEmail(good)) << good;
  }
}

TEST(TextRulesTest, EmailsNobodyHas) {
  for (const char* bad :
       {"",         "bad",      "@b.io",    "a@",         "a@b",     "a@b.",    "a@.io",
        "a@b..io",  "a b@c.io", "a@b c.io", "a@b@c.io",   ".a@b.io", "a.@b.io", "a..b@c.io",
        "a@-b.io",  "a@b-.io",  "a@b.i",    "a@10.0.0.1", "a@b.io ", " a@b.io", "a\n@b.io",
        "a@b.io\n", "<a@b.io>", "a,b@c.io", "\"a\"@b.io", "a@b_c.io"}) {
    EXPECT_FALSE(IsEmail(bad)) << bad;
  }
  EXPECT_FALSE(IsEmail(std::string_view("a\0@b.io", 7)));
}

TEST(TextRulesTest, EmailPartsAreBounded) {
  EXPECT_TRUE(IsEmail(std::string(64, 'a') + "@b.io"));
  EXPECT_FALSE(IsEmail(std::string(65, 'a') + "@b.io"));
  EXPECT_TRUE(IsEmail("a@" + std::string(63, 'b') + ".io"));
  EXPECT_FALSE(IsEmail("a@" + std::string(64, 'b') + ".io"));
  std::string longest = "a@";
  while (longest.size() < 251) longest += "b.";
  longest = longest.substr(0, 250) + ".ioo";
  if (longest[249] == '.') longest[249] = 'b';
  ASSERT_EQ(longest.size(), 254u);
  EXPECT_TRUE(IsEmail(longest));
  EXPECT_FALSE(IsEmail(longest + "o"));
}

TEST(TextRulesTest, CharactersAndBlanks) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("abc"), 3u);
  EXPECT_EQ(CountCharacters("\u00e4\u20ac\U0001F600"), 3u);
  EXPECT_TRUE(IsBlank(""));
  EXPECT_TRUE(IsBlank(" \t\r\n"));
  EXPECT_FALSE(IsBlank(" x "));
}

}  // namespace
}  // namespace tenantry::codec
