#pragma once
// ActiveCache: rendered answers of GET /popups/active, one cache per loop, so that a hit takes no
// lock and no view.
//
// Shape    shop id -> body, entity tag and the log index it was built from. An entry is current
//          while nothing it was built from changed after that index: the directory's tenants, the
//          shop's popups, its limit marks. A change of counters alone is let pass for
//          kCountersLagNs (crosscutting.md C6).
// Units    boot-clock nanoseconds.
// Threads  one loop; the counts from any thread.
// Owns     its entries, at most kBytesMax of them; then it starts over. Borrows the engine.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/engine.h"

namespace tenantry::server::popups {

class ActiveCache {
 public:
  struct Entry {
    SpaceId space;
    uint64_t built_index = 0;
    int64_t built_boot_ns = 0;
    std::shared_ptr<const std::string> body;
    std::string tag;
  };

  explicit ActiveCache(const Engine& engine) : engine_(engine) {}

  // The current entry of a shop, valid until the next Put; nullptr when there is none.
  const Entry* Find(std::string_view shop_id);
  const Entry& Put(std::string_view shop_id, Entry entry);

  uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  uint64_t misses() const { return misses_.load(std::memory_order_relaxed); }

 private:
  static constexpr int64_t kCountersLagNs = 1'000'000'000;
  static constexpr size_t kBytesMax = 16u << 20;
  static constexpr size_t kEntryBytes = 256;  // What an entry costs besides its texts.

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  bool IsCurrent(const Entry& entry) const;

  const Engine& engine_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  size_t bytes_ = 0;
  std::atomic<uint64_t> hits_{0};    // Relaxed: metrics.
  std::atomic<uint64_t> misses_{0};  // Relaxed: metrics.
};

}  // namespace tenantry::server::popups
