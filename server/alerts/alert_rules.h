#pragma once
// AlertRules: which of the four alerts of crosscutting.md O2 are on, from samples of what the server counts.
//
//   quiet ──over the limit──▶ pending ──for 300 s without a break──▶ firing ──once below──▶ quiet (resolved)
//
// Shape    rates and latencies are taken between a sample and the newest one at least a minute older; shares of workers and
//          connections are those of the sample.
// Units    the clock of the samples in milliseconds; shares from 0 to 1; latency in seconds.
// Threads  one at a time.
// Owns     a few minutes of samples.

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "server/metrics/request_metrics.h"

namespace tenantry::alerts {

struct Sample {
  int64_t now_ms = 0;
  metrics::RequestTotals requests;
  double worker_share = 0;      // Workers that run a request, of all.
  double connection_share = 0;  // Open connections, of the limit.
};

struct Limits {
  double error_share = 0.05;  // 5xx of all replies.
  double p95_seconds = 2;
  double worker_share = 0.8;
  double connection_share = 0.8;
  int64_t hold_ms = 300'000;
};

enum class Rule : uint8_t { kErrorRate, kSlowReplies, kSaturation, kConnections };
inline constexpr size_t kRules = 4;
std::string_view RuleName(Rule rule);

struct Change {
  Rule rule;
  bool firing;  // False: resolved.
  double value;
  double limit;
};

class AlertRules {
 public:
  explicit AlertRules(const Limits& limits) : limits_(limits) {}

  // What began or ended with this sample.
  std::vector<Change> Add(const Sample& sample);
  bool firing(Rule rule) const { return states_[static_cast<size_t>(rule)].firing; }

 private:
  struct State {
    int64_t over_since_ms = -1;  // -1: not over the limit.
    bool firing = false;
  };
  void Judge(Rule rule, double value, double limit, int64_t now_ms, std::vector<Change>* changes);

  const Limits limits_;
  std::deque<Sample> samples_;
  std::array<State, kRules> states_;
};

}  // namespace tenantry::alerts
