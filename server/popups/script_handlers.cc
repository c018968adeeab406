// GET /scripts/popup.js: the storefront script for one shop.

#include "server/popups/js_literal.h"
#include "server/popups/module.h"
#include "server/popups/storefront_js.h"

namespace tenantry::server::popups {
namespace {

constexpr std::string_view kScriptCache = "public, max-age=3600";

http::Response Script(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.content_type = "application/javascript; charset=utf-8";
  response.body = std::move(body);
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

// The Host header is never used: a cached script with a forged one would send every storefront to
// an attacker. Without a configured address the script asks its own origin, read in the browser.
Result<http::Response> PopupScript(Module& module, const http::Request& request) {
  const Result<std::string> shop_id = QueryShop(request);
  if (!shop_id.ok()) return Script(400, "/* shopId is required */\n");
  std::string body(kStorefrontJs);
  while (!body.empty() && body.back() == '\n') body.pop_back();
  body.push_back('(');
  if (!AppendJsLiteral(&body, *shop_id)) return Script(400, "/* shopId is not valid */\n");
  body.push_back(',');
  const std::string& api = module.context().options.api_base_url;
  if (api.empty()) {
    body.append("null");
  } else if (!AppendJsLiteral(&body, api)) {
    return Internal("API_BASE_URL is not valid UTF-8");
  }
  body.append(");\n");

  http::Response response = Script(200, std::move(body));
  response.headers.emplace_back("Cache-Control", kScriptCache);
  return response;
}

}  // namespace

void AddScriptRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  AddRow(routes, module, http::Method::kGet, "/scripts/popup.js", "popupScript", PopupScript,
         {.permission = http::Permission::kStorefront, .cache = http::CacheClass::kScript});
}

}  // namespace tenantry::server::popups
