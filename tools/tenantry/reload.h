#pragma once
// Reload: what SIGHUP does. Reads the sources again and hands out the live settings that changed; a file with a mistake
// changes nothing.

#include "server/access_log.h"
#include "server/http/server.h"
#include "server/limits/gate.h"
#include "tools/config/configuration.h"

namespace tenantry::tools {

// Who is told about changed settings.
struct LiveParts {
  server::AccessLog& log;
  limits::Gate& gate;
  http::Server& server;
};

// Logs what changed, what needs a restart, or why nothing changed. `settings` are those in force.
void Reload(const config::Sources& sources, const LiveParts& parts, config::Settings* settings);

}  // namespace tenantry::tools
