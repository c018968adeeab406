// /discount-codes: created and listed by the shop, looked up by its storefront.

#include "engine/popups/discount_codes.h"
#include "engine/popups/text.h"
#include "server/paging.h"
#include "server/popups/body.h"
#include "server/popups/module.h"
#include "server/popups/render.h"
#include "server/record_json.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

Result<http::Response> Create(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_RETURN_IF_ERROR(module.gate().AdmitUnnamed(view, request));
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::CreateDiscountCodeInput>(request));
  TNT_RETURN_IF_ERROR(db::CheckDiscountCode(*input));
  const std::string_view shop_id = db::View((*input).getShopId());
  TNT_ASSIGN_OR_RETURN(const std::string actor, module.gate().Admit(view, request, shop_id));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, module.ShopForWrite(request, shop_id, actor));
  const db::DiscountCodeReply reply =
      db::CreateDiscountCode(module.engine(), shop, input, InfoOf(request, actor), TierOf(request));
  if (!reply.outcome.status.ok()) return Refused(reply.outcome);
  return Parked(http::Response::Json(201, RecordJson(*reply.code)), reply.outcome);
}

Result<http::Response> List(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const Paging paging, ParsePaging(request));
  db::DiscountCodeList list;
  const Result<TenantRef> shop = db::FindShop(view, admitted.shop_id, TierOf(request));
  if (shop.ok()) {
    TNT_ASSIGN_OR_RETURN(
        list, db::ListDiscountCodes(view.Space(*shop, TierOf(request)), SliceOf(paging)));
  } else if (shop.status().code() != StatusCode::kNotFound) {
    return shop.status();
  }
  http::Response response = http::Response::Json(200, RecordArray(list.codes));
  AddPagingHeaders(request, paging, list.total, &response);
  return response;
}

Result<http::Response> Get(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const std::string shop_id, QueryShop(request));
  const std::string& id = request.params.values[0];
  const ReadView view = module.engine().View();
  const Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (!shop.ok()) {
    if (shop.status().code() != StatusCode::kNotFound) return shop.status();
    return db::DiscountCodeNotFound(id);
  }
  TNT_ASSIGN_OR_RETURN(const auto code,
                       db::GetDiscountCode(view.Space(*shop, TierOf(request)), id));
  return http::Response::Json(200, RecordJson(code));
}

// A code that cannot be used is 200 without a body: that is what clients expect.
Result<http::Response> Find(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const std::string shop_id, QueryShop(request));
  const ReadView view = module.engine().View();
  const Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (!shop.ok()) {
    if (shop.status().code() != StatusCode::kNotFound) return shop.status();
    return http::Response::Empty(200);
  }
  TNT_ASSIGN_OR_RETURN(const auto code, db::FindLiveCode(view.Space(*shop, TierOf(request)),
                                                         request.params.values[0],
                                                         module.engine().clock().NowUnixMs()));
  if (!code.has_value()) return http::Response::Empty(200);
  return http::Response::Json(200, RecordJson(*code));
}

}  // namespace

void AddDiscountCodeRoutes(const std::shared_ptr<Module>& module,
                           std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions managed;
  const RowOptions storefront{.permission = http::Permission::kStorefront};
  AddRow(routes, module, Method::kPost, "/discount-codes", "createDiscountCode", Create, managed);
  AddRow(routes, module, Method::kGet, "/discount-codes", "listDiscountCodes", List, managed);
  AddRow(routes, module, Method::kGet, "/discount-codes/:id", "getDiscountCode", Get, storefront);
  AddRow(routes, module, Method::kGet, "/discount-codes/code/:code", "findDiscountCode", Find,
         storefront);
}

}  // namespace tenantry::server::popups
