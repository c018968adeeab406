#pragma once
// IpAddress: an IPv4 or IPv6 address as a value; NetworkList: networks given as CIDR, such as 10.0.0.0/8 or fd00::/8.
//
// Shape    128 bits; IPv4 is kept as ::ffff:a.b.c.d, so one client is one value whichever listener took it.
// Errors   NetworkList::Parse: kInvalidArgument names the text that is no network.
// Threads  values; a NetworkList is immutable after Parse.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

struct sockaddr_storage;

namespace tenantry::http {

struct IpAddress {
  uint64_t high = 0;
  uint64_t low = 0;

  bool is_v4() const { return high == 0 && (low >> 32) == 0xFFFF; }
  // 127.0.0.0/8 and ::1.
  bool is_loopback() const { return is_v4() ? ((low >> 24) & 0xFF) == 127 : high == 0 && low == 1; }
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// "192.0.2.1", "2001:db8::1", without a port or brackets.
std::optional<IpAddress> ParseIpAddress(std::string_view text);

// What one customer has, as a key: an IPv4 address, or the /64 of an IPv6 one.
std::string CustomerOf(const IpAddress& address);
IpAddress IpAddressOf(const sockaddr_storage& peer);

class NetworkList {
 public:
  // Each is an address, alone or followed by "/" and its length in bits.
  static Result<NetworkList> Parse(const std::vector<std::string>& networks);

  bool Contains(const IpAddress& address) const {
    for (const Network& n : networks_) {
      if ((address.high & n.mask.high) == n.first.high &&
          (address.low & n.mask.low) == n.first.low) {
        return true;
      }
    }
    return false;
  }
  bool empty() const { return networks_.empty(); }
  size_t size() const { return networks_.size(); }

 private:
  struct Network {
    IpAddress first;
    IpAddress mask;
  };
  static Result<Network> ParseOne(std::string_view text);
  std::vector<Network> networks_;
};

}  // namespace tenantry::http
