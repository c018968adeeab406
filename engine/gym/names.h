#pragma once
// Names: when two names or two e-mail addresses are the same.
//
// Threads  stateless.

#include <string>
#include <string_view>

namespace tenantry::gym {

// Without white space at either end. Names are compared exactly after this.
std::string_view TrimName(std::string_view name);
// Trimmed, ASCII letters in lower case.
std::string EmailKey(std::string_view email);

}  // namespace tenantry::gym
