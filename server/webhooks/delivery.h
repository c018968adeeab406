#pragma once
// Delivery: sends one event to one endpoint, signed as Standard Webhooks has it.
//
// Rules    2xx is success. 410 turns the endpoint off. A forbidden address fails at once; everything else is tried again
//          by the job queue until its attempts run out. An open breaker takes no attempt.
// Threads  any.

#include <map>
#include <string>

#include "engine/jobs/runner.h"
#include "server/outbound/caller.h"

namespace tenantry::server::webhooks {

jobs::RunResult Deliver(Engine& engine, outbound::Caller& caller, const jobs::Claim& claim);

// What the job runner needs for webhooks. Engine and caller must outlive it.
std::map<std::string, jobs::Handler, std::less<>> JobHandlers(Engine& engine,
                                                              outbound::Caller& caller);

}  // namespace tenantry::server::webhooks
