#pragma once
// Upkeep: what a shop's analytics need done while nobody waits: views rolled up into breakdowns, raw
// events past their retention, client event ids past their window. Bounded log entries.
//
// Units    milliseconds; a retention of 0 keeps raw events for ever. Counters, buckets and sketches
//          stay: they are what answers are made of.
// Errors   those of the engine; a step that failed is simply run again.
// Threads  any, one at a time per shop; meant for a thread that may wait for the disk.

#include <cstdint>

#include "engine/engine.h"
#include "engine/popups/reclaim.h"

namespace tenantry::popups {

struct UpkeepOptions {
  int64_t event_retention_ms = 0;
};

// `more` while something is left that can be done now.
Result<ReclaimProgress> UpkeepStep(Engine& engine, const TenantRef& shop,
                                   const UpkeepOptions& options);

}  // namespace tenantry::popups
