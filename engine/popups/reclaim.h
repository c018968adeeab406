#pragma once
// Reclaim: frees the events, counters and sketches of deleted popups, a bounded entry at a time, so
// that deleting a popup with millions of views is instant and never holds anybody up.
//
// Errors   those of the engine; a step that failed is simply run again.
// Threads  any, one at a time per shop; meant for a background thread, which may wait for the disk.

#include <functional>

#include "engine/engine.h"

namespace tenantry::popups {

struct ReclaimProgress {
  bool more = false;  // Something is left for the next step.
  uint32_t rows = 0;  // Freed by this step.
  uint64_t release_index = 0;
};

// Runs one step of background work as a command. `step` may be run again, so it sets the progress anew each time.
Result<ReclaimProgress> RunStep(Engine& engine, const TenantRef& shop, const CommandInfo& info,
                                const std::function<Status(Transaction&, ReclaimProgress*)>& step);

Result<ReclaimProgress> ReclaimStep(Engine& engine, const TenantRef& shop);

}  // namespace tenantry::popups
