#include "server/popups/body.h"

#include "engine/codec/json_out.h"
#include "server/http/text.h"

namespace tenantry::server::popups {
namespace {

std::string JsonFromForm(std::string_view form) {
  std::string json;
  {
    codec::ObjectWriter object(&json);
    while (!form.empty()) {
      const std::string_view pair = form.substr(0, form.find('&'));
      form.remove_prefix(std::min(form.size(), pair.size() + 1));
      const size_t equals = std::min(pair.find('='), pair.size());
      const std::string key = http::PercentDecode(pair.substr(0, equals), true);
      if (key.empty()) continue;
      const std::string_view value =
          equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
      std::string* const out = object.Key(key);
      codec::AppendJsonString(out, http::PercentDecode(value, true));
    }
  }
  return json;
}

}  // namespace

std::string JsonBody(const http::Request& request) {
  const std::optional<std::string_view> header = request.FindHeader("Content-Type");
  if (!header.has_value()) return std::string(request.body);
  const std::string_view type = http::TrimBlanks(header->substr(0, header->find(';')));
  if (http::EqualsIgnoreCase(type, "application/json")) return std::string(request.body);
  if (http::EqualsIgnoreCase(type, "application/x-www-form-urlencoded")) {
    return JsonFromForm(request.body);
  }
  return {};
}

}  // namespace tenantry::server::popups
