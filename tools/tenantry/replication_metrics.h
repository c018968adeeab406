#pragma once
// ReplicationMetrics: role, lag and progress of a node for /metrics and /readyz.
//
// Threads  what is added here runs on the thread that asks, and waits for nobody.

#include "server/observability.h"
#include "tools/tenantry/replication_part.h"

namespace tenantry::tools {

// `part` outlives the last look.
void AddReplicationMetrics(const ReplicationPart& part, server::Observability* observability);

}  // namespace tenantry::tools
