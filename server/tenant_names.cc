#include "server/tenant_names.h"

#include <optional>
#include <utility>

#include "engine/tenant/directory.h"

namespace tenantry::server {
namespace {

std::string Unnamed(uint64_t space) {
  return "space-" + std::to_string(space);
}

Result<std::optional<std::string>> Look(const Engine& engine, uint64_t space) {
  return tenant::Directory::IdOfSpace(engine.View(), SpaceId(space), ReadTier::kInline);
}

}  // namespace

std::string TenantNames::Read(uint64_t space) const {
  if (space == 0) return {};
  const Result<std::optional<std::string>> name = Look(engine_, space);
  return name.ok() && *name ? **name : Unnamed(space);
}

std::string_view TenantNames::Of(uint64_t space, uint32_t loop) {
  if (space == 0) return {};
  auto& cache = caches_[loop];
  const auto known = cache.find(space);
  if (known != cache.end()) return known->second;
  const Result<std::optional<std::string>> name = Look(engine_, space);
  if (!name.ok()) return unnamed_[loop] = Unnamed(space);  // Perhaps next time.
  if (cache.size() >= kNamesMax) cache.clear();
  return cache[space] = *name ? **name : Unnamed(space);
}

}  // namespace tenantry::server
