#pragma once
// AddressPolicy: where outbound calls may go. A tenant names the target, so this server must not become its way into the
// network around it: loopback, private, link-local, shared, documentation, multicast and reserved networks are refused,
// also when they hide inside an IPv6 address, unless an operator allows them.
//
// Rules    judged at connect time, by the address that is really dialled: a name may resolve to another one each time.
// Threads  immutable.

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "server/http/ip_address.h"

namespace tenantry::outbound {

class AddressPolicy {
 public:
  // `allowed` are networks such as "10.1.0.0/16" (--webhook-allow).
  static Result<AddressPolicy> Make(const std::vector<std::string>& allowed);
  bool Allows(const http::IpAddress& address) const;

 private:
  http::NetworkList allowed_;
  http::NetworkList forbidden_;
};

}  // namespace tenantry::outbound
