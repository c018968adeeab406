#pragma once
// CounterDeltas: what one log entry adds to counters. Sums first, then reads each counter once and
// writes its new absolute value, so that replaying the entry changes nothing.
//
// Errors   WriteTo: those of the writer.
// Threads  one at a time.
// Owns     nothing of the names: owner and metric are borrowed until WriteTo returned.

#include <cstdint>
#include <map>
#include <string_view>

#include "engine/base/status.h"
#include "engine/transaction.h"

namespace tenantry::counters {

struct CounterName {
  uint8_t family = 0;
  std::string_view owner;
  std::string_view metric;
  int64_t bucket = 0;
  friend auto operator<=>(const CounterName&, const CounterName&) = default;
};

// Sums stop at the ends of int64 instead of wrapping.
int64_t AddSaturating(int64_t a, int64_t b);

class CounterDeltas {
 public:
  void Add(const CounterName& name, int64_t delta);
  // What Add() collected for a counter so far.
  int64_t Pending(const CounterName& name) const;
  Status WriteTo(SpaceWriter& writer) const;

 private:
  std::map<CounterName, int64_t> deltas_;
};

}  // namespace tenantry::counters
