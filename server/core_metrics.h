#pragma once
// CoreMetrics: what the engine and the HTTP front say on /metrics, and what makes them unfit to serve.
//
// Threads  the collectors from any thread. Engine and server must outlive the last Render() and Look().

#include "engine/engine.h"
#include "server/http/server.h"
#include "server/limits/gate.h"
#include "server/observability.h"

namespace tenantry::server {

void AddEngineMetrics(const Engine& engine, Observability* observability);
// Connections, worker lanes and their queues.
void AddHttpMetrics(const http::Server& server, Observability* observability);
// Rate limits, networks and quotas (crosscutting.md M8). `gate` must outlive the last Render() too.
void AddLimitMetrics(const limits::Gate& gate, Observability* observability);

}  // namespace tenantry::server
