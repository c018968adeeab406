#include "server/popups/active_cache.h"

#include "engine/schema/catalog.h"
#include "engine/schema/directory.capnp.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::server::popups {
namespace {

constexpr uint16_t kCounters = 0;  // As Engine::LastChange() names them.

}  // namespace

bool ActiveCache::IsCurrent(const Entry& entry) const {
  static const uint16_t tenants = schema::CollectionOf<schema::Tenant>().number;
  static const uint16_t popups = schema::CollectionOf<schema::Popup>().number;
  static const uint16_t marks = schema::CollectionOf<schema::PopupLimitMark>().number;
  const auto unchanged = [&](SpaceId space, uint16_t collection) {
    return engine_.LastChange(space, collection) <= entry.built_index;
  };
  if (!unchanged(kDirectorySpace, tenants)) return false;
  if (!unchanged(entry.space, popups) || !unchanged(entry.space, marks)) return false;
  return unchanged(entry.space, kCounters) ||
         engine_.clock().NowBootNs() - entry.built_boot_ns < kCountersLagNs;
}

const ActiveCache::Entry* ActiveCache::Find(std::string_view shop_id) {
  const auto at = entries_.find(shop_id);
  const bool hit = at != entries_.end() && IsCurrent(at->second);
  (hit ? hits_ : misses_).fetch_add(1, std::memory_order_relaxed);
  return hit ? &at->second : nullptr;
}

const ActiveCache::Entry& ActiveCache::Put(std::string_view shop_id, Entry entry) {
  const size_t cost = kEntryBytes + shop_id.size() + entry.body->size();
  auto at = entries_.find(shop_id);
  if (at != entries_.end()) {
    bytes_ -= kEntryBytes + shop_id.size() + at->second.body->size();
  } else if (bytes_ + cost > kBytesMax) {
    entries_.clear();
    bytes_ = 0;
  }
  bytes_ += cost;
  if (at == entries_.end()) at = entries_.emplace(shop_id, Entry{}).first;
  at->second = std::move(entry);
  return at->second;
}

}  // namespace tenantry::server::popups
