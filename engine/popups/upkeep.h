#pragma once
// Upkeep: what a shop's analytics need done while nobody waits: views rolled up into breakdowns, raw
// events and A/B assignments past their retention, assignments of tests that ended kEndedTestKeptMs
// ago, client event ids past their window, sketches of closed hours sealed. Bounded log entries.
//
// Units    milliseconds; a retention of 0 keeps raw events, and assignments of tests that have not
//          ended, for ever. Counters, buckets and sketches stay: they are what answers are made of.
// Errors   those of the engine; a step that failed is simply run again.
// Threads  any, one at a time per shop; meant for a thread that may wait for the disk.

#include <cstdint>

#include "engine/engine.h"
#include "engine/popups/reclaim.h"

namespace tenantry::popups {

// A test that was ended by mistake may be taken up again within this time: everybody keeps their arm.
inline constexpr int64_t kEndedTestKeptMs = int64_t{30} * 86'400'000;

struct UpkeepOptions {
  int64_t event_retention_ms = 0;
};

// `more` while something is left that can be done now.
Result<ReclaimProgress> UpkeepStep(Engine& engine, const TenantRef& shop,
                                   const UpkeepOptions& options);

}  // namespace tenantry::popups
