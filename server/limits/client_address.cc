#include "server/limits/client_address.h"

#include "server/http/text.h"

namespace tenantry::limits {
namespace {

// Proxies write "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:4711".
std::optional<http::IpAddress> ParseHop(std::string_view hop) {
  if (hop.starts_with('[')) return http::ParseIpAddress(hop.substr(1, hop.find(']') - 1));
  const size_t colon = hop.find(':');
  if (colon != std::string_view::npos && colon == hop.rfind(':')) hop = hop.substr(0, colon);
  return http::ParseIpAddress(hop);
}

}  // namespace

http::IpAddress ClientAddress(const http::Request& request, const http::NetworkList& trusted) {
  http::IpAddress client = request.peer;
  if (!trusted.Contains(client)) return client;
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (!http::EqualsIgnoreCase(header->name, "x-forwarded-for")) continue;
    std::string_view hops = header->value;
    while (!hops.empty()) {
      const size_t comma = hops.rfind(',');
      const size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
      const auto hop = ParseHop(http::TrimBlanks(hops.substr(begin)));
      if (!hop) return client;
      client = *hop;
      if (!trusted.Contains(client)) return client;
      hops = hops.substr(0, begin == 0 ? 0 : begin - 1);
    }
  }
  return client;
}

}  // namespace tenantry::limits
