#pragma once
// Observability: where every part of the server reports to. Made by `serve` before the parts, and gone after them.

#include "server/metrics/registry.h"
#include "server/readiness.h"

namespace tenantry::server {

struct Observability {
  metrics::Registry metrics;
  Readiness readiness;
};

}  // namespace tenantry::server
