// Must not compile: a command names no tenant.
#include "engine/engine.h"

tenantry::Outcome Command(tenantry::Engine& engine) {
  return engine.Execute({}, tenantry::ReadTier::kInline,
                        [](tenantry::Transaction&) { return tenantry::Status::Ok(); });
}
