#pragma once
// Reclaim: deletes what dropped tenants left, in the directory first and then in their spaces, and expired answers of keyed
// requests, a bounded entry at a time.

#include "engine/engine.h"

namespace tenantry::tenant {

// One entry of work. True when there may be more.
Result<bool> ReclaimStep(Engine& engine);

// The same for stored answers of the directory, or of one tenant. A look that finds none writes nothing.
Result<bool> ReclaimAnswersStep(Engine& engine);
Result<bool> ReclaimAnswersStep(Engine& engine, const TenantRef& tenant);

}  // namespace tenantry::tenant
