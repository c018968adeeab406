#pragma once
// Registry: who has something to say on /metrics. Each part of the server adds one collector, which writes that part's
// families whenever somebody looks; nothing is pushed and nothing is kept here.
//
// Threads  any; Render() runs the collectors one after the other on the calling thread.
// Owns     the collectors. What they refer to must outlive the last Render().

#include <functional>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "server/metrics/exposition.h"

namespace tenantry::metrics {

class Registry {
 public:
  using Collector = std::function<void(Exposition&)>;

  // A collector reads atomics or takes a short lock of its own, and never waits for a disk or the network.
  void Add(Collector collector);
  // The whole answer of /metrics.
  std::string Render() const;

 private:
  mutable Mutex mutex_{"metrics_registry"};
  std::vector<Collector> collectors_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry::metrics
