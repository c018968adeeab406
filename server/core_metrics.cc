#include "server/core_metrics.h"

#include <string>

#include "server/limits/gate.h"
#include "server/metrics/process_metrics.h"

namespace tenantry::server {
namespace {

using metrics::Exposition;
using metrics::Type;

void CollectLog(const EngineStats& stats, Exposition& out) {
  out.Gauge("tenantry_log_epoch", "Epoch of the newest durable log entry.", stats.end.epoch);
  out.Gauge("tenantry_log_end_index", "Index of the newest durable log entry.", stats.end.index);
  out.Gauge("tenantry_log_first_index", "Index of the oldest log entry still kept.",
            stats.first_index);
  out.Gauge("tenantry_log_released_index", "Highest log index whose replies may leave.",
            stats.released_index);
  out.Gauge("tenantry_log_segments", "Segment files of the log.", stats.segments);
  out.Gauge("tenantry_log_bytes", "Room taken by the log's segments, in bytes.",
            stats.segments * stats.segment_bytes);
  out.Gauge("tenantry_log_growth_possible",
            "0 while the disk is full and only deletes are accepted.",
            uint64_t{stats.growth_possible ? 1u : 0u});
  out.Gauge("tenantry_log_pending_bytes", "Writes on their way to the disk, in bytes.",
            stats.pending_bytes);
  out.Gauge("tenantry_log_pending_bytes_max", "Beyond this many pending bytes writes get 503.",
            stats.pending_bytes_max);
  out.Family("tenantry_log_group_entries", Type::kHistogram,
             "Log entries written and synced together.");
  std::array<double, kGroupSizeBuckets - 1> bounds{};
  for (size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<double>(1u << i);
  out.Histogram({}, bounds, stats.group_sizes, static_cast<double>(stats.group_entries));
}

void CollectStore(const EngineStats& stats, Exposition& out) {
  out.Gauge("tenantry_store_applied_index", "Log index that the published view reflects.",
            stats.applied_index);
  out.Gauge("tenantry_store_table_bytes", "Table files of the store, in bytes.", stats.table_bytes);
  out.Gauge("tenantry_store_memtable_bytes", "Rows waiting in memory for a flush, in bytes.",
            stats.memtable_bytes);
  out.Gauge("tenantry_store_block_cache_bytes", "Cached blocks of the store, in bytes.",
            stats.block_cache_bytes);
  out.Gauge("tenantry_store_block_cache_bytes_max", "Size of the block cache, in bytes.",
            stats.block_cache_bytes_max);
  out.Gauge("tenantry_store_table_reader_bytes",
            "Index and filter blocks of open tables, in bytes.", stats.table_reader_bytes);
  out.Gauge("tenantry_store_rows_estimate", "Rows of the store, estimated.", stats.rows_estimate);
  out.Gauge("tenantry_store_compaction_pending_bytes",
            "Bytes that compaction has yet to rewrite, estimated.", stats.compaction_pending_bytes);
  out.Family("tenantry_store_kind_rows", Type::kGauge,
             "Rows in table files by kind of key: record, unique and index rows, counters.");
  for (const EngineStats::Kind& kind : stats.kinds) out.Sample({{"kind", kind.name}}, kind.rows);
  out.Family("tenantry_store_kind_bytes", Type::kGauge,
             "Keys and values in table files by kind of key, before compression, in bytes.");
  for (const EngineStats::Kind& kind : stats.kinds) out.Sample({{"kind", kind.name}}, kind.bytes);
}

void CollectHttp(const http::Server& server, Exposition& out) {
  out.Gauge("tenantry_http_connections", "Open client connections.",
            uint64_t{server.connections()});
  out.Gauge("tenantry_http_connections_max", "Beyond this many connections clients get 503.",
            uint64_t{server.connections_max()});
  out.Gauge("tenantry_http_requests_waiting",
            "Requests whose answer waits for a worker, a tick or the disk.",
            uint64_t{server.requests_waiting()});
  out.Gauge("tenantry_http_requests_max", "Beyond this many waiting requests clients get 503.",
            uint64_t{server.requests_max()});
  out.Gauge("tenantry_http_loops", "Event loops.", uint64_t{server.loops()});
  out.Gauge("tenantry_http_workers", "Workers of the blocking and hashing lanes.",
            uint64_t{server.workers()});
  out.Gauge("tenantry_http_workers_busy", "Workers that run a request now.",
            uint64_t{server.workers_busy()});
  out.Family("tenantry_http_lane_depth", Type::kGauge, "Requests waiting for a worker, by lane.");
  out.Sample({{"lane", "blocking"}}, uint64_t{server.blocking_depth()});
  out.Sample({{"lane", "hashing"}}, uint64_t{server.hashing_depth()});
}

void CollectLimits(const limits::Gate& gate, Exposition& out) {
  const limits::GateCounts counts = gate.counts();
  out.Family("tenantry_rate_limit_requests_total", Type::kCounter,
             "Requests counted by a rate limit, by class and whether they passed.");
  for (size_t i = 0; i < limits::kRateScopes; ++i) {
    const std::string_view scope = limits::NameOf(static_cast<limits::RateScope>(i));
    out.Sample({{"class", scope}, {"outcome", "passed"}}, counts.scopes[i].passed);
    out.Sample({{"class", scope}, {"outcome", "refused"}}, counts.scopes[i].refused);
  }
  out.Counter("tenantry_rate_limit_exempt_total", "Requests of networks that no limit counts.",
              counts.exempt);
  out.Counter("tenantry_forbidden_network_total", "Requests refused for their network.",
              counts.forbidden);
  out.Counter("tenantry_quota_refused_total",
              "Requests refused because their tenant is over its quota.", counts.over_quota);
  out.Gauge("tenantry_rate_limit_counters", "Clients that are counted now.",
            uint64_t{gate.limiter().counters()});
  out.Gauge("tenantry_rate_limit_bytes", "Memory of the counters, in bytes.",
            uint64_t{gate.limiter().memory_bytes()});
  out.Counter("tenantry_rate_limit_overflows_total",
              "Requests counted in the shared counter because there were too many clients.",
              gate.limiter().overflows());
}

}  // namespace

void AddEngineMetrics(const Engine& engine, Observability* observability) {
  observability->metrics.Add(metrics::CollectProcess);
  observability->metrics.Add([&engine](Exposition& out) {
    const EngineStats stats = engine.Stats();
    CollectLog(stats, out);
    CollectStore(stats, out);
  });
  observability->readiness.Add("disk", [&engine]() -> Readiness::State {
    if (engine.growth_possible()) return {};
    return {false, "full: only requests that delete are accepted"};
  });
  observability->readiness.Add("log", [&engine]() -> Readiness::State {
    return {true, "entry " + std::to_string(engine.released_index())};
  });
}

void AddHttpMetrics(const http::Server& server, Observability* observability) {
  observability->metrics.Add([&server](Exposition& out) { CollectHttp(server, out); });
}

void AddLimitMetrics(const limits::Gate& gate, Observability* observability) {
  observability->metrics.Add([&gate](Exposition& out) { CollectLimits(gate, out); });
}

}  // namespace tenantry::server
