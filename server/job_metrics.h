#pragma once
// JobMetrics: the job queue and the breakers on /metrics (crosscutting.md M9).
//
// Threads  the collectors from any thread. What they read must outlive the last Render().

#include "engine/jobs/runner.h"
#include "server/observability.h"
#include "server/outbound/circuit_breaker.h"

namespace tenantry::server {

void AddJobMetrics(const jobs::Runner& runner, const outbound::Breakers& breakers,
                   Observability* observability);

}  // namespace tenantry::server
