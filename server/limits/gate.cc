#include "server/limits/gate.h"

#include <charconv>
#include <string>

#include "engine/base/checksum.h"
#include "server/limits/client_address.h"
#include "server/limits/tenant_hint.h"

namespace tenantry::limits {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

constexpr std::array<std::string_view, kRateScopes> kNames = {
    "default",          "views",         "conversions",    "stats",       "popup-stats",
    "popup-stats-each", "storefront",    "sign-up",        "log-in",      "refresh",
    "tenant-reads",     "tenant-writes", "tenant-deletes", "refresh-user"};
static_assert(kRateScopes <= RateLimiter::kScopes);

constexpr size_t Index(RateScope scope) {
  return static_cast<size_t>(scope);
}

RateScope ScopeOf(http::RateClass rate) {
  switch (rate) {
    case http::RateClass::kViews:
      return RateScope::kViews;
    case http::RateClass::kConversions:
      return RateScope::kConversions;
    case http::RateClass::kStats:
      return RateScope::kStats;
    case http::RateClass::kPopupStats:
      return RateScope::kPopupStats;
    case http::RateClass::kStorefront:
      return RateScope::kStorefront;
    case http::RateClass::kSignUp:
      return RateScope::kSignUp;
    case http::RateClass::kLogIn:
      return RateScope::kLogIn;
    case http::RateClass::kRefresh:
      return RateScope::kRefresh;
    case http::RateClass::kDefault:
    case http::RateClass::kExempt:
      return RateScope::kDefault;
  }
  return RateScope::kDefault;
}

// Counted as default unless it has a figure of its own.
bool IsOptional(RateScope scope) {
  return scope >= RateScope::kStorefront && scope <= RateScope::kRefresh;
}

bool IsPreflight(const http::Request& request, const http::Route* route) {
  return route == nullptr && request.method == http::Method::kOptions &&
         request.FindHeader("access-control-request-method").has_value();
}

// An IPv4 address, or the /64 that one IPv6 customer has all to itself.
RateKey KeyOf(const http::IpAddress& client, RateScope scope) {
  const bool v4 = client.is_v4();
  return {.client = v4 ? client.low : client.high,
          .scope = static_cast<uint8_t>(scope),
          .kind = static_cast<uint8_t>(v4 ? 4 : 6)};
}

RateScope TenantScopeOf(http::Method method) {
  if (method == http::Method::kGet || method == http::Method::kHead) return RateScope::kTenantReads;
  return method == http::Method::kDelete ? RateScope::kTenantDeletes : RateScope::kTenantWrites;
}

uint32_t SecondsOf(int64_t ns) {
  return static_cast<uint32_t>((ns + kNsPerSecond - 1) / kNsPerSecond);
}

}  // namespace

std::string_view NameOf(RateScope scope) {
  return kNames[Index(scope)];
}

// Settings in the form that Admit() reads; never changed once published.
struct Gate::Policy {
  std::array<uint32_t, kRateScopes> limits{};
  uint32_t window_seconds = 60;
  int64_t window_ns = 60 * kNsPerSecond;
  QuotaFigures quota;
  bool asks_tenant = false;  // Something above is per tenant.
  http::NetworkList exempt;
  http::NetworkList trusted;
  http::NetworkList allow;
  http::NetworkList deny;
};

// Written by its loop alone; the counts are read by others.
struct alignas(64) Gate::PerLoop {
  struct Count {
    std::atomic<uint64_t> value{0};  // Relaxed: a count, with one writer.
    void Add() {
      value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    uint64_t Get() const { return value.load(std::memory_order_relaxed); }
  };
  std::shared_ptr<const Policy> policy;
  uint64_t generation = 0;
  HintTable hints;
  std::array<Count, kRateScopes> passed;
  std::array<Count, kRateScopes> refused;
  Count exempt;
  Count forbidden;
  Count over_quota;
};

Gate::Gate(uint32_t loops, size_t counters_max, uint64_t seed)
    : seed_(seed), limiter_(counters_max, seed) {
  for (uint32_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<PerLoop>());
  const Status applied = Apply({});
  (void)applied;  // The defaults name no network, so nothing can be wrong with them.
}

Gate::~Gate() = default;

Status Gate::Apply(const LimitSettings& settings) {
  const auto parse = [](std::string_view name, const std::vector<std::string>& networks,
                        http::NetworkList* out) {
    Result<http::NetworkList> list = http::NetworkList::Parse(networks);
    if (!list.ok()) {
      return InvalidArgument(std::string(name) + ": " + std::string(list.status().message()));
    }
    *out = *std::move(list);
    return Status::Ok();
  };
  const auto policy = std::make_shared<Policy>();
  TNT_RETURN_IF_ERROR(parse("rate-limit-exempt", settings.exempt, &policy->exempt));
  TNT_RETURN_IF_ERROR(parse("trusted-proxies", settings.trusted_proxies, &policy->trusted));
  TNT_RETURN_IF_ERROR(parse("allow", settings.allow, &policy->allow));
  TNT_RETURN_IF_ERROR(parse("deny", settings.deny, &policy->deny));
  const RateFigures& rates = settings.rates;
  policy->limits = {rates.default_class,  rates.views,        rates.conversions,
                    rates.stats,          rates.popup_stats,  rates.popup_stats_each,
                    rates.storefront,     rates.sign_up,      rates.log_in,
                    rates.refresh,        rates.tenant_reads, rates.tenant_writes,
                    rates.tenant_deletes, rates.refresh_user};
  policy->quota = settings.quota;
  policy->asks_tenant = settings.quota.any() || rates.tenant_reads > 0 || rates.tenant_writes > 0 ||
                        rates.tenant_deletes > 0;
  policy->window_seconds = rates.window_seconds;
  policy->window_ns = rates.window_seconds * kNsPerSecond;
  query_ns_.store(settings.query_ms * 1'000'000, std::memory_order_relaxed);
  MutexLock lock(mutex_);
  policy_ = policy;
  generation_.fetch_add(1, std::memory_order_release);
  return Status::Ok();
}

const Gate::Policy& Gate::PolicyOf(PerLoop* loop) {
  if (loop->generation != generation_.load(std::memory_order_acquire)) {
    MutexLock lock(mutex_);
    loop->policy = policy_;
    loop->generation = generation_.load(std::memory_order_relaxed);
  }
  return *loop->policy;
}

Verdict Gate::Admit(const http::Request& request, const http::Route* route,
                    http::Admission* admission) {
  PerLoop& loop = *loops_[request.loop];
  const Policy& policy = PolicyOf(&loop);
  const http::IpAddress client =
      policy.trusted.empty() ? request.peer : ClientAddress(request, policy.trusted);
  admission->client = client;
  if (policy.deny.Contains(client) || (!policy.allow.empty() && !policy.allow.Contains(client))) {
    loop.forbidden.Add();
    return Verdict::kForbiddenNetwork;
  }
  if (route && route->rate == http::RateClass::kExempt) return Verdict::kAdmitted;
  if (IsPreflight(request, route)) return Verdict::kAdmitted;
  const Verdict verdict = AdmitClient(policy, &loop, request, route, admission);
  if (verdict != Verdict::kAdmitted || !policy.asks_tenant || route == nullptr) return verdict;
  return AdmitTenant(policy, &loop, request, *route, admission);
}

Verdict Gate::AdmitClient(const Policy& policy, PerLoop* loop, const http::Request& request,
                          const http::Route* route, http::Admission* admission) {
  if (policy.exempt.Contains(admission->client)) {
    loop->exempt.Add();
    return Verdict::kAdmitted;
  }
  RateScope scope = ScopeOf(route ? route->rate : http::RateClass::kDefault);
  if (IsOptional(scope) && policy.limits[Index(scope)] == 0) scope = RateScope::kDefault;
  const RateDecision decision = Count(policy, request, route, admission->client, &scope);
  if (decision.limit == 0) return Verdict::kAdmitted;
  return Note(policy, loop, scope, decision, admission);
}

// Exempt clients are not exempt from their tenant's quota: it protects the other tenants.
Verdict Gate::AdmitTenant(const Policy& policy, PerLoop* loop, const http::Request& request,
                          const http::Route& route, http::Admission* admission) {
  const uint64_t tenant = loop->hints.Find(HintOf(request, route, seed_));
  if (tenant == 0) return Verdict::kAdmitted;
  const int64_t wait_ns =
      policy.quota.any() ? quota_.WaitNs(tenant, policy.quota, request.received_ns) : 0;
  if (wait_ns > 0) {
    loop->over_quota.Add();
    admission->tenant_wait_seconds = SecondsOf(wait_ns);
    return Verdict::kTenantOverQuota;
  }
  const RateScope scope = TenantScopeOf(request.method);
  const uint32_t limit = policy.limits[Index(scope)];
  if (limit == 0) return Verdict::kAdmitted;
  const RateKey key = {.client = tenant, .scope = static_cast<uint8_t>(scope), .kind = 1};
  const RateDecision decision = limiter_.Count(key, limit, policy.window_ns, request.received_ns);
  // The answer shows the counter with less left, the client's or the tenant's.
  if (decision.allowed && admission->limit > 0 && admission->remaining <= decision.remaining) {
    loop->passed[Index(scope)].Add();
    return Verdict::kAdmitted;
  }
  return Note(policy, loop, scope, decision, admission);
}

Verdict Gate::Note(const Policy& policy, PerLoop* loop, RateScope scope,
                   const RateDecision& decision, http::Admission* admission) {
  admission->policy = NameOf(scope);
  admission->limit = decision.limit;
  admission->remaining = decision.remaining;
  admission->reset_seconds = SecondsOf(decision.reset_ns);
  admission->window_seconds = policy.window_seconds;
  (decision.allowed ? loop->passed : loop->refused)[Index(scope)].Add();
  return decision.allowed ? Verdict::kAdmitted : Verdict::kTooManyRequests;
}

void Gate::Settle(const http::Request& request, const http::Route* route, uint64_t tenant,
                  int status, uint64_t bytes) {
  PerLoop& loop = *loops_[request.loop];
  const Policy& policy = PolicyOf(&loop);
  if (tenant == 0 || !policy.asks_tenant) return;
  if (policy.quota.any()) quota_.Charge(tenant, bytes, policy.quota, request.received_ns);
  if (status < 400 && route != nullptr) loop.hints.Learn(HintOf(request, *route, seed_), tenant);
}

RateDecision Gate::CountRefresh(uint64_t space, std::string_view member, int64_t received_ns) {
  std::shared_ptr<const Policy> policy;
  {
    MutexLock lock(mutex_);
    policy = policy_;
  }
  const uint32_t limit = policy->limits[Index(RateScope::kRefreshUser)];
  if (limit == 0) return {};
  const RateKey key = {.client = Hash64(member, seed_ + space),
                       .scope = static_cast<uint8_t>(RateScope::kRefreshUser),
                       .kind = 2};
  const RateDecision decision = limiter_.Count(key, limit, policy->window_ns, received_ns);
  (decision.allowed ? refreshes_passed_ : refreshes_refused_)
      .fetch_add(1, std::memory_order_relaxed);
  return decision;
}

// Sets `scope` to the counter that decided.
RateDecision Gate::Count(const Policy& policy, const http::Request& request,
                         const http::Route* route, const http::IpAddress& client,
                         RateScope* scope) {
  const uint32_t limit = policy.limits[Index(*scope)];
  const RateKey key = KeyOf(client, *scope);
  const int64_t now_ns = request.received_ns;
  const uint32_t each = policy.limits[Index(RateScope::kPopupStatsEach)];
  const bool of_popup = *scope == RateScope::kPopupStats && route && request.params.count > 0;
  if (!of_popup || each == 0) {
    if (limit == 0) return {};
    return limiter_.Count(key, limit, policy.window_ns, now_ns);
  }
  RateKey part = KeyOf(client, RateScope::kPopupStatsEach);
  part.part = Hash64(request.params.values[0]) | 1;  // Never 0, the client as a whole.
  const RateDecision decision =
      limit == 0 ? limiter_.Count(part, each, policy.window_ns, now_ns)
                 : limiter_.CountBoth(key, limit, part, each, policy.window_ns, now_ns);
  if (limit == 0 || decision.of_part) *scope = RateScope::kPopupStatsEach;
  return decision;
}

GateCounts Gate::counts() const {
  GateCounts total;
  GateCounts::Scope& refreshes = total.scopes[Index(RateScope::kRefreshUser)];
  refreshes.passed = refreshes_passed_.load(std::memory_order_relaxed);
  refreshes.refused = refreshes_refused_.load(std::memory_order_relaxed);
  for (const auto& loop : loops_) {
    for (size_t i = 0; i < kRateScopes; ++i) {
      total.scopes[i].passed += loop->passed[i].Get();
      total.scopes[i].refused += loop->refused[i].Get();
    }
    total.exempt += loop->exempt.Get();
    total.forbidden += loop->forbidden.Get();
    total.over_quota += loop->over_quota.Get();
  }
  return total;
}

namespace {

class Lines {
 public:
  explicit Lines(std::span<char, kRateHeaderBytes> out) : begin_(out.data()), at_(begin_) {}
  Lines& Text(std::string_view text) {
    at_ += text.copy(at_, text.size());
    return *this;
  }
  Lines& Number(uint32_t value) {
    at_ = std::to_chars(at_, at_ + 10, value).ptr;
    return *this;
  }
  std::string_view view() const { return {begin_, static_cast<size_t>(at_ - begin_)}; }

 private:
  char* const begin_;
  char* at_;
};

}  // namespace

// Four numbers twice at ten digits, two names of sixteen and the texts between them are below kRateHeaderBytes.
std::string_view WriteRateHeaders(const http::Admission& admission,
                                  std::span<char, kRateHeaderBytes> out) {
  Lines lines(out);
  if (admission.limit == 0) return lines.view();
  lines.Text("X-RateLimit-Limit: ").Number(admission.limit);
  lines.Text("\r\nX-RateLimit-Remaining: ").Number(admission.remaining);
  lines.Text("\r\nX-RateLimit-Reset: ").Number(admission.reset_seconds);
  lines.Text("\r\nRateLimit-Policy: \"").Text(admission.policy);
  lines.Text("\";q=").Number(admission.limit).Text(";w=").Number(admission.window_seconds);
  lines.Text("\r\nRateLimit: \"").Text(admission.policy);
  lines.Text("\";r=").Number(admission.remaining).Text(";t=").Number(admission.reset_seconds);
  return lines.Text("\r\n").view();
}

}  // namespace tenantry::limits
