// Must not compile: only the directory makes a TenantRef.
#include "engine/engine.h"

tenantry::TenantRef Forge() {
  return tenantry::TenantRef(tenantry::SpaceId(7));
}
