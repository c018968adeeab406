#pragma once
// Report: a LoadResult as JSON, and whether it passes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/load/load_run.h"

namespace tenantry::load {

struct PassRules {
  // Median requests of a connection over those of the worst one. In a closed loop a connection's mean latency is the run's
  // length over its requests, so this also bounds how much slower the worst connection was. 0: not checked.
  double fairness_max = 10;
  double p95_ms_max = 0;  // 0: not checked, as below.
  double mean_ms_max = 0;
  double rate_min = 0;         // Requests per second.
  double error_share_max = 0;  // Of all requests; 0: none may fail.
  int64_t winners = -1;        // So many 2xx, and every other answer 409. -1: not checked.
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

// Empty when the run passes.
std::vector<std::string> FailuresOf(const LoadResult& result, const PassRules& rules);

// One line of JSON.
std::string FormatReport(const LoadPlan& plan, const LoadResult& result,
                         const std::vector<std::string>& failures);

}  // namespace tenantry::load
