#pragma once
// RateLimiter: exact fixed-window counters in memory, one per (client, scope) or (client, scope, part).
//
// Shape    64 shards chosen by client, each a hash table under a lock of its own. A window is opened by the first request
//          that finds none open and lasts `window_ns`; of all requests in it exactly `limit` pass, however many threads
//          ask. A client's own counter and that of a part of it (one popup) are in one shard, so both are decided at once.
// Units    nanoseconds of the boot clock.
// Errors   none. At `counters_max` live counters new keys share one overflow counter per scope; a live counter is never
//          evicted, so a flood of addresses cannot give an attacker a fresh window.
// Threads  all methods from any thread.
// Owns     its tables: at most 32 bytes × 2 × counters_max, allocated as they fill.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"

namespace tenantry::limits {

// What is counted; the overflow counters are per scope.
struct RateKey {
  uint64_t client = 0;  // An IPv4 address, an IPv6 /64, or a hash of something else.
  uint64_t part = 0;    // 0: the client as a whole.
  uint8_t scope = 0;    // Below RateLimiter::kScopes.
  uint8_t kind = 0;     // Keeps clients of different kinds apart.
  friend bool operator==(const RateKey&, const RateKey&) = default;
};

struct RateDecision {
  bool allowed = true;
  uint32_t limit = 0;
  uint32_t remaining = 0;
  int64_t reset_ns = 0;  // Until the window ends.
  bool of_part = false;  // Of CountBoth(): the part's counter decided.
};

class RateLimiter {
 public:
  static constexpr size_t kScopes = 16;

  // `seed` keeps outsiders from choosing addresses that collide.
  RateLimiter(size_t counters_max, uint64_t seed);

  // Counts one request if it may pass. `limit` must be positive.
  RateDecision Count(const RateKey& key, uint32_t limit, int64_t window_ns, int64_t now_ns);
  // Counts against both counters or against neither; `whole` and `part` have the same client. Answers with the one that
  // refuses, else with the one that has less left.
  RateDecision CountBoth(const RateKey& whole, uint32_t whole_limit, const RateKey& part,
                         uint32_t part_limit, int64_t window_ns, int64_t now_ns);

  // For metrics and tests. Counters whose window has ended are kept until their room is needed.
  size_t counters() const;
  size_t memory_bytes() const;
  uint64_t overflows() const;

 private:
  static constexpr size_t kShards = 64;

  struct Slot {
    uint64_t client = 0;
    uint64_t part = 0;
    int64_t end_ns = 0;  // 0: never used.
    uint32_t count = 0;
    uint8_t scope = 0;
    uint8_t kind = 0;
  };
  struct alignas(64) Shard {
    mutable Mutex mutex{"rate_limiter"};
    std::vector<Slot> slots TNT_GUARDED_BY(mutex);
    size_t used TNT_GUARDED_BY(mutex) = 0;
    // A full shard is not searched for ended counters before this.
    int64_t next_sweep_ns TNT_GUARDED_BY(mutex) = 0;
  };

  uint64_t HashOf(const RateKey& key) const;
  Shard& ShardOf(uint64_t client);
  // Grows or sweeps until `counters` more fit, if they can.
  void EnsureRoom(Shard& shard, size_t counters, int64_t now_ns) TNT_REQUIRES(shard.mutex);
  void Rebuild(Shard& shard, size_t size, int64_t now_ns) TNT_REQUIRES(shard.mutex);
  // The counter of `key` in a window that is open now; null when the shard is full of live ones.
  Slot* Find(Shard& shard, const RateKey& key, int64_t window_ns, int64_t now_ns)
      TNT_REQUIRES(shard.mutex);
  Slot* Overflow(const RateKey& key, int64_t window_ns, int64_t now_ns)
      TNT_REQUIRES(overflow_mutex_);

  const size_t shard_max_;  // Used slots of a shard.
  const size_t slots_max_;  // A power of two that leaves probes short when `shard_max_` are used.
  const uint64_t seed_;
  std::array<Shard, kShards> shards_;
  mutable Mutex overflow_mutex_{"rate_overflow"};  // Taken after a shard's.
  std::array<Slot, kScopes> overflow_ TNT_GUARDED_BY(overflow_mutex_);
  uint64_t overflows_ TNT_GUARDED_BY(overflow_mutex_) = 0;
};

}  // namespace tenantry::limits
