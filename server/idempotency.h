#pragma once
// Idempotency: requests that carry an Idempotency-Key take effect once, however often they are sent.
//
// Rules    a key counts per tenant, caller, method and path, for 24 hours. The first request to reach a decision stores its
//          answer in the very log entry of its effect; a repeat gets that answer. Other content under the same key: 422.
//          Stored are decisions of commands, refusals too; input errors, 401, 429 and 5xx are not, and may be corrected or
//          tried again under the same key. 409 only while the first one waits for a disk or a hash on another thread.
//          Answers with tokens are stored as the ids they are for; a repeat gets fresh tokens of the same device.
// Errors   400 for a key that is not 1 to 255 visible ASCII characters.
// Threads  any.
// Owns     the list of requests in flight on workers. Borrows the context.

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "engine/base/mutex.h"
#include "engine/keyed_call.h"
#include "server/context.h"
#include "server/http/route.h"

namespace tenantry::server {

inline constexpr size_t kIdempotencyKeyBytesMax = 255;

// The key of a write, or nullopt.
std::optional<std::string_view> IdempotencyKeyOf(const http::Request& request);

class Idempotency {
 public:
  explicit Idempotency(const Context& context) : context_(context) {}

  // Runs the route's handler for a request with this key, or answers in its stead.
  http::Response Run(const http::Route& route, const http::Request& request, std::string_view key);

 private:
  class Flight;
  static http::Response Finish(KeyedCall* call, http::Response response);
  http::Response Replay(const http::Route& route, const http::Request& request,
                        const StoredAnswer& answer, uint64_t index, std::string_view digest) const;
  http::Response Error(int status, std::string_view message, const http::Request& request) const;

  const Context& context_;
  Mutex mutex_{"idempotency"};
  std::unordered_set<uint64_t> in_flight_ TNT_GUARDED_BY(mutex_);  // On workers only.
};

}  // namespace tenantry::server
