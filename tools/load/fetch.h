#pragma once
// Fetch: one request on a connection of its own, for tests and set-up. Blocks, at most ten seconds for each read.

#include <string>

#include "engine/base/result.h"
#include "server/http/tls.h"
#include "tools/load/request_template.h"

namespace tenantry::load {

struct Reply {
  int status = 0;
  std::string body;
};

// kUnavailable when no complete reply comes back. An https:// URL needs `tls`.
Result<Reply> Fetch(const std::string& url, const RequestParts& request,
                    const http::TlsClient* tls = nullptr);

}  // namespace tenantry::load
