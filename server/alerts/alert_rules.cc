#include "server/alerts/alert_rules.h"

namespace tenantry::alerts {
namespace {

constexpr int64_t kSpanMs = 60'000;   // Over which rates and latencies are taken.
constexpr uint64_t kRepliesMin = 20;  // One failure of a handful of requests is no error rate.
constexpr double kQuantile = 0.95;

}  // namespace

std::string_view RuleName(Rule rule) {
  switch (rule) {
    case Rule::kErrorRate:
      return "error_rate";
    case Rule::kSlowReplies:
      return "slow_replies";
    case Rule::kSaturation:
      return "saturation";
    case Rule::kConnections:
      break;
  }
  return "connections";
}

std::vector<Change> AlertRules::Add(const Sample& sample) {
  samples_.push_back(sample);
  while (samples_.size() > 2 && samples_[1].now_ms <= sample.now_ms - kSpanMs) samples_.pop_front();
  const metrics::RequestTotals recent = sample.requests - samples_.front().requests;
  const bool enough = recent.replies >= kRepliesMin;
  const double error_share =
      enough ? static_cast<double>(recent.server_errors) / static_cast<double>(recent.replies) : 0;
  const double p95_seconds = enough ? metrics::LatencyQuantile(recent, kQuantile) : 0;
  std::vector<Change> changes;
  Judge(Rule::kErrorRate, error_share, limits_.error_share, sample.now_ms, &changes);
  Judge(Rule::kSlowReplies, p95_seconds, limits_.p95_seconds, sample.now_ms, &changes);
  Judge(Rule::kSaturation, sample.worker_share, limits_.worker_share, sample.now_ms, &changes);
  Judge(Rule::kConnections, sample.connection_share, limits_.connection_share, sample.now_ms,
        &changes);
  return changes;
}

void AlertRules::Judge(Rule rule, double value, double limit, int64_t now_ms,
                       std::vector<Change>* changes) {
  State& state = states_[static_cast<size_t>(rule)];
  if (value <= limit) {
    state.over_since_ms = -1;
    if (!state.firing) return;
    state.firing = false;
    changes->push_back({rule, false, value, limit});
    return;
  }
  if (state.over_since_ms < 0) state.over_since_ms = now_ms;
  if (state.firing || now_ms - state.over_since_ms < limits_.hold_ms) return;
  state.firing = true;
  changes->push_back({rule, true, value, limit});
}

}  // namespace tenantry::alerts
