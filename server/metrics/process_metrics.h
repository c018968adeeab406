#pragma once
// ProcessMetrics: memory, processor time and descriptors of this process, under the names every Prometheus client uses.
//
// Errors   what /proc does not tell is left out.
// Threads  any.

#include "server/metrics/exposition.h"

namespace tenantry::metrics {

struct ProcessUsage {
  double cpu_seconds = 0;
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t threads = 0;
  uint64_t open_descriptors = 0;
  uint64_t descriptors_max = 0;
  double start_unix_seconds = 0;
};

ProcessUsage ReadProcessUsage();
void CollectProcess(Exposition& out);

}  // namespace tenantry::metrics
