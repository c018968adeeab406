#include "tools/load/request_template.h"

#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <netdb.h>

namespace tenantry::load {
namespace {

std::string Fill(std::string_view text, uint64_t number, uint32_t connection) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("{i}")) {
      out += std::to_string(number);
      at += 3;
    } else if (rest.starts_with("{conn}")) {
      out += std::to_string(connection);
      at += 6;
    } else {
      out.push_back(text[at++]);
    }
  }
  return out;
}

bool HasPlaceholder(std::string_view text) {
  return text.find("{i}") != std::string_view::npos ||
         text.find("{conn}") != std::string_view::npos;
}

}  // namespace

Result<Endpoint> ParseUrl(std::string_view url) {
  constexpr std::string_view kPlain = "http://", kEncrypted = "https://";
  Endpoint endpoint;
  endpoint.encrypted = url.starts_with(kEncrypted);
  if (!endpoint.encrypted && !url.starts_with(kPlain)) {
    return InvalidArgument(fmt::format("not an http:// or https:// URL: {}", url));
  }
  url.remove_prefix((endpoint.encrypted ? kEncrypted : kPlain).size());
  const size_t path = std::min(url.find_first_of("/?"), url.size());
  endpoint.authority = url.substr(0, path);
  endpoint.target = url.substr(path);
  if (!endpoint.target.starts_with('/')) endpoint.target.insert(0, "/");

  std::string host = endpoint.authority;
  std::string port = endpoint.encrypted ? "443" : "80";
  const size_t colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    port = host.substr(colon + 1);
    host.resize(colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  endpoint.host = host;

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return Unavailable(fmt::format("{}: {}", endpoint.authority, gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, freeaddrinfo);
  std::memcpy(&endpoint.address, list->ai_addr, list->ai_addrlen);
  endpoint.address_bytes = list->ai_addrlen;
  return endpoint;
}

RequestTemplate::RequestTemplate(const Endpoint& endpoint, RequestParts parts)
    : authority_(endpoint.authority), target_(endpoint.target), parts_(std::move(parts)) {
  bool varies = HasPlaceholder(target_) || HasPlaceholder(parts_.body);
  for (const std::string& header : parts_.headers) varies = varies || HasPlaceholder(header);
  Build(0, 0);
  constant_ = !varies;
}

const std::string& RequestTemplate::Render(uint64_t number, uint32_t connection) {
  if (!constant_) Build(number, connection);
  return bytes_;
}

void RequestTemplate::Build(uint64_t number, uint32_t connection) {
  const std::string body = Fill(parts_.body, number, connection);
  bytes_ = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", parts_.method,
                       Fill(target_, number, connection), authority_);
  for (const std::string& header : parts_.headers) {
    bytes_ += Fill(header, number, connection);
    bytes_ += "\r\n";
  }
  if (!body.empty() || parts_.method == "POST" || parts_.method == "PUT") {
    bytes_ += fmt::format("Content-Length: {}\r\n", body.size());
  }
  bytes_ += "\r\n";
  bytes_ += body;
}

}  // namespace tenantry::load
