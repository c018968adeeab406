#include "server/popups/conditional.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "server/http/text.h"

namespace tenantry::server::popups {

std::string EntityTag(std::string_view body) {
  const Hash128 hash = Hash128Of(body);
  std::string bytes;
  AppendBig64(&bytes, hash.high);
  AppendBig64(&bytes, hash.low);
  return "\"" + FormatHex(bytes) + "\"";
}

bool Matches(const http::Request& request, std::string_view tag) {
  const std::optional<std::string_view> header = request.FindHeader("If-None-Match");
  if (!header.has_value()) return false;
  std::string_view list = *header;
  while (!list.empty()) {
    std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    one = http::TrimBlanks(one);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

http::Response NotModified(std::string_view tag, std::string_view cache_control) {
  http::Response response = http::Response::Empty(304);
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", cache_control);
  return response;
}

http::Response Conditional(const http::Request& request, std::string json,
                           std::string_view cache_control) {
  std::string tag = EntityTag(json);
  if (Matches(request, tag)) return NotModified(tag, cache_control);
  http::Response response = http::Response::Json(200, std::move(json));
  response.headers.emplace_back("ETag", std::move(tag));
  response.headers.emplace_back("Cache-Control", cache_control);
  return response;
}

}  // namespace tenantry::server::popups
