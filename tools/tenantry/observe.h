#pragma once
// Observe: what watches a running server: its log settings, its alerts, and their metrics.
//
// Threads  construct and destroy on one thread, while the server serves.
// Owns     the alert monitor and its thread. Borrows everything else.

#include "server/access_log.h"
#include "server/alerts/alert_monitor.h"
#include "server/application.h"
#include "server/http/server.h"
#include "tools/config/settings.h"

namespace tenantry::tools {

// What may change while the server runs.
void ApplyLogSettings(const config::ObserveSettings& settings, server::AccessLog* log);

class Observer {
 public:
  // `started_boot_ns`: when this process began to open the data folder.
  Observer(const config::ObserveSettings& settings, const http::Server& server,
           const server::TenantryApplication& application, server::AccessLog& log,
           const Clock& clock, int64_t started_boot_ns, server::Observability* observability);

 private:
  alerts::AlertMonitor monitor_;
};

}  // namespace tenantry::tools
