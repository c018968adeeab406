#pragma once
// TenantQuota: how much of the server one tenant may use per second, so that a tenant at a hundred times its share cannot
// slow the others down.
//
// Shape    per tenant two token buckets, kept as the instant at which each is full again. What a request costs is known
//          only when it is answered, so a bucket may go into debt, and the tenant waits until the debt is worked off.
// Units    operations and bytes per second; nanoseconds of the boot clock.
// Threads  all methods from any thread.
// Owns     its buckets; full ones are forgotten when room is needed.

#include <array>
#include <cstdint>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "server/limits/limit_settings.h"

namespace tenantry::limits {

class TenantQuota {
 public:
  // How long the tenant must wait before its next request may start; 0: not at all.
  int64_t WaitNs(uint64_t tenant, const QuotaFigures& figures, int64_t now_ns);
  // One request was answered, and took so many bytes in and out.
  void Charge(uint64_t tenant, uint64_t bytes, const QuotaFigures& figures, int64_t now_ns);
  // For metrics and tests.
  size_t tenants() const;

 private:
  static constexpr size_t kShards = 64;
  static constexpr size_t kBucketsMax = 4096;  // Of a shard, before full ones are forgotten.
  struct Buckets {
    int64_t operations_full_ns = 0;
    int64_t bytes_full_ns = 0;
  };
  struct alignas(64) Shard {
    mutable Mutex mutex{"tenant_quota"};
    std::unordered_map<uint64_t, Buckets> tenants TNT_GUARDED_BY(mutex);
    int64_t next_sweep_ns TNT_GUARDED_BY(mutex) = 0;
  };
  static void Sweep(Shard& shard, int64_t now_ns) TNT_REQUIRES(shard.mutex);

  std::array<Shard, kShards> shards_;
};

}  // namespace tenantry::limits
