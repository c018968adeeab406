#pragma once
// AlertMonitor: looks at the server every few seconds, says in the log what began or ended, and posts it to the operator's
// webhook. A post that fails is tried again at every look until it is delivered.
//
// Shape    POST {"alert":"error_rate","state":"firing"|"resolved","value":…,"limit":…,"time":"…","service":"tenantry"}
// Threads  Look() on one thread: after Start() that is its own, which may wait for the webhook. Collect() from any.
// Owns     its thread. Borrows the clock, and what `sample`, `note` and `post` refer to.

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "server/alerts/alert_rules.h"
#include "server/metrics/exposition.h"

namespace tenantry::alerts {

struct MonitorOptions {
  Limits limits;
  int64_t every_ms = 10'000;
  // All three are called by Look().
  std::function<Sample()> sample;  // Without the time.
  std::function<void(std::string_view severity, std::string_view message)> note;
  std::function<Status(const std::string& body)> post;  // Empty: nobody to tell.
};

class AlertMonitor {
 public:
  AlertMonitor(const Clock& clock, MonitorOptions options);
  ~AlertMonitor();

  // Looks every `every_ms` from now on.
  void Start();
  void Look();
  void Collect(metrics::Exposition& out) const;

 private:
  void Run();
  void Deliver();

  const Clock& clock_;
  const MonitorOptions options_;
  std::array<std::atomic<bool>, kRules> firing_{};  // Relaxed: for metrics.
  std::atomic<uint64_t> undelivered_{0};            // Relaxed: for metrics.

  // Look() only.
  AlertRules rules_;
  std::deque<std::string> waiting_;  // Bodies the webhook has not taken yet.

  Mutex stop_mutex_{"alert_stop"};
  CondVar stop_changed_;
  bool stop_ TNT_GUARDED_BY(stop_mutex_) = false;
  Thread thread_;
};

}  // namespace tenantry::alerts
