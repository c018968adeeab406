#include "tools/tenantry/reload.h"

#include "tools/tenantry/observe.h"

namespace tenantry::tools {

void Reload(const config::Sources& sources, const LiveParts& parts, config::Settings* settings) {
  const auto refuse = [&](const Status& status) {
    parts.log.Note("ERROR",
                   "reload refused, the old settings stay: " + std::string(status.message()));
  };
  const Result<config::Configuration> loaded = config::Load(sources);
  if (!loaded.ok()) return refuse(loaded.status());
  const bool wants_tls = !loaded->settings.http.tls_cert.empty();
  if (wants_tls != parts.server.encrypted()) {
    parts.log.Note("WARNING", "needs a restart: TLS switched on or off");
  } else if (wants_tls) {
    if (const Status tls = parts.server.ReloadTls(loaded->settings.http); !tls.ok()) {
      return refuse(tls);
    }
  }
  if (const Status applied = parts.gate.Apply(loaded->settings.limits); !applied.ok()) {
    return refuse(applied);
  }
  parts.server.Adjust(loaded->settings.http);
  size_t live = 0;
  for (const config::Difference& difference : config::Compare(*settings, loaded->settings)) {
    if (!difference.setting->live) {
      parts.log.Note("WARNING", "needs a restart: " + difference.text);
      continue;
    }
    ++live;
    parts.log.Note("INFO", "setting changed: " + difference.text);
    const Status kept =
        difference.setting->set(difference.setting->get(loaded->settings), settings);
    if (!kept.ok()) return refuse(kept);
  }
  ApplyLogSettings(settings->observe, &parts.log);
  parts.log.Note("INFO", "reloaded: " + std::to_string(live) + " settings changed");
}

}  // namespace tenantry::tools
