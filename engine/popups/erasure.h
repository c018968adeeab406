#pragma once
// Erasure: forgetting one person by e-mail (F81).
//
//   EraseSubscriber   the subscriber row goes at once; a task is left for what mentions the address
//   ErasureStep       looks through a bounded number of conversions and carts, and ends the task
//                     with the step that finds nothing more
//
// Shape    texts keep everything but the address, as it is, percent-encoded (%40) or escaped
//          (\u0040); conversions of the subscriber lose its id. Counters stay: they name nobody.
// Errors   none for an address that nobody has.
// Threads  any; steps of one shop one at a time, on a thread that may wait for the disk.

#include <string_view>

#include "engine/engine.h"
#include "engine/popups/reclaim.h"

namespace tenantry::popups {

Outcome EraseSubscriber(Engine& engine, const TenantRef& shop, std::string_view email,
                        const CommandInfo& info, ReadTier tier);
Result<ReclaimProgress> ErasureStep(Engine& engine, const TenantRef& shop);

// The text without the address, which is given in lower case; for tests.
std::string WithoutAddress(std::string_view text, std::string_view email_key);

}  // namespace tenantry::popups
