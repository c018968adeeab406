#include "server/outbound/circuit_breaker.h"

#include <algorithm>

namespace tenantry::outbound {

std::string_view BreakerStateName(BreakerState state) {
  switch (state) {
    case BreakerState::kOpen:
      return "open";
    case BreakerState::kHalfOpen:
      return "half_open";
    case BreakerState::kClosed:
      break;
  }
  return "closed";
}

BreakerState CircuitBreaker::state(int64_t now_ms) const {
  if (state_ == BreakerState::kOpen && now_ms >= retry_at_ms_) return BreakerState::kHalfOpen;
  return state_;
}

bool CircuitBreaker::Allow(int64_t now_ms) {
  state_ = state(now_ms);
  if (state_ == BreakerState::kClosed) return true;
  if (state_ == BreakerState::kOpen) return false;
  if (probing_ && now_ms < retry_at_ms_) return false;
  // A probe that never reports, for whatever reason, must not keep the target closed off for ever.
  probing_ = true;
  retry_at_ms_ = now_ms + kRetryAfterMs;
  return true;
}

void CircuitBreaker::Report(bool ok, int64_t now_ms) {
  if (state_ == BreakerState::kClosed) {
    Count(ok, now_ms);
    if (ok || !FailsTooOften(now_ms)) return;
  } else if (ok) {
    *this = CircuitBreaker();
    return;
  }
  state_ = BreakerState::kOpen;
  retry_at_ms_ = now_ms + kRetryAfterMs;
  probing_ = false;
}

void CircuitBreaker::Count(bool ok, int64_t now_ms) {
  const int64_t number = now_ms / (kWindowMs / kSlices);
  Slice& slice = slices_[static_cast<size_t>(number % kSlices)];
  if (slice.number != number) slice = {number, 0, 0};
  ++slice.calls;
  if (!ok) ++slice.errors;
}

bool CircuitBreaker::FailsTooOften(int64_t now_ms) const {
  const int64_t oldest = now_ms / (kWindowMs / kSlices) - kSlices + 1;
  uint32_t calls = 0;
  uint32_t errors = 0;
  for (const Slice& slice : slices_) {
    if (slice.number < oldest) continue;
    calls += slice.calls;
    errors += slice.errors;
  }
  return calls >= kCallsMin && errors >= kOpenAtErrorShare * calls;
}

CircuitBreaker& Breakers::OfLocked(std::string_view target) {
  if (const auto known = by_target_.find(target); known != by_target_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return known->second->breaker;
  }
  if (entries_.size() == kTargetsMax) {
    by_target_.erase(entries_.back().target);
    entries_.pop_back();
  }
  entries_.push_front({std::string(target), {}});
  by_target_.emplace(entries_.front().target, entries_.begin());
  return entries_.front().breaker;
}

bool Breakers::Allow(std::string_view target, int64_t* wait_ms) {
  MutexLock lock(mutex_);
  const int64_t now_ms = NowMs();
  CircuitBreaker& breaker = OfLocked(target);
  if (breaker.Allow(now_ms)) return true;
  *wait_ms = std::max<int64_t>(breaker.retry_at_ms() - now_ms, 1);
  return false;
}

void Breakers::Report(std::string_view target, bool ok) {
  MutexLock lock(mutex_);
  OfLocked(target).Report(ok, NowMs());
}

std::vector<Breakers::View> Breakers::List() const {
  MutexLock lock(mutex_);
  std::vector<View> views;
  for (const Entry& entry : entries_) {
    views.push_back({entry.target, entry.breaker.state(NowMs())});
  }
  std::stable_partition(views.begin(), views.end(),
                        [](const View& view) { return view.state != BreakerState::kClosed; });
  return views;
}

uint32_t Breakers::CountOf(BreakerState state) const {
  MutexLock lock(mutex_);
  uint32_t count = 0;
  for (const Entry& entry : entries_) count += entry.breaker.state(NowMs()) == state ? 1 : 0;
  return count;
}

}  // namespace tenantry::outbound
