#pragma once
// Caller: HTTP requests to other servers, with the address policy, a time limit and a breaker around each.
//
// Rules    http and https only, no redirects, no proxy, certificates are checked, replies are read up to kReplyBytesMax.
//          An answer of 5xx or 429, and none at all, counts against the target's breaker; other answers prove it lives.
// Errors   kUnavailable: no answer, with why; `breaker_wait_ms` set when nothing was sent.
//          kPermissionDenied: the address may not be called. kInvalidArgument: no URL of ours.
// Threads  any; a call blocks its thread for kCallTimeoutMs at most.
// Owns     the breakers. Borrows the clock.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "server/outbound/address_policy.h"
#include "server/outbound/circuit_breaker.h"

namespace tenantry::outbound {

inline constexpr size_t kReplyBytesMax = 16 * 1024;
inline constexpr size_t kUrlBytesMax = 2048;

struct Call {
  std::string url;
  std::string body;  // Sent as POST, application/json.
  std::vector<std::pair<std::string, std::string>> headers;
};

struct Reply {
  Status status;  // OK when the other side answered, whatever it said.
  int code = 0;   // Its HTTP status.
  std::string body;
  int64_t took_ms = 0;
  std::optional<int64_t> breaker_wait_ms;
};

// Scheme, host and port of a URL: what a breaker is about. kInvalidArgument says what is wrong with it.
Result<std::string> TargetOf(std::string_view url);

class Caller {
 public:
  Caller(const Clock& clock, AddressPolicy policy);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  Reply Post(const Call& call);
  const Breakers& breakers() const { return breakers_; }

 private:
  Reply Perform(const Call& call) const;

  const AddressPolicy policy_;
  Breakers breakers_;
};

}  // namespace tenantry::outbound
