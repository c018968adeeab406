#pragma once
// Gate: decides on every request, before its handler, whether its client may ask at all and whether it asks too often.
//
// Shape    client address -> allowed and denied networks -> rate class of the route -> RateLimiter -> the tenant's quota.
// Errors   Apply(): kInvalidArgument names the setting and the text that is wrong; nothing has changed then.
// Threads  Admit() and Settle() on the request's loop; Apply() from one thread at a time; the rest
//          from any. A loop sees new settings at its next request.
// Owns     the counters and the settings in force. Borrows nothing.
// Source   crosscutting.md L1-L10, K9, Q8.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "server/http/admission.h"
#include "server/http/request.h"
#include "server/http/route.h"
#include "server/limits/limit_settings.h"
#include "server/limits/rate_limiter.h"
#include "server/limits/tenant_quota.h"

namespace tenantry::limits {

enum class Verdict : uint8_t {
  kAdmitted,
  kForbiddenNetwork,  // 403
  kTooManyRequests,   // 429
  kTenantOverQuota,   // 429
};

// One kind of counter; its name is in the RateLimit headers and in metrics.
enum class RateScope : uint8_t {
  kDefault,
  kViews,
  kConversions,
  kStats,
  kPopupStats,
  kPopupStatsEach,
  kStorefront,
  kSignUp,
  kLogIn,
  kRefresh,
  kTenantReads,
  kTenantWrites,
  kTenantDeletes,
  kRefreshUser,
};
inline constexpr size_t kRateScopes = 14;
std::string_view NameOf(RateScope scope);

struct GateCounts {
  struct Scope {
    uint64_t passed = 0;
    uint64_t refused = 0;
  };
  std::array<Scope, kRateScopes> scopes{};  // By RateScope.
  uint64_t exempt = 0;                      // Of exempt networks; exempt routes are not counted.
  uint64_t forbidden = 0;                   // By network.
  uint64_t over_quota = 0;
};

class Gate {
 public:
  // `loops`: Request::loop is below this.
  Gate(uint32_t loops, size_t counters_max, uint64_t seed);
  ~Gate();

  Status Apply(const LimitSettings& settings);

  // Counts the request. Notes the client and the counter in `admission`. `route` is null for an unknown path. When the
  // tenant is over its quota, `admission->tenant_wait_seconds` says for how long.
  Verdict Admit(const http::Request& request, const http::Route* route, http::Admission* admission);

  // The request got an answer about `tenant` (a space, 0: none), and took so many bytes in and out.
  void Settle(const http::Request& request, const http::Route* route, uint64_t tenant, int status,
              uint64_t bytes);

  // Counts a POST /auth/refresh of a member of the gym whose space this is (crosscutting.md K9). Any thread.
  RateDecision CountRefresh(uint64_t space, std::string_view member, int64_t received_ns);

  // How long a request may read on a worker.
  int64_t query_ns() const { return query_ns_.load(std::memory_order_relaxed); }

  // For metrics.
  GateCounts counts() const;
  const RateLimiter& limiter() const { return limiter_; }

 private:
  struct Policy;
  struct PerLoop;
  const Policy& PolicyOf(PerLoop* loop);
  Verdict AdmitClient(const Policy& policy, PerLoop* loop, const http::Request& request,
                      const http::Route* route, http::Admission* admission);
  Verdict AdmitTenant(const Policy& policy, PerLoop* loop, const http::Request& request,
                      const http::Route& route, http::Admission* admission);
  static Verdict Note(const Policy& policy, PerLoop* loop, RateScope scope,
                      const RateDecision& decision, http::Admission* admission);
  RateDecision Count(const Policy& policy, const http::Request& request, const http::Route* route,
                     const http::IpAddress& client, RateScope* scope);

  const uint64_t seed_;
  RateLimiter limiter_;
  TenantQuota quota_;
  std::vector<std::unique_ptr<PerLoop>> loops_;
  std::atomic<uint64_t> generation_{0};  // Release on Apply, acquire on Admit.
  std::atomic<int64_t> query_ns_{0};     // Relaxed: a limit.
  // Relaxed: counts.
  std::atomic<uint64_t> refreshes_passed_{0};
  std::atomic<uint64_t> refreshes_refused_{0};
  Mutex mutex_{"gate"};
  std::shared_ptr<const Policy> policy_ TNT_GUARDED_BY(mutex_);
};

inline constexpr size_t kRateHeaderBytes = 320;
// The X-RateLimit-* and RateLimit* lines, each with its line end, written into `out`; empty when no limit counted.
std::string_view WriteRateHeaders(const http::Admission& admission,
                                  std::span<char, kRateHeaderBytes> out);

}  // namespace tenantry::limits
