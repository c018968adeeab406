#pragma once
// Report: a LoadResult as JSON, and whether it passes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/load_run.h"

namespace tenantry::load {

struct PassRules {
  // Median requests of a connection over those of the worst one. In a closed loop a connection's mean latency is the run's
  // length over its requests, so this also bounds how much slower the worst connection was. 0: not checked.
  double fairness_max = 10;
  double p95_ms_max = 0;  // 0: not checked.
  double rate_min = 0;    // Requests per second.
};

struct Fairness {
  uint64_t requests_min = 0;
  uint64_t requests_median = 0;
  uint64_t requests_max = 0;
  double worst_latency_ms_median = 0;  // Over connections, of each one's slowest reply.
  double worst_latency_ms_max = 0;
  std::optional<double> ratio;  // Median over minimum; none when a connection got nothing.
};
Fairness FairnessOf(const LoadResult& result);

// Empty when the run passes. Errors never pass.
std::vector<std::string> FailuresOf(const LoadResult& result, const PassRules& rules);

std::string FormatReport(const LoadPlan& plan, const LoadResult& result,
                         const std::vector<std::string>& failures);

}  // namespace tenantry::load
