#include "tools/tenantry/replication_metrics.h"

#include <algorithm>
#include <limits>
#include <string>

namespace tenantry::tools {
namespace {

using metrics::Exposition;
using replication::FollowerReport;
using replication::ServiceReport;

void CollectFollowers(const ServiceReport& report, Exposition& out) {
  const auto family = [&](std::string_view name, std::string_view help, const auto& value) {
    out.Family(name, metrics::Type::kGauge, help);
    for (const FollowerReport& follower : report.followers) {
      const std::string node =
          replication::NodeName(follower.replication_address, follower.node_id);
      out.Sample({{"follower", node}}, value(follower));
    }
  };
  family("tenantry_replication_lag_entries", "Entries that a follower has not synced yet.",
         [](const FollowerReport& f) { return f.lag_entries; });
  family("tenantry_replication_lag_bytes", "The same in bytes, about.",
         [](const FollowerReport& f) { return f.lag_bytes; });
  family("tenantry_replication_lag_seconds",
         "Age of the oldest entry that a follower has not synced.",
         [](const FollowerReport& f) { return static_cast<double>(f.lag_ms) / 1'000; });
}

void Collect(const ServiceReport& report, Exposition& out) {
  out.Family("tenantry_replication_role", metrics::Type::kGauge,
             "1 for what this node is: leader, follower, syncing or fenced.");
  for (const auto role : {replication::Role::kLeader, replication::Role::kFollower,
                          replication::Role::kSyncing, replication::Role::kFenced}) {
    out.Sample({{"role", replication::RoleName(role)}}, uint64_t{report.self.role == role});
  }
  out.Gauge("tenantry_replication_epoch", "Of the entries written now.", report.self.epoch);
  out.Gauge("tenantry_replication_connected", "Whether this follower hears its leader.",
            uint64_t{report.connected});
  // Before the first contact there is no figure.
  const bool known = report.staleness_ms < std::numeric_limits<int64_t>::max();
  out.Gauge("tenantry_replication_staleness_seconds",
            "How old what a follower shows may be; -1 before it had everything once.",
            known ? static_cast<double>(report.staleness_ms) / 1'000 : -1.0);
  out.Gauge("tenantry_replication_sync_bytes", "Of a full copy: what is here.",
            report.sync.here_bytes);
  out.Gauge("tenantry_replication_sync_total_bytes", "Of a full copy: all of it; 0 without one.",
            report.sync.total_bytes);
  out.Counter("tenantry_replication_sync_sent_bytes_total",
              "Chunks sent to followers that copy everything.", report.sync_sent_bytes);
  CollectFollowers(report, out);
}

server::Readiness::State Judge(const ReplicationPart& part, const ServiceReport& report) {
  if (report.self.role == replication::Role::kLeader) return {true, "leader"};
  if (part.service()->Refused()) return {false, "refused by its leader; the log says why"};
  if (!part.ServesReads()) return {false, "this node copies its leader's data"};
  if (report.staleness_ms == std::numeric_limits<int64_t>::max()) {
    return {part.max_staleness_ms == 0, "not heard of the leader yet"};
  }
  const bool fresh = part.max_staleness_ms == 0 || report.staleness_ms <= part.max_staleness_ms;
  return {fresh, std::to_string(report.staleness_ms) + " ms behind the leader"};
}

}  // namespace

void AddReplicationMetrics(const ReplicationPart& part, server::Observability* observability) {
  if (!part.enabled()) return;
  observability->metrics.Add(
      [&part](Exposition& out) { Collect(part.service()->LastReport(), out); });
  observability->readiness.Add("replica",
                               [&part] { return Judge(part, part.service()->LastReport()); });
}

}  // namespace tenantry::tools
