#pragma once
// Endpoint and RequestTemplate: where requests go, and their bytes.
//
// Shape    {i} in target, header values and body becomes the number of the request in the run, {conn} the number of its
//          connection, both from 0.
// Errors   kInvalidArgument for anything but http:// and https:// URLs; kUnavailable for a name that does not resolve.
// Threads  immutable after construction.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "engine/base/result.h"

namespace tenantry::load {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t address_bytes = 0;
  bool encrypted = false;  // https.
  std::string host;        // Without port and brackets: what a certificate must be for.
  std::string authority;   // HOST:PORT as in the URL.
  std::string target;      // Path and query.
  // To ask for something else of the same server.
  std::string base() const { return (encrypted ? "https://" : "http://") + authority; }
};

// "http://HOST[:PORT][/PATH][?QUERY]", or with https; IPv6 in brackets.
Result<Endpoint> ParseUrl(std::string_view url);

struct RequestParts {
  std::string method = "GET";
  std::vector<std::string> headers;  // "Name: value" each; Host and Content-Length are added.
  std::string body;
};

struct TargetedRequest {
  std::string target;  // Path and query, at the plan's endpoint.
  RequestParts parts;
};

class RequestTemplate {
 public:
  RequestTemplate(const Endpoint& endpoint, RequestParts parts);

  // The bytes of one request. Valid until the next call.
  const std::string& Render(uint64_t number, uint32_t connection);
  bool is_head() const { return parts_.method == "HEAD"; }
  const std::string& method() const { return parts_.method; }

 private:
  void Build(uint64_t number, uint32_t connection);

  const std::string authority_;
  const std::string target_;
  const RequestParts parts_;
  bool constant_ = false;
  std::string bytes_;
};

}  // namespace tenantry::load
