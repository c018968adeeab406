#include "server/limits/tenant_quota.h"

#include <string>

#include <gtest/gtest.h>

#include "server/limits/gate.h"
#include "server/limits/tenant_hint.h"

namespace tenantry::limits {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(TenantQuotaTest, ATenantGetsItsRateAndABurst) {
  TenantQuota quota;
  const QuotaFigures figures{
      .operations_per_second = 10, .bytes_per_second = 0, .burst_seconds = 2};
  int done = 0;
  // A hundred tries a second for ten seconds.
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = kSecond + i * kSecond / 100;
    if (quota.WaitNs(7, figures, now) > 0) continue;
    quota.Charge(7, 1'000'000, figures, now);
    ++done;
  }
  EXPECT_NEAR(done, 10 * 10 + 2 * 10, 2);
  EXPECT_EQ(quota.WaitNs(8, figures, kSecond), 0) << "another tenant";
}

TEST(TenantQuotaTest, BytesGoIntoDebtThatIsWorkedOff) {
  TenantQuota quota;
  const QuotaFigures figures{
      .operations_per_second = 0, .bytes_per_second = 1000, .burst_seconds = 1};
  ASSERT_EQ(quota.WaitNs(7, figures, kSecond), 0);
  quota.Charge(7, 5000, figures, kSecond);
  EXPECT_EQ(quota.WaitNs(7, figures, kSecond), 4 * kSecond);
  EXPECT_EQ(quota.WaitNs(7, figures, 5 * kSecond), 0);
  // Nobody is shut out for longer than two minutes, and nobody at all once the quota is off.
  for (int i = 0; i < 100; ++i) quota.Charge(7, ~uint64_t{0}, figures, 5 * kSecond);
  EXPECT_LE(quota.WaitNs(7, figures, 5 * kSecond), 120 * kSecond);
  EXPECT_EQ(quota.WaitNs(7, {}, 5 * kSecond), 0);
}

TEST(TenantQuotaTest, FullBucketsAreForgotten) {
  TenantQuota quota;
  const QuotaFigures figures{
      .operations_per_second = 10, .bytes_per_second = 0, .burst_seconds = 1};
  for (uint64_t tenant = 1; tenant <= 300'000; ++tenant) quota.Charge(tenant, 0, figures, kSecond);
  for (uint64_t tenant = 1; tenant <= 64; ++tenant) quota.Charge(tenant, 0, figures, 9 * kSecond);
  EXPECT_LE(quota.tenants(), 64u * 2);
}

http::Request Ask(std::string_view query, std::string_view body = "") {
  http::Request request;
  request.method = http::Method::kPost;
  request.path = "/popups";
  request.query = query;
  request.body = body;
  request.peer = *http::ParseIpAddress("192.0.2.1");
  request.received_ns = kSecond;
  return request;
}

http::Route RouteOf(http::Module module, std::string_view path,
                    http::Permission permission = http::Permission::kStorefront) {
  return {http::Method::kPost,
          path,
          path,
          module,
          permission,
          http::RateClass::kDefault,
          http::CacheClass::kNone,
          http::Lane::kInline,
          nullptr};
}
const http::Route kPopups = RouteOf(http::Module::kPopups, "/popups");

TEST(TenantHintTest, OneSpellingOneHint) {
  const auto hint = [](std::string_view query, std::string_view body = "", uint64_t seed = 1) {
    return HintOf(Ask(query, body), kPopups, seed);
  };
  EXPECT_EQ(hint(""), 0u);
  EXPECT_NE(hint("shopId=a"), 0u);
  EXPECT_EQ(hint("shopId=a"), hint("x=1&shopId=a"));
  EXPECT_NE(hint("shopId=a"), hint("shopId=b"));
  EXPECT_NE(hint("shopId=a"), hint("shopId=a", "", 2)) << "outsiders cannot choose";
  EXPECT_EQ(hint("shopId=a"), hint("", R"({"shopId" : "a"})"));
}

// A body that could be read in two ways names nobody, so that nobody can put another's name on its own requests.
TEST(TenantHintTest, AmbiguousBodiesNameNobody) {
  const std::string id = "5d0c5a54-3a2f-4a58-9f33-5a8a0e5b6f11";
  EXPECT_NE(HintOf(Ask("", "{\"popupId\":\"" + id + "\"}"), kPopups, 1), 0u);
  for (const std::string& body :
       {"{\"popupId\":\"" + id + "\",\"popupId\":\"x\"}",
        "{\"popupId\":\"" + id + "\",\"a\":\"\\\"\"}", std::string(R"({"popupId":5})"),
        std::string(R"({"popupId":"yoga"})"), std::string(R"({"popupId":)"),
        std::string("\"popupId\"")}) {
    EXPECT_EQ(HintOf(Ask("", body), kPopups, 1), 0u) << body;
  }
}

// Goal: what a handler does not look at is no name, or its sender could have another tenant pay.
TEST(TenantHintTest, OnlyWhatTheHandlerGoesByNames) {
  http::Request request = Ask("shopId=mine");
  const uint64_t mine = HintOf(request, kPopups, 1);
  request.headers.push_back({"x-tenant-id", "victim"});
  EXPECT_EQ(HintOf(request, kPopups, 1), mine) << "a shop's request with a gym's header";
  const http::Route stats = RouteOf(http::Module::kPopups, "/analytics/views");
  EXPECT_NE(HintOf(request, stats, 1), mine) << "another route reads in another way";
  EXPECT_EQ(HintOf(Ask("shopId=victim", R"({"shopId":"a"})"), kPopups, 1),
            HintOf(Ask("", R"({"shopId":"a"})"), kPopups, 1));

  const http::Route sessions = RouteOf(http::Module::kGym, "/sessions", http::Permission::kPublic);
  const http::Route members = RouteOf(http::Module::kGym, "/members", http::Permission::kAny);
  const http::Route sign_up = RouteOf(http::Module::kGym, "/auth/signup", http::Permission::kOpen);
  EXPECT_EQ(HintOf(Ask("shopId=victim"), sessions, 1), 0u);
  EXPECT_NE(HintOf(request, sessions, 1), 0u);
  EXPECT_EQ(HintOf(request, sessions, 1), HintOf(request, members, 1)) << "one gym, one hint";
  EXPECT_EQ(HintOf(request, sign_up, 1), 0u) << "whoever signs up sends what header he likes";
  EXPECT_EQ(HintOf(request, RouteOf(http::Module::kShared, "/health"), 1), 0u);

  http::Request signed_in = Ask("");
  signed_in.headers.push_back({"Authorization", "Bearer null"});
  EXPECT_EQ(HintOf(signed_in, members, 1), 0u);
  signed_in.headers[0].value = "Bearer 0123456789012345678901234567890123456789";
  EXPECT_NE(HintOf(signed_in, members, 1), 0u);
}

class GateQuotaTest : public ::testing::Test {
 protected:
  GateQuotaTest() {
    settings_.exempt = {"0.0.0.0/0"};
    settings_.quota = {.operations_per_second = 10, .bytes_per_second = 0, .burst_seconds = 1};
  }
  // As a loop does: a request that is admitted is answered and settled.
  Verdict Serve(const http::Request& request, uint64_t tenant, int status = 200) {
    http::Admission admission;
    const Verdict verdict = gate_.Admit(request, &kPopups, &admission);
    if (verdict == Verdict::kAdmitted) gate_.Settle(request, &kPopups, tenant, status, 100);
    return verdict;
  }
  Gate gate_{1, 1000, 42};
  LimitSettings settings_;
};

TEST_F(GateQuotaTest, ATenantOverItsQuotaWaitsAndOthersDoNot) {
  ASSERT_TRUE(gate_.Apply(settings_).ok());
  int passed = 0;
  for (int i = 0; i < 100; ++i) {
    passed += Serve(Ask("shopId=busy"), 7) == Verdict::kAdmitted ? 1 : 0;
    EXPECT_EQ(Serve(Ask("shopId=calm" + std::to_string(i)), 100 + static_cast<uint64_t>(i)),
              Verdict::kAdmitted);
  }
  EXPECT_NEAR(passed, 11, 1);
  EXPECT_EQ(gate_.counts().over_quota, 100u - static_cast<unsigned>(passed));
  http::Admission admission;
  EXPECT_EQ(gate_.Admit(Ask("shopId=busy"), &kPopups, &admission), Verdict::kTenantOverQuota);
  EXPECT_EQ(admission.tenant_wait_seconds, 1u);
  settings_.quota = {};
  ASSERT_TRUE(gate_.Apply(settings_).ok());
  EXPECT_EQ(gate_.Admit(Ask("shopId=busy"), &kPopups, &admission), Verdict::kAdmitted);
}

TEST_F(GateQuotaTest, RefusedRequestsTeachNothing) {
  ASSERT_TRUE(gate_.Apply(settings_).ok());
  for (int i = 0; i < 50; ++i) Serve(Ask("shopId=victim"), 7, 401);
  EXPECT_EQ(Serve(Ask("shopId=victim"), 8), Verdict::kAdmitted);
}

TEST_F(GateQuotaTest, K9TenantLimitsPerMinuteByMethod) {
  settings_.quota = {};
  settings_.rates.tenant_writes = 5;
  ASSERT_TRUE(gate_.Apply(settings_).ok());
  Serve(Ask("shopId=a"), 7);  // Teaches who is meant.
  int passed = 0;
  for (int i = 0; i < 20; ++i) passed += Serve(Ask("shopId=a"), 7) == Verdict::kAdmitted ? 1 : 0;
  EXPECT_EQ(passed, 5);
  http::Request read = Ask("shopId=a");
  read.method = http::Method::kGet;
  EXPECT_EQ(Serve(read, 7), Verdict::kAdmitted) << "reads have their own figure";
}

}  // namespace
}  // namespace tenantry::limits
