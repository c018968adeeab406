#include "server/metrics/request_metrics.h"

#include <string>

#include <gtest/gtest.h>

namespace tenantry::metrics {
namespace {

using http::Method;

http::Route MakeRoute(std::string_view name, http::Module module) {
  return {Method::kGet,
          "/x",
          name,
          module,
          http::Permission::kOpen,
          http::RateClass::kDefault,
          http::CacheClass::kNone,
          http::Lane::kInline,
          nullptr};
}

class RequestMetricsTest : public ::testing::Test {
 protected:
  void Reply(const http::Route* route, int status, int64_t latency_ns, uint32_t loop = 0,
             Method method = Method::kGet) {
    http::AccessRecord record;
    record.route = route;
    record.method = method;
    record.status = status;
    record.latency_ns = latency_ns;
    record.loop = loop;
    metrics_.Count(record);
  }
  std::string Text() const {
    Exposition out;
    metrics_.Collect(out);
    return out.Take();
  }
  void ExpectLine(const std::string& line) const {
    EXPECT_NE(Text().find("\n" + line + "\n"), std::string::npos) << line << "\n" << Text();
  }

  const std::vector<http::Route> routes_ = {MakeRoute("one", http::Module::kGym),
                                            MakeRoute("two", http::Module::kPopups),
                                            MakeRoute("probe", http::Module::kShared)};
  RequestMetrics metrics_{routes_, 2};
};

TEST_F(RequestMetricsTest, M1_CountsByRouteMethodStatusAndTenantClassOverAllLoops) {
  Reply(&routes_[0], 200, 1000, 0);
  Reply(&routes_[0], 200, 1000, 1);
  Reply(&routes_[0], 200, 1000, 1, Method::kHead);
  Reply(&routes_[1], 404, 1000);
  Reply(&routes_[2], 200, 1000);
  Reply(nullptr, 404, 1000, 0, Method::kOther);
  Reply(&routes_[0], 418, 1000);
  const std::string name = "tenantry_http_requests_total";
  ExpectLine(name + R"({route="one",method="GET",status="200",tenant_class="gym"} 2)");
  ExpectLine(name + R"({route="one",method="HEAD",status="200",tenant_class="gym"} 1)");
  ExpectLine(name + R"({route="one",method="GET",status="other",tenant_class="gym"} 1)");
  ExpectLine(name + R"({route="two",method="GET",status="404",tenant_class="shop"} 1)");
  ExpectLine(name + R"({route="probe",method="GET",status="200",tenant_class="none"} 1)");
  ExpectLine(name + R"({route="none",method="other",status="404",tenant_class="none"} 1)");
}

TEST_F(RequestMetricsTest, M2_LatencyFallsInTheBucketOfItsUpperBound) {
  Reply(&routes_[0], 200, 200'000'000);
  Reply(&routes_[0], 200, 200'000'001);
  Reply(&routes_[0], 200, 60'000'000'000);
  const std::string name = "tenantry_http_request_duration_seconds";
  ExpectLine(name + R"(_bucket{route="one",tenant_class="gym",le="0.1"} 0)");
  ExpectLine(name + R"(_bucket{route="one",tenant_class="gym",le="0.2"} 1)");
  ExpectLine(name + R"(_bucket{route="one",tenant_class="gym",le="0.5"} 2)");
  ExpectLine(name + R"(_bucket{route="one",tenant_class="gym",le="+Inf"} 3)");
  ExpectLine(name + R"(_count{route="one",tenant_class="gym"} 3)");
  EXPECT_EQ(Text().find(R"(_count{route="two")"), std::string::npos)
      << "silent routes are left out";
}

TEST_F(RequestMetricsTest, M3_TotalsTellErrorsApart) {
  Reply(&routes_[0], 200, 1000);
  Reply(&routes_[1], 400, 1000, 1);
  Reply(&routes_[1], 429, 1000, 1);
  Reply(nullptr, 503, 1000);
  const RequestTotals first = metrics_.Totals();
  EXPECT_EQ(first.replies, 4u);
  EXPECT_EQ(first.client_errors, 2u);
  EXPECT_EQ(first.server_errors, 1u);
  Reply(&routes_[0], 500, 1000);
  const RequestTotals more = metrics_.Totals() - first;
  EXPECT_EQ(more.replies, 1u);
  EXPECT_EQ(more.server_errors, 1u);
}

TEST_F(RequestMetricsTest, M2_QuantileIsInterpolatedInItsBucket) {
  EXPECT_EQ(LatencyQuantile(metrics_.Totals(), 0.95), 0);
  for (int i = 0; i < 90; ++i) Reply(&routes_[0], 200, 40'000);
  for (int i = 0; i < 10; ++i) Reply(&routes_[0], 200, 1'500'000'000);
  EXPECT_LE(LatencyQuantile(metrics_.Totals(), 0.5), 0.00005);
  EXPECT_DOUBLE_EQ(LatencyQuantile(metrics_.Totals(), 0.95), 1.5);
  for (int i = 0; i < 1000; ++i) Reply(&routes_[0], 200, 99'000'000'000);
  EXPECT_EQ(LatencyQuantile(metrics_.Totals(), 0.95), kLatencyBounds.back()) << "beyond the last";
}

}  // namespace
}  // namespace tenantry::metrics
