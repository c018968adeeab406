// Compiles: shows that the others fail for their own reason.
#include "engine/engine.h"

tenantry::Outcome Command(tenantry::Engine& engine, const tenantry::TenantRef& tenant) {
  return engine.Execute(tenant, {}, tenantry::ReadTier::kInline,
                        [](tenantry::Transaction&) { return tenantry::Status::Ok(); });
}
