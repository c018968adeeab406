#pragma once
// serve: opens the engine, joins the parts and answers requests until SIGTERM or SIGINT.

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace tenantry::tools {

struct ServeOptions {
  std::string data = "./data";
  std::vector<std::string> listen;
  bool demo = false;
  std::string demo_ids;
  std::string shop_auth = "keys";
  uint32_t open_shops_max = 1000;
  std::string durability = "disk";
  std::vector<std::string> rate_limit_exempt;
  std::vector<std::string> trusted_proxies;
  std::string api_base_url;
  uint32_t loops = 0;
  uint64_t block_cache_mib = 64;
  int64_t drain_seconds = 30;
};

// Adds the subcommand; its callback stores the exit code.
void AddServeCommand(CLI::App& app, int* exit_code);

}  // namespace tenantry::tools
