#pragma once
// TenantRows: which rows of the directory belong to one tenant. Asked in the order of the keys, because early rows say what
// later ones mean.
//
// Errors   kCorruption for records that do not decode.
// Threads  one at a time.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/ids.h"
#include "engine/base/result.h"

namespace tenantry::dump {

class TenantRows {
 public:
  explicit TenantRows(std::string tenant) : tenant_(std::move(tenant)) {}
  // `key` is without the space. Meta rows never belong to a tenant, but are looked at.
  Result<bool> Wants(std::string_view key, std::string_view value);
  // Known once the tenant's own record was shown.
  std::optional<SpaceId> space() const { return space_; }

 private:
  void Found(SpaceId space);

  const std::string tenant_;
  std::optional<SpaceId> space_;
  std::multimap<SpaceId, SpaceId> moved_;  // To, from: spaces that restores replaced.
  std::set<SpaceId> all_;  // The space, and those it replaced: references may name any.
};

}  // namespace tenantry::dump
