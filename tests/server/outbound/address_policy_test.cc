#include "server/outbound/address_policy.h"

#include <gtest/gtest.h>

namespace tenantry::outbound {
namespace {

bool Allows(const AddressPolicy& policy, const char* address) {
  const auto parsed = http::ParseIpAddress(address);
  EXPECT_TRUE(parsed) << address;
  return parsed && policy.Allows(*parsed);
}

TEST(AddressPolicyTest, RefusesTheNetworkAroundTheServer) {
  const auto policy = AddressPolicy::Make({});
  ASSERT_TRUE(policy.ok());
  for (const char* address : {"127.0.0.1",
                              "127.255.255.254",
                              "0.0.0.0",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "::1",
                              "::",
                              "fe80::1",
                              "fd00::1",
                              "ff02::1",
                              "::ffff:127.0.0.1",
                              "::ffff:10.0.0.1",
                              "64:ff9b::7f00:1",
                              "2002:7f00:1::",
                              "2001:db8::1"}) {
    EXPECT_FALSE(Allows(*policy, address)) << address;
  }
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "172.15.255.255", "172.32.0.1", "193.0.0.1", "2606:4700::1111"}) {
    EXPECT_TRUE(Allows(*policy, address)) << address;
  }
}

TEST(AddressPolicyTest, AnOperatorMayAllowNetworks) {
  const auto policy = AddressPolicy::Make({"10.1.0.0/16", "::1"});
  ASSERT_TRUE(policy.ok());
  EXPECT_TRUE(Allows(*policy, "10.1.255.255"));
  EXPECT_FALSE(Allows(*policy, "10.2.0.1"));
  EXPECT_TRUE(Allows(*policy, "::1"));
  EXPECT_FALSE(Allows(*policy, "127.0.0.1"));
  EXPECT_EQ(AddressPolicy::Make({"ten"}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tenantry::outbound
