#pragma once
// SplitHostPort: addresses as settings and commands name them.
//
// Shape    HOST:PORT; an IPv6 address stands in brackets, which are taken off. The port is 0 to 65535 in digits.
// Errors   kInvalidArgument "'x' is not HOST:PORT". Whether the host exists is not looked at.
// Threads  stateless.

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tenantry {

struct HostPort {
  std::string host;
  std::string port;
};
Result<HostPort> SplitHostPort(std::string_view text);

}  // namespace tenantry
