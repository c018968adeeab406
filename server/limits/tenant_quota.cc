#include "server/limits/tenant_quota.h"

#include <algorithm>

namespace tenantry::limits {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kSweepPauseNs = kNsPerSecond;
// Nobody owes more than this, so that a single huge answer cannot shut a tenant out for long.
constexpr int64_t kDebtMaxNs = 60 * kNsPerSecond;

// The instant at which the bucket is full again after `amount` was taken from it.
int64_t Take(int64_t full_ns, uint64_t amount, uint64_t per_second, int64_t now_ns) {
  if (per_second == 0) return full_ns;
  const double cost_ns =
      static_cast<double>(amount) * kNsPerSecond / static_cast<double>(per_second);
  const auto bounded = static_cast<int64_t>(std::min<double>(cost_ns, kDebtMaxNs));
  return std::min(std::max(full_ns, now_ns) + bounded, now_ns + 2 * kDebtMaxNs);
}

}  // namespace

int64_t TenantQuota::WaitNs(uint64_t tenant, const QuotaFigures& figures, int64_t now_ns) {
  Shard& shard = shards_[tenant % kShards];
  MutexLock lock(shard.mutex);
  const auto found = shard.tenants.find(tenant);
  if (found == shard.tenants.end()) return 0;
  // A figure that was switched off meanwhile holds nobody up.
  int64_t full_ns = now_ns;
  if (figures.operations_per_second > 0) full_ns = found->second.operations_full_ns;
  if (figures.bytes_per_second > 0) full_ns = std::max(full_ns, found->second.bytes_full_ns);
  return std::max<int64_t>(0, full_ns - now_ns - figures.burst_seconds * kNsPerSecond);
}

void TenantQuota::Charge(uint64_t tenant, uint64_t bytes, const QuotaFigures& figures,
                         int64_t now_ns) {
  Shard& shard = shards_[tenant % kShards];
  MutexLock lock(shard.mutex);
  if (shard.tenants.size() >= kBucketsMax && now_ns >= shard.next_sweep_ns) Sweep(shard, now_ns);
  Buckets& buckets = shard.tenants[tenant];
  buckets.operations_full_ns =
      Take(buckets.operations_full_ns, 1, figures.operations_per_second, now_ns);
  buckets.bytes_full_ns = Take(buckets.bytes_full_ns, bytes, figures.bytes_per_second, now_ns);
}

void TenantQuota::Sweep(Shard& shard, int64_t now_ns) {
  std::erase_if(shard.tenants, [&](const auto& entry) {
    return std::max(entry.second.operations_full_ns, entry.second.bytes_full_ns) <= now_ns;
  });
  shard.next_sweep_ns = now_ns + kSweepPauseNs;
}

size_t TenantQuota::tenants() const {
  size_t total = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    total += shard.tenants.size();
  }
  return total;
}

}  // namespace tenantry::limits
