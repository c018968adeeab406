#include "server/metrics/registry.h"

#include <utility>

namespace tenantry::metrics {

void Registry::Add(Collector collector) {
  MutexLock lock(mutex_);
  collectors_.push_back(std::move(collector));
}

std::string Registry::Render() const {
  std::vector<Collector> collectors;
  {
    MutexLock lock(mutex_);
    collectors = collectors_;  // Collectors take locks of their own.
  }
  Exposition exposition;
  for (const Collector& collector : collectors) collector(exposition);
  return exposition.Take();
}

}  // namespace tenantry::metrics
