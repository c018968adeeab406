#include "server/limits/rate_limiter.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/checksum.h"

namespace tenantry::limits {
namespace {

constexpr size_t kFirstSlots = 16;
// A full shard is searched at most this often, so that a flood of new addresses cannot make every request pay for it.
constexpr int64_t kSweepPauseNs = 250'000'000;

// Used slots at which probing gets slow.
size_t Load(size_t slots) {
  return slots / 8 * 7;
}

template <class Slot>
bool Holds(const Slot& slot, const RateKey& key) {
  return slot.client == key.client && slot.part == key.part && slot.scope == key.scope &&
         slot.kind == key.kind;
}

template <class Slot>
Slot* Reopen(Slot* slot, const RateKey& key, int64_t window_ns, int64_t now_ns) {
  *slot = {key.client, key.part, now_ns + window_ns, 0, key.scope, key.kind};
  return slot;
}

template <class Slot>
RateDecision DecisionOf(const Slot& slot, bool allowed, uint32_t limit, int64_t now_ns) {
  return {allowed, limit, limit > slot.count ? limit - slot.count : 0,
          std::max<int64_t>(1, slot.end_ns - now_ns), false};
}

}  // namespace

RateLimiter::RateLimiter(size_t counters_max, uint64_t seed)
    : shard_max_(std::max<size_t>(kFirstSlots, counters_max / kShards)),
      slots_max_(std::bit_ceil(shard_max_ * 8 / 7 + 1)),
      seed_(seed) {}

uint64_t RateLimiter::HashOf(const RateKey& key) const {
  char bytes[18];
  std::memcpy(bytes, &key.client, 8);
  std::memcpy(bytes + 8, &key.part, 8);
  bytes[16] = static_cast<char>(key.scope);
  bytes[17] = static_cast<char>(key.kind);
  return Hash64({bytes, sizeof bytes}, seed_);
}

RateLimiter::Shard& RateLimiter::ShardOf(uint64_t client) {
  char bytes[8];
  std::memcpy(bytes, &client, 8);
  return shards_[Hash64({bytes, sizeof bytes}, ~seed_) % kShards];
}

RateDecision RateLimiter::Count(const RateKey& key, uint32_t limit, int64_t window_ns,
                                int64_t now_ns) {
  const auto count = [&](Slot* slot) {
    const bool allowed = slot->count < limit;
    if (allowed) ++slot->count;
    return DecisionOf(*slot, allowed, limit, now_ns);
  };
  Shard& shard = ShardOf(key.client);
  MutexLock lock(shard.mutex);
  EnsureRoom(shard, 1, now_ns);
  if (Slot* slot = Find(shard, key, window_ns, now_ns)) return count(slot);
  MutexLock overflow(overflow_mutex_);
  return count(Overflow(key, window_ns, now_ns));
}

RateDecision RateLimiter::CountBoth(const RateKey& whole, uint32_t whole_limit, const RateKey& part,
                                    uint32_t part_limit, int64_t window_ns, int64_t now_ns) {
  TNT_CHECK(whole.client == part.client);
  const auto count = [&](Slot* all, Slot* one) {
    const bool all_passes = all->count < whole_limit;
    const bool one_passes = one->count < part_limit;
    if (all_passes && one_passes) {
      ++all->count;
      ++one->count;
    }
    const RateDecision of_all = DecisionOf(*all, all_passes, whole_limit, now_ns);
    RateDecision of_one = DecisionOf(*one, one_passes, part_limit, now_ns);
    of_one.of_part = true;
    if (!all_passes) return of_all;
    if (!one_passes) return of_one;
    return of_one.remaining < of_all.remaining ? of_one : of_all;
  };
  Shard& shard = ShardOf(whole.client);
  MutexLock lock(shard.mutex);
  EnsureRoom(shard, 2, now_ns);
  Slot* all = Find(shard, whole, window_ns, now_ns);
  // A refused client opens no further counters.
  if (all && all->count >= whole_limit) return DecisionOf(*all, false, whole_limit, now_ns);
  Slot* one = Find(shard, part, window_ns, now_ns);
  if (all && one) return count(all, one);
  MutexLock overflow(overflow_mutex_);
  if (!all) all = Overflow(whole, window_ns, now_ns);
  if (!one) one = Overflow(part, window_ns, now_ns);
  return count(all, one);
}

RateLimiter::Slot* RateLimiter::Find(Shard& shard, const RateKey& key, int64_t window_ns,
                                     int64_t now_ns) {
  const size_t mask = shard.slots.size() - 1;
  Slot* ended = nullptr;
  for (size_t at = HashOf(key) & mask;; at = (at + 1) & mask) {
    Slot& slot = shard.slots[at];
    if (slot.end_ns == 0) {
      if (ended) return Reopen(ended, key, window_ns, now_ns);
      if (shard.used >= shard_max_) return nullptr;
      ++shard.used;
      return Reopen(&slot, key, window_ns, now_ns);
    }
    const bool live = now_ns < slot.end_ns;
    if (Holds(slot, key)) return live ? &slot : Reopen(&slot, key, window_ns, now_ns);
    if (!live && !ended) ended = &slot;
  }
}

RateLimiter::Slot* RateLimiter::Overflow(const RateKey& key, int64_t window_ns, int64_t now_ns) {
  ++overflows_;
  Slot& slot = overflow_[key.scope];
  if (now_ns < slot.end_ns) return &slot;
  return Reopen(&slot, {.scope = key.scope}, window_ns, now_ns);
}

void RateLimiter::EnsureRoom(Shard& shard, size_t counters, int64_t now_ns) {
  if (shard.used + counters <= std::min(Load(shard.slots.size()), shard_max_)) return;
  if (shard.slots.size() < slots_max_) {
    return Rebuild(shard, std::max(kFirstSlots, shard.slots.size() * 2), now_ns);
  }
  if (now_ns >= shard.next_sweep_ns) Rebuild(shard, shard.slots.size(), now_ns);
}

// Keeps live counters only.
void RateLimiter::Rebuild(Shard& shard, size_t size, int64_t now_ns) {
  std::vector<Slot> old(size);
  old.swap(shard.slots);
  shard.used = 0;
  int64_t first_end_ns = INT64_MAX;
  for (const Slot& slot : old) {
    if (slot.end_ns <= now_ns) continue;
    size_t at = HashOf({slot.client, slot.part, slot.scope, slot.kind}) & (size - 1);
    while (shard.slots[at].end_ns != 0) at = (at + 1) & (size - 1);
    shard.slots[at] = slot;
    ++shard.used;
    first_end_ns = std::min(first_end_ns, slot.end_ns);
  }
  shard.next_sweep_ns = std::max(first_end_ns, now_ns + kSweepPauseNs);
  if (shard.used == 0) shard.next_sweep_ns = now_ns + kSweepPauseNs;
}

size_t RateLimiter::counters() const {
  size_t total = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    total += shard.used;
  }
  return total;
}

size_t RateLimiter::memory_bytes() const {
  size_t slots = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    slots += shard.slots.capacity();
  }
  return slots * sizeof(Slot) + sizeof *this;
}

uint64_t RateLimiter::overflows() const {
  MutexLock lock(overflow_mutex_);
  return overflows_;
}

}  // namespace tenantry::limits
