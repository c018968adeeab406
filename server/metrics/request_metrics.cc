#include "server/metrics/request_metrics.h"

#include <algorithm>
#include <string>

namespace tenantry::metrics {
namespace {

// What we answer. Slot 0 stands for any other code.
constexpr std::array<int, 40> kStatuses = {0,   200, 201, 202, 204, 206, 301, 302, 304, 307,
                                           308, 400, 401, 402, 403, 404, 405, 406, 408, 409,
                                           410, 411, 412, 413, 414, 415, 417, 421, 422, 425,
                                           426, 428, 429, 431, 500, 501, 502, 503, 504, 507};
constexpr int kStatusEnd = 600;
constexpr size_t kMethods = static_cast<size_t>(http::Method::kOther) + 1;

constexpr std::array<uint8_t, kStatusEnd> MakeSlots() {
  std::array<uint8_t, kStatusEnd> slots{};
  for (size_t i = 1; i < kStatuses.size(); ++i) {
    slots[static_cast<size_t>(kStatuses[i])] = static_cast<uint8_t>(i);
  }
  return slots;
}
constexpr std::array<uint8_t, kStatusEnd> kSlots = MakeSlots();

constexpr std::array<int64_t, kLatencyBounds.size()> MakeBoundsNs() {
  std::array<int64_t, kLatencyBounds.size()> bounds{};
  for (size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = static_cast<int64_t>(kLatencyBounds[i] * 1e9 + 0.5);
  }
  return bounds;
}
constexpr std::array<int64_t, kLatencyBounds.size()> kBoundsNs = MakeBoundsNs();

// Most replies fall in the first few buckets, so looking from the left is the short way.
size_t BucketOf(int64_t latency_ns) {
  size_t bucket = 0;
  while (bucket < kBoundsNs.size() && latency_ns > kBoundsNs[bucket]) ++bucket;
  return bucket;
}

using Cell = std::atomic<uint64_t>;  // Relaxed: a count. One writer.

void Add(Cell& cell, uint64_t amount) {
  cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
uint64_t Get(const Cell& cell) {
  return cell.load(std::memory_order_relaxed);
}

}  // namespace

struct RequestMetrics::Shard {
  struct Row {
    std::array<Cell, kMethods * kStatuses.size()> replies{};
    std::array<Cell, kLatencyBuckets> latency{};
    Cell latency_ns{0};
  };
  explicit Shard(size_t count) : rows(std::make_unique<Row[]>(count)) {}
  const std::unique_ptr<Row[]> rows;
};

RequestTotals RequestTotals::operator-(const RequestTotals& earlier) const {
  RequestTotals difference;
  difference.replies = replies - earlier.replies;
  difference.client_errors = client_errors - earlier.client_errors;
  difference.server_errors = server_errors - earlier.server_errors;
  for (size_t i = 0; i < latency.size(); ++i) {
    difference.latency[i] = latency[i] - earlier.latency[i];
  }
  return difference;
}

double LatencyQuantile(const RequestTotals& totals, double share) {
  uint64_t total = 0;
  for (const uint64_t count : totals.latency) total += count;
  if (total == 0) return 0;
  const double wanted = share * static_cast<double>(total);
  double below = 0;
  for (size_t i = 0; i < totals.latency.size(); ++i) {
    const double here = static_cast<double>(totals.latency[i]);
    if (below + here < wanted) {
      below += here;
      continue;
    }
    if (i == kLatencyBounds.size()) break;
    const double lower = i == 0 ? 0 : kLatencyBounds[i - 1];
    return here == 0 ? lower : lower + (kLatencyBounds[i] - lower) * (wanted - below) / here;
  }
  return kLatencyBounds.back();
}

RequestMetrics::RequestMetrics(std::span<const http::Route> routes, uint32_t loops)
    : routes_(routes) {
  for (uint32_t i = 0; i < std::max(1u, loops); ++i) {
    shards_.push_back(std::make_unique<Shard>(routes.size() + 1));
  }
}

RequestMetrics::~RequestMetrics() = default;

void RequestMetrics::Count(const http::AccessRecord& record) {
  const size_t row_index =
      record.route != nullptr ? static_cast<size_t>(record.route - routes_.data()) : routes_.size();
  Shard::Row& row = shards_[record.loop]->rows[row_index];
  const bool known = record.status >= 0 && record.status < kStatusEnd;
  const size_t status = known ? kSlots[static_cast<size_t>(record.status)] : 0;
  Add(row.replies[static_cast<size_t>(record.method) * kStatuses.size() + status], 1);
  Add(row.latency[BucketOf(record.latency_ns)], 1);
  Add(row.latency_ns, static_cast<uint64_t>(std::max<int64_t>(0, record.latency_ns)));
}

uint64_t RequestMetrics::Replies(size_t row, size_t method, size_t status) const {
  uint64_t sum = 0;
  for (const auto& shard : shards_) {
    sum += Get(shard->rows[row].replies[method * kStatuses.size() + status]);
  }
  return sum;
}

RequestTotals RequestMetrics::Totals() const {
  RequestTotals totals;
  for (size_t row = 0; row <= routes_.size(); ++row) {
    for (size_t status = 0; status < kStatuses.size(); ++status) {
      uint64_t replies = 0;
      for (size_t method = 0; method < kMethods; ++method) replies += Replies(row, method, status);
      totals.replies += replies;
      if (kStatuses[status] >= 500) {
        totals.server_errors += replies;
      } else if (kStatuses[status] >= 400) {
        totals.client_errors += replies;
      }
    }
    for (const auto& shard : shards_) {
      for (size_t i = 0; i < kLatencyBuckets; ++i) {
        totals.latency[i] += Get(shard->rows[row].latency[i]);
      }
    }
  }
  return totals;
}

std::string_view RequestMetrics::RouteName(size_t row) const {
  return row < routes_.size() ? routes_[row].name : "none";
}

// Whose traffic it is, by kind of tenant: a label per tenant would have no bound.
std::string_view RequestMetrics::TenantClass(size_t row) const {
  if (row >= routes_.size() || routes_[row].module == http::Module::kShared) return "none";
  return routes_[row].module == http::Module::kGym ? "gym" : "shop";
}

void RequestMetrics::Collect(Exposition& out) const {
  CollectReplies(out);
  CollectLatency(out);
}

void RequestMetrics::CollectReplies(Exposition& out) const {
  out.Family("tenantry_http_requests_total", Type::kCounter,
             "Requests answered, by route (operationId), method, status and kind of tenant.");
  for (size_t row = 0; row <= routes_.size(); ++row) {
    for (size_t method = 0; method < kMethods; ++method) {
      const http::Method named = static_cast<http::Method>(method);
      const std::string_view method_name =
          named == http::Method::kOther ? "other" : http::MethodName(named);
      for (size_t status = 0; status < kStatuses.size(); ++status) {
        const uint64_t replies = Replies(row, method, status);
        if (replies == 0) continue;
        const std::string code = status == 0 ? "other" : std::to_string(kStatuses[status]);
        out.Sample({{"route", RouteName(row)},
                    {"method", method_name},
                    {"status", code},
                    {"tenant_class", TenantClass(row)}},
                   replies);
      }
    }
  }
}

void RequestMetrics::CollectLatency(Exposition& out) const {
  out.Family("tenantry_http_request_duration_seconds", Type::kHistogram,
             "Time from the complete request to its reply's hand-over to the socket, by route.");
  for (size_t row = 0; row <= routes_.size(); ++row) {
    std::array<uint64_t, kLatencyBuckets> counts{};
    uint64_t sum_ns = 0;
    for (const auto& shard : shards_) {
      for (size_t i = 0; i < kLatencyBuckets; ++i) counts[i] += Get(shard->rows[row].latency[i]);
      sum_ns += Get(shard->rows[row].latency_ns);
    }
    if (std::all_of(counts.begin(), counts.end(), [](uint64_t count) { return count == 0; })) {
      continue;
    }
    out.Histogram({{"route", RouteName(row)}, {"tenant_class", TenantClass(row)}}, kLatencyBounds,
                  counts, static_cast<double>(sum_ns) / 1e9);
  }
}

}  // namespace tenantry::metrics
