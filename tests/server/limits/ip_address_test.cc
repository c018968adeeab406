#include "server/http/ip_address.h"

#include <gtest/gtest.h>

namespace tenantry::http {
namespace {

IpAddress Ip(std::string_view text) {
  const std::optional<IpAddress> address = ParseIpAddress(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(IpAddress());
}

TEST(IpAddressTest, OneClientIsOneValue) {
  EXPECT_EQ(Ip("192.0.2.1"), Ip("::ffff:192.0.2.1"));
  EXPECT_EQ(Ip("2001:db8::1"), Ip("2001:0DB8:0:0::0001"));
  EXPECT_TRUE(Ip("192.0.2.1").is_v4());
  EXPECT_FALSE(Ip("::1").is_v4());
  for (const char* bad : {"", "192.0.2", "192.0.2.1.", "192.0.2.256", "host", "1:2", "::1%lo",
                          "11111111111111111111111111111111111111111111111111111"}) {
    EXPECT_FALSE(ParseIpAddress(bad).has_value()) << bad;
  }
}

TEST(NetworkListTest, ContainsWhatTheLengthSays) {
  const auto list = NetworkList::Parse({"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "fe80::1/128"});
  ASSERT_TRUE(list.ok());
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8:7fff::9",
                             "fe80::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(list->Contains(Ip(inside))) << inside;
  }
  for (const char* outside :
       {"11.0.0.0", "9.255.255.255", "192.0.2.6", "2001:db8:8000::", "fe80::2", "::a00:1"}) {
    EXPECT_FALSE(list->Contains(Ip(outside))) << outside;
  }
}

TEST(NetworkListTest, ZeroLengthIsEverybodyOfItsKind) {
  const auto v4 = NetworkList::Parse({"0.0.0.0/0"});
  const auto all = NetworkList::Parse({"::/0"});
  ASSERT_TRUE(v4.ok());
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(v4->Contains(Ip("203.0.113.9")));
  EXPECT_FALSE(v4->Contains(Ip("2001:db8::1")));
  EXPECT_TRUE(all->Contains(Ip("203.0.113.9")));
  EXPECT_TRUE(all->Contains(Ip("2001:db8::1")));
}

TEST(NetworkListTest, BadNetworksAreNamed) {
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "::/129", "lan",
                          "10.0.0.0/8x", ""}) {
    const auto list = NetworkList::Parse({"127.0.0.0/8", bad});
    ASSERT_FALSE(list.ok()) << bad;
    EXPECT_NE(list.status().message().find("\"" + std::string(bad) + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace tenantry::http
