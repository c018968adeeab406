#include "server/answer_cache.h"

#include "engine/work_trace.h"

namespace tenantry::server {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr size_t kEntryBytes = 512;  // What an entry costs besides its texts.

}  // namespace

int64_t LifetimeMs(http::CacheClass cache_class) {
  switch (cache_class) {
    case http::CacheClass::kActivePopups:
    case http::CacheClass::kPopup:
      return 5 * kMinuteMs;
    case http::CacheClass::kPopupStats:
    case http::CacheClass::kShopStats:
    case http::CacheClass::kGymPublic:
      return kMinuteMs;
    case http::CacheClass::kScript:
      return 60 * kMinuteMs;
    case http::CacheClass::kNone:
      break;
  }
  return 0;
}

std::string_view CacheClassName(http::CacheClass cache_class) {
  switch (cache_class) {
    case http::CacheClass::kActivePopups:
      return "active_popups";
    case http::CacheClass::kPopup:
      return "popup";
    case http::CacheClass::kPopupStats:
      return "popup_stats";
    case http::CacheClass::kShopStats:
      return "shop_stats";
    case http::CacheClass::kGymPublic:
      return "gym_public";
    case http::CacheClass::kScript:
      return "script";
    case http::CacheClass::kNone:
      break;
  }
  return "none";
}

bool AnswerCache::Holds(const Entry& entry) const {
  const int64_t age_ns = engine_.clock().NowBootNs() - entry.built_boot_ns;
  if (age_ns >= LifetimeMs(entry.cache_class) * 1'000'000) return false;
  if (entry.depends_on_time) {
    const int64_t now_ms = engine_.clock().NowUnixMs();
    // A clock that was set back makes past instants future again.
    if (now_ms >= entry.changes_at_unix_ms || now_ms < entry.built_unix_ms) return false;
  }
  if (!engine_.UnchangedSince(entry.rows, entry.built_index)) return false;
  const bool may_lag = entry.cache_class == http::CacheClass::kActivePopups;
  return (may_lag && age_ns < kCountersLagNs) ||
         engine_.UnchangedSince(entry.counters, entry.built_index);
}

std::shared_ptr<Answer> AnswerCache::Find(std::string_view key, http::CacheClass cache_class,
                                          bool counted) {
  const size_t row = static_cast<size_t>(cache_class);
  {
    MutexLock lock(mutex_);
    if (const auto at = young_.entries.find(key); at != young_.entries.end()) {
      if (Holds(at->second)) {
        hits_[row].fetch_add(1, std::memory_order_relaxed);
        WorkTrace::NoteSpace(at->second.space);
        return at->second.answer;
      }
    } else if (const auto before = old_.entries.find(key); before != old_.entries.end()) {
      if (Holds(before->second)) {
        auto node = old_.entries.extract(before);
        old_.bytes -= Cost(node.key(), node.mapped());
        WorkTrace::NoteSpace(node.mapped().space);
        const std::shared_ptr<Answer> answer = node.mapped().answer;
        InsertLocked(std::move(node.key()), std::move(node.mapped()));
        hits_[row].fetch_add(1, std::memory_order_relaxed);
        return answer;
      }
    }
  }
  if (counted) misses_[row].fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

size_t AnswerCache::Cost(std::string_view key, const Entry& entry) {
  // Twice the body: its compressed forms join it later.
  return kEntryBytes + key.size() + 2 * entry.answer->body->size() +
         (entry.rows.size() + entry.counters.size()) * sizeof(uint32_t);
}

void AnswerCache::Put(std::string key, Entry entry) {
  // One answer must not push out everything else.
  if (Cost(key, entry) > bytes_max_ / 8) return;
  MutexLock lock(mutex_);
  InsertLocked(std::move(key), std::move(entry));
}

void AnswerCache::InsertLocked(std::string key, Entry entry) {
  if (const auto at = young_.entries.find(key); at != young_.entries.end()) {
    young_.bytes -= Cost(at->first, at->second);
    young_.bytes += Cost(key, entry);
    at->second = std::move(entry);
    return;
  }
  const size_t cost = Cost(key, entry);
  if (young_.bytes + cost > bytes_max_ / 2) {
    old_ = std::move(young_);
    young_ = {};
  }
  young_.bytes += cost;
  young_.entries.emplace(std::move(key), std::move(entry));
}

void AnswerCache::AddCounts(CacheCounts* counts) const {
  for (size_t i = 0; i < kCacheClasses; ++i) {
    counts->hits[i] += hits_[i].load(std::memory_order_relaxed);
    counts->misses[i] += misses_[i].load(std::memory_order_relaxed);
  }
  MutexLock lock(mutex_);
  counts->bytes += young_.bytes + old_.bytes;
}

}  // namespace tenantry::server
