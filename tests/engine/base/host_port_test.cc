#include "engine/base/host_port.h"

#include <gtest/gtest.h>

namespace tenantry {
namespace {

TEST(HostPortTest, SplitsAndTakesBracketsOff) {
  EXPECT_EQ(SplitHostPort("gym.example:80")->host, "gym.example");
  EXPECT_EQ(SplitHostPort("127.0.0.1:0")->port, "0");
  EXPECT_EQ(SplitHostPort("[::1]:65535")->host, "::1");
}

TEST(HostPortTest, AnythingElseIsRefusedByName) {
  for (const std::string text : {"", "nonsense", ":80", "host:", "host:80a", "host:65536",
                                 "host:-1", "::1:80", "[]:80", "[:80", "host:99999999999"}) {
    const Result<HostPort> split = SplitHostPort(text);
    EXPECT_FALSE(split.ok()) << text;
    EXPECT_EQ(split.status().message(), "'" + text + "' is not HOST:PORT");
  }
}

}  // namespace
}  // namespace tenantry
