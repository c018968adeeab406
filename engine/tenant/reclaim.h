#pragma once
// Reclaim: deletes the rows of dropped tenants, a bounded entry at a time.

#include "engine/engine.h"

namespace tenantry::tenant {

// One entry of work. True when there may be more.
Result<bool> ReclaimStep(Engine& engine);

}  // namespace tenantry::tenant
