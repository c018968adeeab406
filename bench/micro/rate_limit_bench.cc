// Question: what does deciding on a request cost before its handler runs? An answer in time per request, for one client
// over and over, for many clients, for popup statistics (two counters), for an exempt network, and for writing the
// headers. Goal: below 300 ns together, so that limits stay far below a tenth of a request.

#include <array>

#include <benchmark/benchmark.h>

#include "bench/micro/result_hash.h"
#include "server/limits/gate.h"

namespace tenantry::bench {
namespace {

http::Route RouteOf(http::RateClass rate) {
  return {.method = http::Method::kGet,
          .path = "/x/:id",
          .name = "x",
          .module = http::Module::kShared,
          .permission = http::Permission::kOpen,
          .rate = rate,
          .cache = http::CacheClass::kNone,
          .lane = http::Lane::kInline,
          .handler = nullptr};
}

void BM_Admit(benchmark::State& state, http::RateClass rate, bool exempt) {
  static limits::Gate gate(4, limits::kDefaultCountersMax, 42);
  if (state.thread_index() == 0) {
    limits::LimitSettings settings;
    settings.rates = {.default_class = ~0u, .popup_stats_each = ~0u, .popup_stats = ~0u};
    if (exempt) settings.exempt = {"10.0.0.0/8"};
    if (!gate.Apply(settings).ok()) return state.SkipWithError("settings");
  }
  const http::Route route = RouteOf(rate);
  http::Request request;
  request.params.count = 1;
  request.params.values[0] = "5d0c5a54-3a2f-4a58-9f33-5a8a0e5b6f11";
  request.loop = static_cast<uint32_t>(state.thread_index());
  const uint32_t clients = static_cast<uint32_t>(state.range(0));
  ResultHash hash;
  uint32_t client = 0;
  for (auto _ : state) {
    client = client + 1 == clients ? 0 : client + 1;
    request.peer = {0, uint64_t{0xFFFF} << 32 | (10u << 24) | client};
    request.received_ns += 100;
    http::Admission admission;
    const limits::Verdict verdict = gate.Admit(request, &route, &admission);
    std::array<char, limits::kRateHeaderBytes> room;
    hash.Add(limits::WriteRateHeaders(admission, room).size() + static_cast<size_t>(verdict));
  }
  hash.Report(state);
}
BENCHMARK_CAPTURE(BM_Admit, default_class, http::RateClass::kDefault, false)
    ->ArgName("clients")
    ->Arg(1)
    ->Arg(100'000);
BENCHMARK_CAPTURE(BM_Admit, default_class_on_two_loops, http::RateClass::kDefault, false)
    ->ArgName("clients")
    ->Arg(1)
    ->Threads(2);
BENCHMARK_CAPTURE(BM_Admit, popup_stats, http::RateClass::kPopupStats, false)
    ->ArgName("clients")
    ->Arg(1)
    ->Arg(10'000);
BENCHMARK_CAPTURE(BM_Admit, exempt, http::RateClass::kDefault, true)->ArgName("clients")->Arg(1);

}  // namespace
}  // namespace tenantry::bench
