// GET /scripts/popup.js: the storefront script for one shop, also under an address that names its content.

#include <array>
#include <optional>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/codec/json_out.h"
#include "server/conditional.h"
#include "server/popups/js_literal.h"
#include "server/popups/module.h"
#include "server/popups/storefront_js.h"

namespace tenantry::server::popups {
namespace {

constexpr std::string_view kScriptCache = "public, max-age=3600";
constexpr std::string_view kForEver = "public, max-age=31536000, immutable";

http::Response Script(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.content_type = "application/javascript; charset=utf-8";
  response.body = std::move(body);
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

// The script with its shop and API address. The Host header is never used: a cached script with a
// forged one would send every storefront to an attacker. Without a configured address the script asks
// its own origin, read in the browser. Nothing for a shop id that is not UTF-8 or too long.
Result<std::optional<std::string>> ScriptOf(Module& module, std::string_view shop_id) {
  std::string body(kStorefrontJs);
  while (!body.empty() && body.back() == '\n') body.pop_back();
  body.push_back('(');
  if (!AppendJsLiteral(&body, shop_id)) return std::optional<std::string>();
  body.push_back(',');
  const std::string& api = module.context().options.api_base_url;
  if (api.empty()) {
    body.append("null");
  } else if (!AppendJsLiteral(&body, api)) {
    return Internal("API_BASE_URL is not valid UTF-8");
  }
  body.append(");\n");
  return std::optional<std::string>(std::move(body));
}

using Digest = std::array<unsigned char, crypto_hash_sha256_BYTES>;

Digest DigestOf(std::string_view text) {
  Digest digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size());
  return digest;
}

// Names the content in its address: long enough that nobody makes two scripts with one name.
std::string NameOf(const Digest& digest) {
  return FormatHex({reinterpret_cast<const char*>(digest.data()), 16});
}

Result<http::Response> Serve(Module& module, const http::Request& request,
                             std::string_view wanted_name) {
  const Result<std::string> shop_id = QueryShop(request);
  if (!shop_id.ok()) return Script(400, "/* shopId is required */\n");
  TNT_ASSIGN_OR_RETURN(std::optional<std::string> body, ScriptOf(module, *shop_id));
  if (!body.has_value()) return Script(400, "/* shopId is not valid */\n");
  std::string_view cache = kScriptCache;
  if (!wanted_name.empty()) {
    // A page may name the script of an earlier release: it gets today's, for once.
    cache = wanted_name == NameOf(DigestOf(*body)) ? kForEver : kRevalidate;
  }
  http::Response response = Script(200, *std::move(body));
  response.headers.emplace_back("Cache-Control", cache);
  return response;
}

Result<http::Response> PopupScript(Module& module, const http::Request& request) {
  return Serve(module, request, "");
}

Result<http::Response> NamedScript(Module& module, const http::Request& request) {
  return Serve(module, request, request.params.values[0]);
}

// Where the script is, by its plain address and by one whose content never changes, and its hash for
// the integrity attribute.
Result<http::Response> ScriptAddress(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const std::string shop_id, QueryShop(request));
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> body, ScriptOf(module, shop_id));
  if (!body.has_value()) return InvalidFields({"shopId is not valid"});
  const Digest digest = DigestOf(*body);
  std::array<char,
             sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES, sodium_base64_VARIANT_ORIGINAL)>
      base64;
  sodium_bin2base64(base64.data(), base64.size(), digest.data(), digest.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  const std::string query = "?" + std::string(request.query);
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.String("url", "/scripts/popup.js" + query);
    object.String("immutableUrl", "/scripts/" + NameOf(digest) + "/popup.js" + query);
    object.String("integrity", std::string("sha256-") + base64.data());
  }
  return http::Response::Json(200, std::move(json));
}

}  // namespace

void AddScriptRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  AddRow(routes, module, http::Method::kGet, "/scripts/popup.js", "popupScript", PopupScript,
         {.permission = http::Permission::kStorefront, .cache = http::CacheClass::kScript});
  AddRow(routes, module, http::Method::kGet, "/scripts/:hash/popup.js", "namedPopupScript",
         NamedScript,
         {.permission = http::Permission::kStorefront, .cache = http::CacheClass::kScript});
  AddRow(routes, module, http::Method::kGet, "/scripts/popup.json", "popupScriptAddress",
         ScriptAddress, {.permission = http::Permission::kStorefront});
}

}  // namespace tenantry::server::popups
