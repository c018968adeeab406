#pragma once
// AnswerCache: finished answers of GET routes, one cache per loop, so that a hit needs neither view nor handler.
//
// Shape    key -> answer and what proves that it still holds: the log index it was built at, the slots it read
//          (engine/read_recorder.h), the instant at which it changes by time alone, and the lifetime of its class. In
//          class kActivePopups a change of counters alone is let pass for kCountersLagNs (crosscutting.md C6).
//          Two generations: what is used moves to the young one, and a full young one replaces the old. So a flood of
//          keys that nobody asks for twice cannot push out what is asked for.
// Units    bytes of keys, bodies and slots; boot-clock nanoseconds; Unix milliseconds.
// Threads  all methods from any thread; only workers of the same loop ever compete for the lock.
// Owns     its entries, at most `bytes_max` of them. Borrows the engine.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/text_hash.h"
#include "engine/engine.h"
#include "server/coding.h"
#include "server/http/route.h"

namespace tenantry::server {

// A 200 answer before it is fitted to a request. Once it is shared, only `coded` changes.
struct Answer {
  std::string content_type;
  std::string tag;
  std::vector<std::pair<std::string, std::string>>
      headers;  // Cache-Control, and the handler's own.
  std::shared_ptr<const std::string> body;
  CodedBodies coded;
};

inline constexpr size_t kCacheClasses = static_cast<size_t>(http::CacheClass::kScript) + 1;

// How long an answer of a class may be reused (crosscutting.md C1-C5); 0 for a class that is not kept.
int64_t LifetimeMs(http::CacheClass cache_class);
// "active_popups", for metrics.
std::string_view CacheClassName(http::CacheClass cache_class);

// Lookups since the start, by class. A miss is a request that ran its handler.
struct CacheCounts {
  std::array<uint64_t, kCacheClasses> hits{};
  std::array<uint64_t, kCacheClasses> misses{};
  uint64_t bytes = 0;
};

class AnswerCache {
 public:
  static constexpr int64_t kCountersLagNs = 1'000'000'000;

  struct Entry {
    std::shared_ptr<Answer> answer;
    SpaceId space;  // The tenant it is about, for the log.
    uint64_t built_index = 0;
    int64_t built_boot_ns = 0;
    int64_t built_unix_ms = 0;
    int64_t changes_at_unix_ms = 0;  // Read only when depends_on_time.
    bool depends_on_time = false;
    http::CacheClass cache_class = http::CacheClass::kNone;
    std::vector<uint32_t> rows;
    std::vector<uint32_t> counters;
  };

  AnswerCache(const Engine& engine, size_t bytes_max) : engine_(engine), bytes_max_(bytes_max) {}

  // The answer, when one is kept and still holds; counts a hit or, with `counted`, a miss.
  std::shared_ptr<Answer> Find(std::string_view key, http::CacheClass cache_class, bool counted)
      TNT_EXCLUDES(mutex_);
  void Put(std::string key, Entry entry) TNT_EXCLUDES(mutex_);
  void AddCounts(CacheCounts* counts) const TNT_EXCLUDES(mutex_);

 private:
  struct Generation {
    std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries;
    size_t bytes = 0;
  };
  static size_t Cost(std::string_view key, const Entry& entry);
  bool Holds(const Entry& entry) const;
  void InsertLocked(std::string key, Entry entry) TNT_REQUIRES(mutex_);

  const Engine& engine_;
  const size_t bytes_max_;
  std::array<std::atomic<uint64_t>, kCacheClasses> hits_{};    // Relaxed: metrics.
  std::array<std::atomic<uint64_t>, kCacheClasses> misses_{};  // Relaxed: metrics.
  mutable Mutex mutex_{"answer_cache"};
  Generation young_ TNT_GUARDED_BY(mutex_);
  Generation old_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry::server
