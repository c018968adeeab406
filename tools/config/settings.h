#pragma once
// Settings: every value that `tenantry serve` can be told, with its default. What each is called outside, and what it may
// be: setting_table.cc.

#include <cstdint>
#include <string>
#include <vector>

#include "server/http/options.h"
#include "server/limits/limit_settings.h"

namespace tenantry::config {

struct ObserveSettings {
  std::string log_level = "info";
  int64_t slow_query_ms = 100;
  std::string alert_webhook;               // Empty: alerts go to the log alone.
  std::vector<std::string> metrics_allow;  // Empty: this machine alone.
};

struct ReplicationSettings {
  std::string listen;       // HOST:PORT; empty: nobody can follow this node.
  std::string follow;       // HOST:PORT of the leader; empty: this node leads.
  std::string secret_file;  // Its content is what all nodes share.
  std::string advertise_url;
  uint64_t retain_mib = 1024;
  uint64_t sync_rate_mib = 64;  // Per second and follower; 0: no limit.
  std::string follower_writes = "redirect";
  uint32_t replica_acks = 1;
  int64_t replica_timeout_ms = 5'000;
  int64_t max_staleness_ms = 0;
};

struct Settings {
  std::string data = "./data";
  bool demo = false;
  std::string demo_ids;
  std::string shop_auth = "keys";
  uint32_t open_shops_max = 1000;
  bool billing = false;
  bool bot_filter = true;
  int64_t event_retention_days = 0;
  std::string durability = "disk";
  std::string api_base_url;
  std::vector<std::string> webhook_allow;
  std::vector<std::string> management_origins;  // Empty: any.
  uint64_t block_cache_mib = 64;
  uint64_t cache_mib = 32;
  int64_t drain_seconds = 30;
  http::ServerOptions http;  // `listen` and `loops` are in here too.
  limits::LimitSettings limits;
  ObserveSettings observe;
  ReplicationSettings replication;

  Settings() { http.listen = {"127.0.0.1:7117"}; }
};

}  // namespace tenantry::config
