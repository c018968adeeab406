#pragma once
// Forward: passes a client's request on to another node of the cluster, and that node's answer back.
//
// Rules    method, target, body and headers go as they came, but for those that belong to one connection; the client's address is
//          added to X-Forwarded-For, and Tenantry-Forwarded says that it must not be passed on again. Answers are read up to
//          kForwardedBytesMax. Certificates are checked; redirects are handed to the client.
// Errors   kUnavailable: nothing was sent. kInternal: no whole answer came, so whether the request took effect is unknown.
// Threads  any; it blocks its thread for kForwardMs at most.
// Source   docs/replication.md#reads.

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::outbound {

inline constexpr int64_t kForwardMs = 30'000;
inline constexpr size_t kForwardedBytesMax = 64u << 20;
inline constexpr std::string_view kForwardedHeader = "Tenantry-Forwarded";

// `base_url` has no slash at its end.
Result<http::Response> Forward(const http::Request& request, const std::string& base_url);

}  // namespace tenantry::outbound
