#include "server/limits/gate.h"

#include <string>

#include <gtest/gtest.h>

#include "server/limits/client_address.h"

namespace tenantry::limits {
namespace {

using http::Method;

http::Route RouteOf(http::RateClass rate) {
  return {.method = Method::kGet,
          .path = "/x",
          .name = "x",
          .module = http::Module::kShared,
          .permission = http::Permission::kOpen,
          .rate = rate,
          .cache = http::CacheClass::kNone,
          .lane = http::Lane::kInline,
          .handler = nullptr};
}

http::Request From(std::string_view address, int64_t now_ns = 1) {
  http::Request request;
  request.method = Method::kGet;
  request.peer = *http::ParseIpAddress(address);
  request.received_ns = now_ns;
  return request;
}

class GateTest : public ::testing::Test {
 protected:
  // How many of `count` requests pass.
  int Pass(int count, const http::Request& request, http::RateClass rate) {
    const http::Route route = RouteOf(rate);
    int passed = 0;
    for (int i = 0; i < count; ++i) {
      passed += gate_.Admit(request, &route, &noted_) == Verdict::kAdmitted ? 1 : 0;
    }
    return passed;
  }
  void Apply(const LimitSettings& settings) { ASSERT_TRUE(gate_.Apply(settings).ok()); }

  Gate gate_{1, 10'000, 42};
  http::Admission noted_;
};

TEST_F(GateTest, L1ToL4TheSeedsFiguresAreTheDefaults) {
  using enum http::RateClass;
  const http::Request client = From("192.0.2.1");
  EXPECT_EQ(Pass(150, client, kDefault), 100);
  EXPECT_EQ(Pass(1100, client, kViews), 1000);
  EXPECT_EQ(Pass(600, client, kConversions), 500);
  EXPECT_EQ(Pass(150, client, kStats), 100);
  EXPECT_EQ(Pass(5000, client, kExempt), 5000);
  const GateCounts counts = gate_.counts();
  EXPECT_EQ(counts.scopes[static_cast<size_t>(RateScope::kViews)].passed, 1000u);
  EXPECT_EQ(counts.scopes[static_cast<size_t>(RateScope::kViews)].refused, 100u);
}

TEST_F(GateTest, L6OneIpv6CustomerIsOneClient) {
  EXPECT_EQ(Pass(60, From("2001:db8:1:2::1"), http::RateClass::kDefault), 60);
  EXPECT_EQ(Pass(60, From("2001:db8:1:2:ffff::9"), http::RateClass::kDefault), 40);
  EXPECT_EQ(Pass(60, From("2001:db8:1:3::1"), http::RateClass::kDefault), 60);
  // ::1 and 0.0.0.1 share bits, not a counter.
  EXPECT_EQ(Pass(100, From("::1"), http::RateClass::kDefault), 100);
  EXPECT_EQ(Pass(100, From("0.0.0.0"), http::RateClass::kDefault), 100);
}

TEST_F(GateTest, L9PopupStatsCountPerPopupAndPerClient) {
  http::Request request = From("192.0.2.1");
  request.params.count = 1;
  int passed = 0;
  for (int popup = 0; popup < 20; ++popup) {
    request.params.values[0] = "popup-" + std::to_string(popup);
    passed += Pass(90, request, http::RateClass::kPopupStats);
  }
  EXPECT_EQ(passed, 1000);
  request = From("192.0.2.2");
  request.params.count = 1;
  request.params.values[0] = "one";
  EXPECT_EQ(Pass(101, request, http::RateClass::kPopupStats), 100);
  EXPECT_EQ(noted_.policy, "popup-stats-each");
  request.params.values[0] = "two";
  EXPECT_EQ(Pass(1, request, http::RateClass::kPopupStats), 1);
}

TEST_F(GateTest, K9OptionalClassesCountAsDefaultUntilTheyHaveAFigure) {
  const http::Request client = From("192.0.2.1");
  EXPECT_EQ(Pass(60, client, http::RateClass::kLogIn), 60);
  EXPECT_EQ(noted_.policy, "default");
  EXPECT_EQ(Pass(60, client, http::RateClass::kSignUp), 40);
  LimitSettings settings;
  settings.rates.log_in = 10;
  Apply(settings);
  EXPECT_EQ(Pass(60, client, http::RateClass::kLogIn), 10);
  EXPECT_EQ(noted_.policy, "log-in");
}

TEST_F(GateTest, L10FiguresAndWindowChangeWhileRunning) {
  const http::Request client = From("192.0.2.1");
  EXPECT_EQ(Pass(150, client, http::RateClass::kDefault), 100);
  LimitSettings settings;
  settings.rates.default_class = 120;
  Apply(settings);
  EXPECT_EQ(Pass(150, client, http::RateClass::kDefault), 20) << "the window goes on";
  settings.rates.default_class = 0;
  Apply(settings);
  EXPECT_EQ(Pass(150, client, http::RateClass::kDefault), 150) << "0 switches the class off";
  settings.rates.default_class = 1;
  settings.rates.window_seconds = 5;
  Apply(settings);
  EXPECT_EQ(Pass(3, From("192.0.2.2", 1), http::RateClass::kDefault), 1);
  EXPECT_EQ(Pass(3, From("192.0.2.2", 5'000'000'001), http::RateClass::kDefault), 1);
  EXPECT_EQ(noted_.window_seconds, 5u);
}

TEST_F(GateTest, L9ExemptNetworksAndPreflightAreNotCounted) {
  LimitSettings settings;
  settings.exempt = {"198.51.100.0/24"};
  Apply(settings);
  EXPECT_EQ(Pass(5000, From("198.51.100.77"), http::RateClass::kDefault), 5000);
  EXPECT_EQ(noted_.limit, 0u);
  EXPECT_EQ(gate_.counts().exempt, 5000u);
  http::Request preflight = From("192.0.2.1");
  preflight.method = Method::kOptions;
  preflight.headers = {{"Access-Control-Request-Method", "POST"}};
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(gate_.Admit(preflight, nullptr, &noted_), Verdict::kAdmitted);
  }
  // Unknown paths count as default, and so does an OPTIONS that is no preflight.
  preflight.headers.clear();
  int passed = 0;
  for (int i = 0; i < 500; ++i) {
    passed += gate_.Admit(preflight, nullptr, &noted_) == Verdict::kAdmitted ? 1 : 0;
  }
  EXPECT_EQ(passed, 100);
}

TEST_F(GateTest, Q8NetworksAreDeniedAndAllowed) {
  LimitSettings settings;
  settings.deny = {"203.0.113.0/24"};
  Apply(settings);
  const http::Route health = RouteOf(http::RateClass::kExempt);
  EXPECT_EQ(gate_.Admit(From("203.0.113.5"), &health, &noted_), Verdict::kForbiddenNetwork);
  EXPECT_EQ(gate_.Admit(From("203.0.114.5"), &health, &noted_), Verdict::kAdmitted);
  settings.allow = {"203.0.0.0/16", "::1"};
  Apply(settings);
  EXPECT_EQ(gate_.Admit(From("203.0.113.5"), &health, &noted_), Verdict::kForbiddenNetwork);
  EXPECT_EQ(gate_.Admit(From("203.0.114.5"), &health, &noted_), Verdict::kAdmitted);
  EXPECT_EQ(gate_.Admit(From("::1"), &health, &noted_), Verdict::kAdmitted);
  EXPECT_EQ(gate_.Admit(From("127.0.0.1"), &health, &noted_), Verdict::kForbiddenNetwork);
  EXPECT_EQ(gate_.counts().forbidden, 3u);
}

TEST_F(GateTest, ABadSettingIsNamedAndChangesNothing) {
  LimitSettings settings;
  settings.rates.default_class = 7;
  settings.trusted_proxies = {"10.0.0.0/8", "10.0.0.0/99"};
  const Status refused = gate_.Apply(settings);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.message().find("trusted-proxies: \"10.0.0.0/99\""), std::string::npos)
      << refused.message();
  EXPECT_EQ(Pass(150, From("192.0.2.1"), http::RateClass::kDefault), 100);
}

TEST(RateHeadersTest, L7EveryFigureIsWrittenWithinTheRoom) {
  http::Admission admission;
  std::array<char, kRateHeaderBytes> room;
  EXPECT_EQ(WriteRateHeaders(admission, room), "");
  admission = {.client = {},
               .policy = "default",
               .limit = 100,
               .remaining = 42,
               .reset_seconds = 17,
               .window_seconds = 60};
  EXPECT_EQ(WriteRateHeaders(admission, room),
            "X-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 42\r\nX-RateLimit-Reset: 17\r\n"
            "RateLimit-Policy: \"default\";q=100;w=60\r\nRateLimit: \"default\";r=42;t=17\r\n");
  admission.limit = admission.remaining = admission.reset_seconds = admission.window_seconds = ~0u;
  for (size_t i = 0; i < kRateScopes; ++i) {
    admission.policy = NameOf(static_cast<RateScope>(i));
    EXPECT_LE(WriteRateHeaders(admission, room).size(), room.size());
  }
}

TEST(ClientAddressTest, L8OnlyTrustedProxiesNameTheClient) {
  const auto trusted = http::NetworkList::Parse({"10.0.0.0/8", "::1"});
  ASSERT_TRUE(trusted.ok());
  const auto client = [&](std::string_view peer, std::vector<http::Header> headers) {
    http::Request request = From(peer);
    request.headers = std::move(headers);
    return ClientAddress(request, *trusted);
  };
  const auto ip = [](std::string_view text) { return *http::ParseIpAddress(text); };
  // A stranger's header is not believed.
  EXPECT_EQ(client("192.0.2.1", {{"X-Forwarded-For", "198.51.100.1"}}), ip("192.0.2.1"));
  EXPECT_EQ(client("10.0.0.1", {}), ip("10.0.0.1"));
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "198.51.100.1"}}), ip("198.51.100.1"));
  // The rightmost that is no proxy counts: the rest may be made up.
  EXPECT_EQ(client("10.0.0.1", {{"x-forwarded-for", "6.6.6.6, 198.51.100.1 ,10.0.0.2"}}),
            ip("198.51.100.1"));
  EXPECT_EQ(
      client("::1", {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-For", "[2001:db8::9]:80"}}),
      ip("2001:db8::9"));
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "198.51.100.1:4711"}}), ip("198.51.100.1"));
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}), ip("10.0.0.3"));
  // What is no address was not written by a proxy of ours.
  EXPECT_EQ(client("10.0.0.1", {{"X-Forwarded-For", "6.6.6.6, unknown, 10.0.0.2"}}),
            ip("10.0.0.2"));
  for (const char* odd : {"", ",", ",,,", "[", "[]", "[::1", ":", "::", "1.2.3.4,"}) {
    client("10.0.0.1", {{"X-Forwarded-For", odd}});
  }
}

}  // namespace
}  // namespace tenantry::limits
