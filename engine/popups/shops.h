#pragma once
// Shops: from the shop id a client names to its space.
//
// Errors   Find: kNotFound. Ensure: also kPermissionDenied once strangers have created `shops_max`
//          shops, and kAlreadyExists when a gym has this id.
// Threads  any; stateless.

#include <cstdint>
#include <string_view>

#include "engine/engine.h"
#include "engine/tenant/directory.h"

namespace tenantry::popups {

// Longer ids are refused on input (schema/popups_input.capnp) and need no lookup.
inline constexpr size_t kShopIdBytesMax = 1024;

Result<TenantRef> FindShop(const ReadView& view, std::string_view shop_id, ReadTier tier);

// Whether a first write may create its shop (crosscutting.md K3).
struct ShopCreation {
  bool allowed = false;
  uint32_t shops_max = 0;
};

// The shop, created when it is missing and may be. Its own log entry.
Result<TenantRef> EnsureShop(Engine& engine, std::string_view shop_id, const ShopCreation& creation,
                             const CommandInfo& info, ReadTier tier);

}  // namespace tenantry::popups
