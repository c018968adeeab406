#pragma once
// CircuitBreaker: keeps calls away from a target that fails (crosscutting.md R1).
//
//            half of the last calls failed            kRetryAfterMs passed
//   closed ───────────────────────────────▶ open ───────────────────────────▶ half-open
//      ▲                                      ▲                                  │  │
//      │                                      └──────── the probe fails ─────────┘  │
//      └───────────────────────────── the probe succeeds ──────────────────────────┘
//
// Rules    half-open lets one call through; the others are refused until it ends.
// Units    the clock's milliseconds since boot, so that a corrected wall clock opens nothing.
// Threads  Breakers: any. CircuitBreaker: under the lock of its Breakers.
// Owns     its counts. Borrows the clock.

#include <array>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"

namespace tenantry::outbound {

// The seed's figures.
inline constexpr int64_t kCallTimeoutMs = 3'000;
inline constexpr double kOpenAtErrorShare = 0.5;
inline constexpr int64_t kRetryAfterMs = 30'000;
// What the share is taken of: the last minute, and not of one or two calls.
inline constexpr int64_t kWindowMs = 60'000;
inline constexpr uint32_t kCallsMin = 4;

enum class BreakerState : uint8_t { kClosed, kOpen, kHalfOpen };
std::string_view BreakerStateName(BreakerState state);

class CircuitBreaker {
 public:
  // Whether a call may go out now. Each allowed call must be reported.
  bool Allow(int64_t now_ms);
  void Report(bool ok, int64_t now_ms);
  BreakerState state(int64_t now_ms) const;
  // When an open breaker lets the next call through; 0 while closed.
  int64_t retry_at_ms() const { return state_ == BreakerState::kClosed ? 0 : retry_at_ms_; }

 private:
  struct Slice {
    int64_t number = -1;
    uint32_t calls = 0;
    uint32_t errors = 0;
  };
  static constexpr int64_t kSlices = 10;
  void Count(bool ok, int64_t now_ms);
  bool FailsTooOften(int64_t now_ms) const;

  BreakerState state_ = BreakerState::kClosed;
  int64_t retry_at_ms_ = 0;
  bool probing_ = false;
  std::array<Slice, kSlices> slices_;
};

// One breaker per target, such as "https://shop.example:443".
class Breakers {
 public:
  static constexpr size_t kTargetsMax = 4096;  // The least recently called is forgotten.

  explicit Breakers(const Clock& clock) : clock_(clock) {}

  // False when calls to the target are held back; then `wait_ms` says for how long.
  bool Allow(std::string_view target, int64_t* wait_ms);
  void Report(std::string_view target, bool ok);

  struct View {
    std::string target;
    BreakerState state;
  };
  // Those that are not closed first; for metrics and operators.
  std::vector<View> List() const;
  uint32_t CountOf(BreakerState state) const;

 private:
  struct Entry {
    std::string target;
    CircuitBreaker breaker;
  };
  CircuitBreaker& OfLocked(std::string_view target) TNT_REQUIRES(mutex_);
  int64_t NowMs() const { return clock_.NowBootNs() / 1'000'000; }

  const Clock& clock_;
  mutable Mutex mutex_{"breakers"};
  std::list<Entry> entries_ TNT_GUARDED_BY(mutex_);  // Most recently called first.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_target_
      TNT_GUARDED_BY(mutex_);  // Keys are the entries' own.
};

}  // namespace tenantry::outbound
