#include "server/popups/gate.h"

#include <optional>

#include "engine/keyed_call.h"
#include "engine/tenant/shop_keys.h"
#include "server/http/text.h"
#include "server/reply.h"

namespace tenantry::server::popups {
namespace {

using Key = codec::Stored<schema::ShopKey>;

Result<Key> ShownKey(const ReadView& view, const http::Request& request) {
  const std::optional<std::string_view> header = request.FindHeader("Authorization");
  if (!header.has_value()) return Unauthenticated("a shop key is required");
  constexpr std::string_view kScheme = "Bearer ";
  if (!http::EqualsIgnoreCase(header->substr(0, kScheme.size()), kScheme)) {
    return Unauthenticated("a shop key is sent as Authorization: Bearer");
  }
  Result<Key> key =
      tenant::FindShopKey(view, http::TrimBlanks(header->substr(kScheme.size())), TierOf(request));
  if (!key.ok() && key.status().code() == StatusCode::kNotFound) {
    return Unauthenticated("the shop key is not valid");
  }
  return key;
}

// A request with an Idempotency-Key that was answered before ends here: what its handler would check has changed since.
Status CheckNotAnswered(const ReadView& view, const http::Request& request,
                        std::string_view shop_id, std::string_view actor) {
  KeyedCall* const call = KeyedCall::Current();
  if (call == nullptr) return Status::Ok();
  call->SetPrincipal(actor);
  const Result<tenant::TenantEntry> shop =
      tenant::Directory::Find(view, shop_id, schema::TenantKind::SHOP, TierOf(request));
  if (shop.ok()) return call->LookIn(view.Space(shop->ref, TierOf(request)));
  return shop.status().code() == StatusCode::kNotFound ? Status::Ok() : shop.status();
}

}  // namespace

Result<std::string> ShopGate::Admit(const ReadView& view, const http::Request& request,
                                    std::string_view shop_id) const {
  TNT_ASSIGN_OR_RETURN(std::string actor, WhoIs(view, request, shop_id));
  TNT_RETURN_IF_ERROR(CheckNotAnswered(view, request, shop_id, actor));
  return actor;
}

Result<std::string> ShopGate::WhoIs(const ReadView& view, const http::Request& request,
                                    std::string_view shop_id) const {
  if (options_.shop_auth_open) {
    TNT_ASSIGN_OR_RETURN(const bool locked, tenant::ShopHasKey(view, shop_id, TierOf(request)));
    if (!locked) return std::string("anyone");
  }
  TNT_ASSIGN_OR_RETURN(const Key key, ShownKey(view, request));
  if (std::string_view(key->getShopId().cStr()) != shop_id) {
    return NotFound("Shop with ID " + std::string(shop_id) + " not found");
  }
  return std::string("key:") + key->getHint().cStr();
}

Status ShopGate::AdmitUnnamed(const ReadView& view, const http::Request& request) const {
  if (options_.shop_auth_open) return Status::Ok();
  return ShownKey(view, request).status();
}

Result<ShopGate::Admitted> ShopGate::AdmitQuery(const ReadView& view,
                                                const http::Request& request) const {
  Result<std::string> shop_id = QueryShop(request);
  if (!shop_id.ok()) {
    TNT_RETURN_IF_ERROR(AdmitUnnamed(view, request));
    return shop_id.status();
  }
  TNT_ASSIGN_OR_RETURN(std::string actor, Admit(view, request, *shop_id));
  return Admitted{*std::move(shop_id), std::move(actor)};
}

Result<std::string> QueryShop(const http::Request& request) {
  std::optional<std::string> shop_id = request.FindQuery("shopId");
  if (!shop_id.has_value() || shop_id->empty()) return InvalidArgument("shopId is required");
  return *std::move(shop_id);
}

}  // namespace tenantry::server::popups
