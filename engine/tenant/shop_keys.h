#pragma once
// ShopKeys: the keys that open a shop's management routes. A key is shown once, when it is made;
// the directory keeps its SHA-256 only, which is enough for 43 random characters.
//
// Errors   Create: kAlreadyExists when a gym has the shop's id. Find, Revoke: kNotFound for an
//          unknown key.
// Threads  any; stateless.
// Source   popups.md F10, docs/operations.md.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::tenant {

inline constexpr std::string_view kShopKeyPrefix = "tnt_";
inline constexpr size_t kShopKeyRandomChars = 43;  // Of 62: 256 bits.

struct NewShopKey {
  std::string key;  // The only time it is shown.
  bool shop_created = false;
  uint64_t release_index = 0;
};

// Makes a key, and the shop when it is missing. Waits for the disk; durable once `release_index` is
// released.
Result<NewShopKey> CreateShopKey(Engine& engine, std::string_view shop_id, std::string_view label,
                                 const CommandInfo& info);

// The record of a key as a client sent it. Anything that does not look like a key is kNotFound
// without a lookup.
Result<codec::Stored<schema::ShopKey>> FindShopKey(const ReadView& view, std::string_view key,
                                                   ReadTier tier);
Result<bool> ShopHasKey(const ReadView& view, std::string_view shop_id, ReadTier tier);
// Oldest first.
Result<std::vector<codec::Stored<schema::ShopKey>>> ListShopKeys(const ReadView& view,
                                                                 std::string_view shop_id,
                                                                 ReadTier tier);
// By the hint of four characters that lists show; kConflict when several keys of the shop share it.
Outcome RevokeShopKey(Engine& engine, std::string_view shop_id, std::string_view hint,
                      const CommandInfo& info);

}  // namespace tenantry::tenant
