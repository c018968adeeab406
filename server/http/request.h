#pragma once
// Request: one framed HTTP request as handlers see it. Everything is a view into the connection's
// buffer.
//
// Threads  a request belongs to the loop or worker that runs its handler.
// Owns     nothing; handlers copy what must outlive the call.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/ip_address.h"

namespace tenantry::http {

enum class Method : uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view MethodName(Method method);
Method ParseMethod(std::string_view name);

struct Header {
  std::string_view name;   // As sent.
  std::string_view value;  // Without surrounding white space.
};

// Values of `:name` segments of the route template, percent-decoded, in template order.
struct PathParams {
  static constexpr size_t kMax = 4;
  std::array<std::string, kMax> values;
  size_t count = 0;
};

struct Request {
  Method method = Method::kOther;
  std::string_view method_name;  // As sent.
  std::string_view target;       // Path and query string as sent.
  std::string_view path;         // Percent-encoded, without the query string.
  std::string_view query;        // Percent-encoded, without '?'.
  std::vector<Header> headers;
  std::string_view body;  // De-chunked.
  PathParams params;
  std::string peer_ip;         // Of the socket.
  IpAddress peer;              // The same.
  IpAddress client;            // The peer, or whom a trusted proxy names; set by admission.
  int64_t received_ns = 0;     // Boot clock when the request was complete.
  std::string request_id;      // The client's X-Request-Id when well-formed, else ours.
  uint32_t loop = 0;           // Which loop received it.
  bool blocking_lane = false;  // True when waiting for a disk is allowed.

  // First header of that name, ASCII case ignored; nullopt when absent.
  std::optional<std::string_view> FindHeader(std::string_view name) const;
  // First query parameter of that name, decoded ('+' is a space); nullopt when absent.
  std::optional<std::string> FindQuery(std::string_view name) const;
};

// Percent-decodes; malformed escapes stay as they are. With `plus_is_space`, '+' becomes ' '.
std::string PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace tenantry::http
