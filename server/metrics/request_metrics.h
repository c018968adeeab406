#pragma once
// RequestMetrics: counts and latencies of every reply, by route.
//
// Shape    one shard per loop: a row of counters per route, method and status, and a histogram per route. The routes of the
//          table plus one row for requests that matched none, so the number of series is bounded.
// Units    latencies in nanoseconds inside, seconds outside.
// Threads  Count on the record's loop only; the rest from any thread. A shard has one writer, so counting is a plain load
//          and store of a relaxed atomic: no lock, no locked instruction, no line shared between loops.
// Owns     its shards. Borrows the routes.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "server/http/application.h"
#include "server/metrics/exposition.h"

namespace tenantry::metrics {

// Upper bounds in seconds. 0.2 and 2 are the figures that targets and alerts name (crosscutting.md M2).
inline constexpr std::array<double, 17> kLatencyBounds = {
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,    0.1,    0.2,     0.5,    1,     2,      5,     10};
inline constexpr size_t kLatencyBuckets = kLatencyBounds.size() + 1;

// Sums over every route and loop, for alerts.
struct RequestTotals {
  uint64_t replies = 0;
  uint64_t client_errors = 0;  // 4xx
  uint64_t server_errors = 0;  // 5xx
  std::array<uint64_t, kLatencyBuckets> latency{};

  RequestTotals operator-(const RequestTotals& earlier) const;
};

// The bound below which `share` of the replies stayed, interpolated inside a bucket; 0 without replies.
double LatencyQuantile(const RequestTotals& totals, double share);

class RequestMetrics {
 public:
  RequestMetrics(std::span<const http::Route> routes, uint32_t loops);
  ~RequestMetrics();

  void Count(const http::AccessRecord& record);
  RequestTotals Totals() const;
  void Collect(Exposition& out) const;

 private:
  struct Shard;
  uint64_t Replies(size_t row, size_t method, size_t status) const;
  void CollectReplies(Exposition& out) const;
  void CollectLatency(Exposition& out) const;
  std::string_view RouteName(size_t row) const;
  std::string_view TenantClass(size_t row) const;

  const std::span<const http::Route> routes_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace tenantry::metrics
