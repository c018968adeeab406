#include "engine/base/host_port.h"

#include <charconv>

namespace tenantry {

Result<HostPort> SplitHostPort(std::string_view text) {
  const Status bad = InvalidArgument("'" + std::string(text) + "' is not HOST:PORT");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return bad;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool whole = error == std::errc() && end == port.data() + port.size();
  const bool clean = host.find_first_of(bracketed ? "[]" : "[]:") == std::string_view::npos;
  if (host.empty() || !clean || !whole || number > 65535) return bad;
  return HostPort{std::string(host), std::string(port)};
}

}  // namespace tenantry
