#include "server/outbound/address_policy.h"

#include <utility>

namespace tenantry::outbound {
namespace {

// The special-purpose registries of IANA, as far as they are not globally reachable.
const std::vector<std::string>& Forbidden() {
  static const std::vector<std::string> networks = {
      "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
      "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
      "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
      "::/96",         "64:ff9b::/96",    "64:ff9b:1::/48", "100::/64",       "2001::/23",
      "2001:db8::/32", "2002::/16",       "3fff::/20",      "5f00::/16",      "fc00::/7",
      "fe80::/10",     "fec0::/10",       "ff00::/8"};
  return networks;
}

}  // namespace

Result<AddressPolicy> AddressPolicy::Make(const std::vector<std::string>& allowed) {
  AddressPolicy policy;
  TNT_ASSIGN_OR_RETURN(policy.allowed_, http::NetworkList::Parse(allowed));
  TNT_ASSIGN_OR_RETURN(policy.forbidden_, http::NetworkList::Parse(Forbidden()));
  return policy;
}

bool AddressPolicy::Allows(const http::IpAddress& address) const {
  return allowed_.Contains(address) || !forbidden_.Contains(address);
}

}  // namespace tenantry::outbound
