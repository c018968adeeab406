#pragma once
// ClientAddress: who sent a request that came through proxies we trust.

#include "server/http/ip_address.h"
#include "server/http/request.h"

namespace tenantry::limits {

// The peer, unless it is a trusted proxy: then the rightmost address of X-Forwarded-For that is none. What stands left of
// that was written by a stranger. An entry that is no address ends the search at the proxy that reported it.
http::IpAddress ClientAddress(const http::Request& request, const http::NetworkList& trusted);

}  // namespace tenantry::limits
