#pragma once
// ResultHash: folds what a bench computed into one number and shows it beside the times, so that neither the compiler nor
// a later edit can leave the work out unnoticed.

#include <cstdint>
#include <string_view>

#include <benchmark/benchmark.h>

#include "engine/base/checksum.h"

namespace tenantry::bench {

class ResultHash {
 public:
  void Add(std::string_view bytes) { hash_ = Hash64(bytes, hash_); }
  void Add(uint64_t value) { hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15u; }
  void Report(benchmark::State& state) const {
    state.counters["result_hash"] = static_cast<double>(hash_ & 0xFFFFFFFF);
  }

 private:
  uint64_t hash_ = 1;
};

}  // namespace tenantry::bench
