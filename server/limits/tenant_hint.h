#pragma once
// TenantHint: which tenant a request is probably about, before anybody has looked it up. Quotas must refuse cheaply, and
// finding the tenant is most of the work of a small request; so the gate remembers which tenant answered to which
// spelling: the gym's x-tenant-id header or token; the id in the path, the shopId parameter, the id in the body of a shop.
//
// A hint only ever delays a request by its own tenant's quota: it is learnt from requests that succeeded, only from what
// the handlers themselves go by, and, but for the gym's header, for one route. So nobody can have another tenant's
// spelling stand for its own quota.
//
// Threads  HintOf: any. A HintTable belongs to one loop.

#include <cstdint>
#include <vector>

#include "server/http/request.h"
#include "server/http/route.h"

namespace tenantry::limits {

// 0: the request names nobody.
uint64_t HintOf(const http::Request& request, const http::Route& route, uint64_t seed);

class HintTable {
 public:
  // 0: not known.
  uint64_t Find(uint64_t hint) const;
  void Learn(uint64_t hint, uint64_t tenant);

 private:
  static constexpr size_t kEntries = 8192;  // A newer hint takes the place of one of equal hash.
  struct Entry {
    uint64_t hint = 0;
    uint64_t tenant = 0;
  };
  std::vector<Entry> entries_;  // Made by the first Learn().
};

}  // namespace tenantry::limits
