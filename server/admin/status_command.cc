#include "server/admin/status_command.h"

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/tenant/directory.h"

namespace tenantry::server {
namespace {

struct TenantCounts {
  uint64_t gyms = 0;
  uint64_t shops = 0;
  uint64_t suspended = 0;
};

Result<TenantCounts> CountTenants(const ReadView& view) {
  TenantCounts counts;
  TNT_RETURN_IF_ERROR(
      view.DirectorySpace(ReadTier::kBlocking)
          .ScanRecords<schema::Tenant>({}, false, [&](const codec::Stored<schema::Tenant>& tenant) {
            ++(tenant->getKind() == schema::TenantKind::GYM ? counts.gyms : counts.shops);
            if (tenant::IsSuspended(*tenant)) ++counts.suspended;
            return true;
          }));
  return counts;
}

std::string Lines(const nlohmann::ordered_json& facts) {
  std::string text;
  for (const auto& [name, value] : facts.items()) {
    text += name + "\t" + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
  }
  return text;
}

}  // namespace

AdminReply ShowStatus(Engine& engine, const AdminRequest& request) {
  const ReadView view = engine.View();
  const Result<TenantCounts> tenants = CountTenants(view);
  if (!tenants.ok()) {
    return {ExitCodeOf(tenants.status()), "", std::string(tenants.status().message())};
  }
  const EngineStats stats = engine.Stats();
  std::string cluster;
  AppendBig64(&cluster, engine.cluster_id());
  const nlohmann::ordered_json facts = {
      // Only a server answers through its socket, and only there somebody listens for progress.
      {"server", request.report ? "running" : "none"},
      {"cluster", FormatHex(cluster)},
      {"role", engine.writable() ? "leader" : "follower"},
      {"position", FormatPosition(stats.end)},
      {"applied", stats.applied_index},
      {"log_first", stats.first_index},
      {"log_bytes", stats.segments * stats.segment_bytes},
      {"store_bytes", stats.table_bytes + stats.memtable_bytes},
      {"rows_estimate", stats.rows_estimate},
      {"disk_full", !stats.growth_possible},
      {"gyms", tenants->gyms},
      {"shops", tenants->shops},
      {"suspended", tenants->suspended},
  };
  if (request.Argument("json").empty()) return {kExitOk, Lines(facts), ""};
  return {kExitOk, facts.dump() + "\n", ""};
}

}  // namespace tenantry::server
