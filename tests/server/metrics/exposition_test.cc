#include "server/metrics/exposition.h"

#include <array>
#include <limits>

#include <gtest/gtest.h>

#include "server/metrics/process_metrics.h"
#include "server/metrics/registry.h"

namespace tenantry::metrics {
namespace {

TEST(ExpositionTest, WritesAFamilyWithItsSamples) {
  Exposition out;
  out.Family("things_total", Type::kCounter, "Things\nseen.");
  out.Sample({{"class", "a\"b\\c\n"}}, uint64_t{3});
  out.Sample({}, 2.5);
  EXPECT_EQ(out.Take(),
            "# HELP things_total Things\\nseen.\n# TYPE things_total counter\n"
            "things_total{class=\"a\\\"b\\\\c\\n\"} 3\nthings_total 2.5\n");
}

TEST(ExpositionTest, HistogramBucketsAreCumulative) {
  Exposition out;
  out.Family("size", Type::kHistogram, "Sizes.");
  const std::array<double, 2> bounds = {1, 2.5};
  const std::array<uint64_t, 3> counts = {4, 0, 1};
  out.Histogram({{"route", "r"}}, bounds, counts, 9);
  EXPECT_EQ(out.Take(),
            "# HELP size Sizes.\n# TYPE size histogram\n"
            "size_bucket{route=\"r\",le=\"1\"} 4\nsize_bucket{route=\"r\",le=\"2.5\"} 4\n"
            "size_bucket{route=\"r\",le=\"+Inf\"} 5\nsize_sum{route=\"r\"} 9\n"
            "size_count{route=\"r\"} 5\n");
}

TEST(ExpositionTest, NumbersThatAreNoNumbers) {
  Exposition out;
  out.Gauge("x", "X.", std::numeric_limits<double>::infinity());
  out.Gauge("y", "Y.", std::numeric_limits<double>::quiet_NaN());
  const std::string text = out.Take();
  EXPECT_NE(text.find("\nx +Inf\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\ny NaN\n"), std::string::npos) << text;
}

// M7
TEST(ProcessMetricsTest, M7_KnowsThisProcess) {
  const ProcessUsage usage = ReadProcessUsage();
  EXPECT_GT(usage.resident_bytes, 1u << 20);
  EXPECT_GT(usage.virtual_bytes, usage.resident_bytes);
  EXPECT_GE(usage.threads, 1u);
  EXPECT_GE(usage.open_descriptors, 3u);
  EXPECT_GE(usage.descriptors_max, usage.open_descriptors);
  EXPECT_GT(usage.start_unix_seconds, 1.6e9);
}

TEST(RegistryTest, RunsCollectorsInTheOrderOfAdding) {
  Registry registry;
  registry.Add([](Exposition& out) { out.Gauge("b", "B.", uint64_t{1}); });
  registry.Add([](Exposition& out) { out.Gauge("a", "A.", uint64_t{2}); });
  EXPECT_EQ(registry.Render(),
            "# HELP b B.\n# TYPE b gauge\nb 1\n# HELP a A.\n# TYPE a gauge\na 2\n");
}

}  // namespace
}  // namespace tenantry::metrics
