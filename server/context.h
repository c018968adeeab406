#pragma once
// Context: what handlers are given. Built once by `serve`, outlives the server.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/tenant/directory.h"
#include "server/http/ip_address.h"
#include "server/observability.h"

namespace tenantry::limits {
class Gate;
}

namespace tenantry::server {

class Cluster;

struct ServerOptions {
  bool shop_auth_open = false;       // --shop-auth open
  uint32_t open_shops_max = 1000;    // Shops that strangers may create in open mode.
  std::string api_base_url;          // API_BASE_URL; empty: the script's own origin.
  uint64_t cache_bytes = 32u << 20;  // --cache-mib: kept answers of all loops.
  // Who may read operations' routes such as /metrics; empty: this machine alone.
  http::NetworkList metrics_allow;
  // Whose pages may read answers of other than storefront routes; empty: any (crosscutting.md Q6).
  std::vector<std::string> management_origins;
  bool bot_filter = true;  // bot-filter: events of crawlers are not counted.
  bool billing = false;    // billing: plan limits bite.
};

struct Context {
  Engine& engine;
  const ServerOptions& options;
  const tenant::TokenSecret& token_secret;
  uint32_t loops;  // How many loops run handlers; Request::loop is below this.
  Observability& observability;
  limits::Gate* gate = nullptr;      // Null: nobody is limited.
  const Cluster* cluster = nullptr;  // Null: a node of its own.
};

}  // namespace tenantry::server
