#include "server/http/ip_address.h"

#include <charconv>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace tenantry::http {
namespace {

constexpr uint64_t kMappedV4 = uint64_t{0xFFFF} << 32;

uint64_t BigEndian64(const uint8_t* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

IpAddress FromV6(const in6_addr& address) {
  return {BigEndian64(address.s6_addr), BigEndian64(address.s6_addr + 8)};
}

IpAddress FromV4(const in_addr& address) {
  return {0, kMappedV4 | ntohl(address.s_addr)};
}

// The first `bits` of 64 set.
uint64_t LeadingOnes(int bits) {
  return bits <= 0 ? 0 : ~uint64_t{0} << (64 - (bits > 64 ? 64 : bits));
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return std::nullopt;
  copy[text.copy(copy, text.size())] = '\0';
  in_addr v4{};
  if (::inet_pton(AF_INET, copy, &v4) == 1) return FromV4(v4);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, copy, &v6) == 1) return FromV6(v6);
  return std::nullopt;
}

std::string CustomerOf(const IpAddress& address) {
  const uint64_t part = address.is_v4() ? address.low : address.high;
  return std::string(reinterpret_cast<const char*>(&part), sizeof part);
}

IpAddress IpAddressOf(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET6) {
    return FromV6(reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr);
  }
  return FromV4(reinterpret_cast<const sockaddr_in&>(peer).sin_addr);
}

Result<NetworkList> NetworkList::Parse(const std::vector<std::string>& networks) {
  NetworkList list;
  for (const std::string& text : networks) {
    TNT_ASSIGN_OR_RETURN(Network network, ParseOne(text));
    list.networks_.push_back(network);
  }
  return list;
}

Result<NetworkList::Network> NetworkList::ParseOne(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return InvalidArgument("\"" + std::string(text) +
                           "\" is not a network such as 10.0.0.0/8: " + std::string(why));
  };
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = ParseIpAddress(text.substr(0, slash));
  if (!address) return bad("no IPv4 or IPv6 address");
  const int longest = address->is_v4() ? 32 : 128;
  int bits = longest;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const char* end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, bits);
    if (error != std::errc() || stop != end || bits < 0 || bits > longest) {
      return bad("the length after / must be 0 to " + std::to_string(longest));
    }
  }
  if (address->is_v4()) bits += 96;
  const IpAddress mask{LeadingOnes(bits), LeadingOnes(bits - 64)};
  return Network{{address->high & mask.high, address->low & mask.low}, mask};
}

}  // namespace tenantry::http
