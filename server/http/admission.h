#pragma once
// Admission: what the application noted about a request before its handler ran, kept beside the request until its answer
// is sent. Small and without an allocation, since every request has one.

#include <cstdint>
#include <string_view>

#include "server/http/ip_address.h"

namespace tenantry::http {

struct Admission {
  // Who asks: the socket's peer, or whom a trusted proxy speaks for.
  IpAddress client;
  // The rate limit that counted the request; no limit counted it when `limit` is 0.
  std::string_view policy;  // Static text.
  uint32_t limit = 0;
  uint32_t remaining = 0;
  uint32_t reset_seconds = 0;
  uint32_t tenant_wait_seconds = 0;  // Until the tenant is within its quota again; 0: it is.
  uint32_t window_seconds = 0;
};

}  // namespace tenantry::http
