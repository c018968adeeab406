#pragma once
// Clock: the only source of time. Business time is the wall clock; deadlines use the boot clock, which neither
// steps back nor stops while the machine sleeps.
//
// Units    Unix milliseconds UTC; boot clock in nanoseconds since an arbitrary start.
// Threads  all methods from any thread.

#include <atomic>
#include <cstdint>

namespace tenantry {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowUnixMs() const = 0;
  virtual int64_t NowBootNs() const = 0;
};

// The clocks of the operating system.
class SystemClock final : public Clock {
 public:
  int64_t NowUnixMs() const override;
  int64_t NowBootNs() const override;
};

// Another clock, moved by a distance that may change: how demo data gets a past through the ordinary commands.
class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(const Clock& base) : base_(base) {}
  int64_t NowUnixMs() const override {
    return base_.NowUnixMs() + shift_ms_.load(std::memory_order_relaxed);
  }
  int64_t NowBootNs() const override { return base_.NowBootNs(); }
  void SetShiftMs(int64_t shift_ms) { shift_ms_.store(shift_ms, std::memory_order_relaxed); }

 private:
  const Clock& base_;
  std::atomic<int64_t> shift_ms_{0};  // Relaxed: a value, not an order.
};

// A clock that moves only when told; both faces move together.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_unix_ms) : unix_ms_(start_unix_ms) {}
  int64_t NowUnixMs() const override { return unix_ms_.load(std::memory_order_relaxed); }
  int64_t NowBootNs() const override { return NowUnixMs() * 1'000'000; }
  void AdvanceMs(int64_t delta_ms) { unix_ms_.fetch_add(delta_ms, std::memory_order_relaxed); }
  void SetUnixMs(int64_t unix_ms) { unix_ms_.store(unix_ms, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> unix_ms_;  // Relaxed: readers need a value, not an order.
};

}  // namespace tenantry
