#pragma once
// LimitSettings: every figure of who may ask how much. The defaults are the seeds' (crosscutting.md L1-L4, L9).
//
// Units    requests per window; a window is opened by a client's first request and lasts `window_seconds`.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tenantry::limits {

// Requests of one client in one window.
struct RateFigures {
  uint32_t window_seconds = 60;
  // 0 switches the class off: its requests are not counted.
  uint32_t default_class = 100;
  uint32_t views = 1000;
  uint32_t conversions = 500;
  uint32_t stats = 100;
  // GET /analytics/popup/:id: of one popup, and of all popups together.
  uint32_t popup_stats_each = 100;
  uint32_t popup_stats = 1000;
  // Classes of their own only when set; otherwise counted as default.
  uint32_t storefront = 0;
  uint32_t sign_up = 0;
  uint32_t log_in = 0;
  uint32_t refresh = 0;
  // POST /auth/refresh of one member, beside the figures per client; 0: not limited.
  uint32_t refresh_user = 0;
  // Of a whole tenant in one window, by method; 0: not limited.
  uint32_t tenant_reads = 0;
  uint32_t tenant_writes = 0;
  uint32_t tenant_deletes = 0;
};

// What one tenant may use per second, averaged; 0: not limited.
struct QuotaFigures {
  uint32_t operations_per_second = 0;
  uint64_t bytes_per_second = 0;  // Bodies of requests and answers.
  uint32_t burst_seconds = 2;     // This much may be used at once after a pause.
  bool any() const { return operations_per_second > 0 || bytes_per_second > 0; }
};

struct LimitSettings {
  RateFigures rates;
  QuotaFigures quota;
  // Longest that one request reads on a worker (crosscutting.md Q2).
  int64_t query_ms = 5'000;
  // Networks as CIDR. Whom no rate limit counts, and whose X-Forwarded-For is believed.
  std::vector<std::string> exempt;
  std::vector<std::string> trusted_proxies;
  // Who may ask at all: with `allow`, only those; `deny` goes first.
  std::vector<std::string> allow;
  std::vector<std::string> deny;
};

// Counters kept at most; each takes up to 64 bytes. Fixed for the life of the process.
inline constexpr size_t kDefaultCountersMax = 200'000;

}  // namespace tenantry::limits
