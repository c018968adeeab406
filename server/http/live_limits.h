#pragma once
// LiveLimits: limits that may change while the server runs, beside the counts of what they limit.
//
// Threads  any. Relaxed throughout: limits, not an order; at most one too many passes per loop.

#include <atomic>
#include <cstddef>

namespace tenantry::http {

struct LiveLimits {
  std::atomic<size_t> connections_max{0};
  std::atomic<size_t> connections{0};
  // Requests whose answer waits for a worker, a tick or the disk.
  std::atomic<size_t> requests_max{0};
  std::atomic<size_t> requests_waiting{0};
};

}  // namespace tenantry::http
