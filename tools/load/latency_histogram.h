#pragma once
// LatencyHistogram: durations in buckets whose width is at most 1/128 of their value, so quantiles are within 0.8 %.
//
// Units    nanoseconds.
// Threads  one at a time.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace tenantry::load {

class LatencyHistogram {
 public:
  void Add(int64_t latency_ns) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(latency_ns, 0));
    ++buckets_[BucketOf(value)];
    ++count_;
    max_ = std::max(max_, value);
    sum_ += static_cast<double>(value);
  }

  uint64_t count() const { return count_; }
  uint64_t max_ns() const { return max_; }
  double mean_ns() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  // The smallest bucket bound that `quantile` of all values do not exceed; 0 without values.
  uint64_t QuantileNs(double quantile) const {
    const auto rank = static_cast<uint64_t>(quantile * static_cast<double>(count_));
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > rank) return std::min(UpperBound(i), max_);
    }
    return max_;
  }
  // Visits the upper bound and the count of every bucket that holds something.
  template <class F>
  void Visit(const F& visit) const {
    for (size_t i = 0; i < buckets_.size(); ++i) {
      if (buckets_[i] > 0) visit(UpperBound(i), buckets_[i]);
    }
  }

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr uint64_t kSub = uint64_t{1} << kSubBits;

  // Values below kSub are exact; above, kSub buckets per power of two.
  static size_t BucketOf(uint64_t value) {
    if (value < kSub) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    return (shift + 1) * kSub + ((value >> shift) - kSub);
  }
  static uint64_t UpperBound(size_t bucket) {
    if (bucket < kSub) return bucket;
    const unsigned shift = static_cast<unsigned>(bucket / kSub) - 1;
    return ((kSub + bucket % kSub + 1) << shift) - 1;
  }

  std::array<uint64_t, kSub*(64 - kSubBits + 1)> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace tenantry::load
