#include "server/alerts/alert_monitor.h"

#include <utility>

#include <fmt/format.h>

#include "engine/base/time_format.h"

namespace tenantry::alerts {
namespace {

constexpr size_t kWaitingMax = 64;  // Older posts give way: what is on now matters.

std::string BodyOf(const Change& change, int64_t now_unix_ms) {
  return fmt::format(
      R"({{"alert":"{}","state":"{}","value":{},"limit":{},"time":"{}","service":"tenantry"}})",
      RuleName(change.rule), change.firing ? "firing" : "resolved", change.value, change.limit,
      FormatInstant(now_unix_ms));
}

std::string TextOf(const Change& change) {
  return fmt::format("alert {} {}: {:.3g}, limit {:.3g}", RuleName(change.rule),
                     change.firing ? "firing" : "resolved", change.value, change.limit);
}

}  // namespace

AlertMonitor::AlertMonitor(const Clock& clock, MonitorOptions options)
    : clock_(clock), options_(std::move(options)), rules_(options_.limits) {}

void AlertMonitor::Start() {
  thread_ = Thread("tnt-alerts", [this] { Run(); });
}

AlertMonitor::~AlertMonitor() {
  {
    MutexLock lock(stop_mutex_);
    stop_ = true;
    stop_changed_.NotifyAll();
  }
  thread_.Join();
}

void AlertMonitor::Run() {
  for (;;) {
    {
      MutexLock lock(stop_mutex_);
      if (!stop_) stop_changed_.WaitForMs(stop_mutex_, options_.every_ms);
      if (stop_) return;
    }
    Look();
  }
}

void AlertMonitor::Look() {
  Sample sample = options_.sample();
  sample.now_ms = clock_.NowBootNs() / 1'000'000;
  for (const Change& change : rules_.Add(sample)) {
    firing_[static_cast<size_t>(change.rule)].store(change.firing, std::memory_order_relaxed);
    options_.note(change.firing ? "ERROR" : "INFO", TextOf(change));
    if (!options_.post) continue;
    if (waiting_.size() == kWaitingMax) waiting_.pop_front();
    waiting_.push_back(BodyOf(change, clock_.NowUnixMs()));
  }
  Deliver();
}

// In order, so that a receiver that sees "resolved" has seen "firing".
void AlertMonitor::Deliver() {
  while (!waiting_.empty()) {
    const Status delivered = options_.post(waiting_.front());
    if (!delivered.ok()) {
      options_.note("WARNING", delivered.message());
      break;
    }
    waiting_.pop_front();
  }
  undelivered_.store(waiting_.size(), std::memory_order_relaxed);
}

void AlertMonitor::Collect(metrics::Exposition& out) const {
  out.Family("tenantry_alert_firing", metrics::Type::kGauge,
             "1 while an alert of the server itself is on.");
  for (size_t i = 0; i < kRules; ++i) {
    const bool firing = firing_[i].load(std::memory_order_relaxed);
    out.Sample({{"alert", RuleName(static_cast<Rule>(i))}}, uint64_t{firing ? 1u : 0u});
  }
  out.Gauge("tenantry_alert_posts_waiting", "Alert messages the webhook has not taken yet.",
            undelivered_.load(std::memory_order_relaxed));
}

}  // namespace tenantry::alerts
