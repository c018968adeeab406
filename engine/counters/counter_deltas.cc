#include "engine/counters/counter_deltas.h"

#include <cstdint>

namespace tenantry::counters {

int64_t AddSaturating(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? INT64_MAX : INT64_MIN;
}

void CounterDeltas::Add(const CounterName& name, int64_t delta) {
  int64_t& sum = deltas_[name];
  sum = AddSaturating(sum, delta);
}

int64_t CounterDeltas::Pending(const CounterName& name) const {
  const auto at = deltas_.find(name);
  return at == deltas_.end() ? 0 : at->second;
}

Status CounterDeltas::WriteTo(SpaceWriter& writer) const {
  for (const auto& [name, delta] : deltas_) {
    if (delta == 0) continue;
    TNT_ASSIGN_OR_RETURN(const int64_t before,
                         writer.Counter(name.family, name.owner, name.metric, name.bucket));
    TNT_RETURN_IF_ERROR(writer.SetCounter(name.family, name.owner, name.metric, name.bucket,
                                          AddSaturating(before, delta)));
  }
  return Status::Ok();
}

}  // namespace tenantry::counters
