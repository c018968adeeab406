#include "tools/tenantry/observe.h"

#include <memory>

#include "server/alerts/alert_post.h"
#include "server/core_metrics.h"

namespace tenantry::tools {
namespace {

alerts::MonitorOptions MonitorOptionsFor(const config::ObserveSettings& settings,
                                         const http::Server& server,
                                         const server::TenantryApplication& application,
                                         server::AccessLog& log, const Clock& clock) {
  alerts::MonitorOptions monitor;
  monitor.sample = [&server, &application] {
    alerts::Sample sample;
    sample.requests = application.request_metrics().Totals();
    sample.worker_share =
        static_cast<double>(server.workers_busy()) / static_cast<double>(server.workers());
    sample.connection_share =
        static_cast<double>(server.connections()) / static_cast<double>(server.connections_max());
    return sample;
  };
  monitor.note = [&log](std::string_view severity, std::string_view message) {
    log.Note(severity, message);
  };
  if (!settings.alert_webhook.empty()) {
    const auto post = std::make_shared<alerts::AlertPost>(clock, settings.alert_webhook);
    monitor.post = [post](const std::string& body) { return post->Send(body); };
  }
  return monitor;
}

}  // namespace

void ApplyLogSettings(const config::ObserveSettings& settings, server::AccessLog* log) {
  log->SetLevel(server::ParseLogLevel(settings.log_level).value_or(server::LogLevel::kInfo));
  log->SetSlowMs(settings.slow_query_ms);
}

Observer::Observer(const config::ObserveSettings& settings, const http::Server& server,
                   const server::TenantryApplication& application, server::AccessLog& log,
                   const Clock& clock, int64_t started_boot_ns,
                   server::Observability* observability)
    : monitor_(clock, MonitorOptionsFor(settings, server, application, log, clock)) {
  server::AddHttpMetrics(server, observability);
  const double start_seconds = static_cast<double>(clock.NowBootNs() - started_boot_ns) / 1e9;
  observability->metrics.Add([start_seconds](metrics::Exposition& out) {
    out.Gauge("tenantry_start_duration_seconds",
              "From the start, through recovery, to the first request that could be answered.",
              start_seconds);
  });
  observability->metrics.Add([this](metrics::Exposition& out) { monitor_.Collect(out); });
  monitor_.Start();
}

}  // namespace tenantry::tools
