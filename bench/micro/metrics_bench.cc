// Question: what does observing a request cost? An answer in time per request for counting it, for a trace without slow
// operations, and for a timed operation in it. Goal: under 100 ns together, so that it stays near a hundredth of a request.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "engine/work_trace.h"
#include "server/metrics/request_metrics.h"

namespace tenantry::bench {
namespace {

std::vector<http::Route> Table(size_t rows) {
  std::vector<http::Route> routes;
  for (size_t i = 0; i < rows; ++i) {
    routes.push_back({http::Method::kGet, "/x", "x", http::Module::kGym, http::Permission::kOpen,
                      http::RateClass::kDefault, http::CacheClass::kNone, http::Lane::kInline,
                      nullptr});
  }
  return routes;
}

void BM_CountReply(benchmark::State& state) {
  const std::vector<http::Route> routes = Table(100);
  metrics::RequestMetrics metrics(routes, 1);
  http::AccessRecord record;
  record.method = http::Method::kGet;
  record.status = 200;
  size_t i = 0;
  for (auto _ : state) {
    record.route = &routes[i++ % 8];
    record.latency_ns = static_cast<int64_t>(7'000 + i % 1024 * 100);
    metrics.Count(record);
  }
  if (metrics.Totals().replies != static_cast<uint64_t>(state.iterations())) std::abort();
}
BENCHMARK(BM_CountReply);

void BM_TraceOfARequest(benchmark::State& state) {
  const SystemClock clock;
  for (auto _ : state) {
    const WorkTrace trace(clock, 100'000'000);
    WorkTrace::NoteSpace(SpaceId(7));
    benchmark::DoNotOptimize(trace.space());
  }
}
BENCHMARK(BM_TraceOfARequest);

void BM_TimedOperation(benchmark::State& state) {
  const SystemClock clock;
  const WorkTrace trace(clock, 100'000'000);
  uint32_t rows = 0;
  for (auto _ : state) {
    const TimedOperation timed({.kind = "scan", .index = 1}, rows);
    benchmark::DoNotOptimize(++rows);
  }
}
BENCHMARK(BM_TimedOperation);

void BM_RenderMetrics(benchmark::State& state) {
  const std::vector<http::Route> routes = Table(100);
  metrics::RequestMetrics metrics(routes, 4);
  http::AccessRecord record;
  record.method = http::Method::kGet;
  record.status = 200;
  for (const http::Route& route : routes) {
    record.route = &route;
    metrics.Count(record);
  }
  size_t bytes = 0;
  for (auto _ : state) {
    metrics::Exposition out;
    metrics.Collect(out);
    bytes = out.Take().size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_RenderMetrics);

}  // namespace
}  // namespace tenantry::bench
