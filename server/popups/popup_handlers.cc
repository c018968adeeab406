// GET, POST, PATCH and DELETE of /popups, and the hot list /popups/active.

#include "engine/popups/popups.h"
#include "engine/popups/text.h"
#include "engine/read_recorder.h"
#include "server/paging.h"
#include "server/popups/body.h"
#include "server/popups/module.h"
#include "server/popups/render.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

http::Response PopupReply(int status, const db::PopupReply& reply) {
  if (!reply.outcome.status.ok()) return Refused(reply.outcome);
  std::string json;
  AppendPopup(&json, *reply.popup);
  return Parked(http::Response::Json(status, std::move(json)), reply.outcome);
}

// For routes that name one popup: an unknown shop has no popups.
Result<TenantRef> ShopOfPopup(const ReadView& view, const http::Request& request,
                              std::string_view shop_id) {
  Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (!shop.ok() && shop.status().code() == StatusCode::kNotFound) {
    return db::PopupNotFound(request.params.values[0]);
  }
  return shop;
}

Result<http::Response> Create(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_RETURN_IF_ERROR(module.gate().AdmitUnnamed(view, request));
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::CreatePopupInput>(request));
  const std::string_view shop_id = db::View((*input).getShopId());
  TNT_ASSIGN_OR_RETURN(const std::string actor, module.gate().Admit(view, request, shop_id));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, module.ShopForWrite(request, shop_id, actor));
  return PopupReply(201, db::CreatePopup(module.engine(), shop, input, InfoOf(request, actor),
                                         TierOf(request), module.billing()));
}

Result<http::Response> List(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const Paging paging, ParsePaging(request));
  db::PopupList list;
  const Result<TenantRef> shop = db::FindShop(view, admitted.shop_id, TierOf(request));
  if (shop.ok()) {
    TNT_ASSIGN_OR_RETURN(list, db::ListPopups(view.Space(*shop, TierOf(request)), SliceOf(paging)));
  } else if (shop.status().code() != StatusCode::kNotFound) {
    return shop.status();
  }
  http::Response response = http::Response::Json(200, PopupArray(list.popups));
  AddPagingHeaders(request, paging, list.total, &response);
  return response;
}

Result<http::Response> Active(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const std::string shop_id, QueryShop(request));
  const ReadView view = module.engine().View();
  const Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (!shop.ok()) {
    if (shop.status().code() != StatusCode::kNotFound) return shop.status();
    ReadRecorder::DoNotKeep();  // Strangers could fill the cache with shops that do not exist.
    return http::Response::Json(200, "[]");
  }
  const SpaceReader space = view.Space(*shop, TierOf(request));
  if (module.billing() == db::Billing::kOn) {
    TNT_ASSIGN_OR_RETURN(const bool room,
                         db::MonthHasRoom(space, shop_id, module.engine().clock().NowUnixMs()));
    if (!room) {
      ReadRecorder::DoNotKeep();  // The month will end.
      return http::Response::Json(200, "[]");
    }
  }
  TNT_ASSIGN_OR_RETURN(const auto popups, db::ActivePopups(space));
  return http::Response::Json(200, PopupArray(popups));
}

Result<http::Response> Get(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfPopup(view, request, admitted.shop_id));
  TNT_ASSIGN_OR_RETURN(const db::PopupState popup,
                       db::GetPopup(view.Space(shop, TierOf(request)), request.params.values[0]));
  std::string json;
  AppendPopup(&json, popup);
  return http::Response::Json(200, std::move(json));
}

Result<http::Response> Update(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::UpdatePopupInput>(request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfPopup(view, request, admitted.shop_id));
  return PopupReply(200, db::UpdatePopup(module.engine(), shop, request.params.values[0], input,
                                         InfoOf(request, admitted.actor), TierOf(request)));
}

Result<http::Response> Delete(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfPopup(view, request, admitted.shop_id));
  const Outcome outcome = db::DeletePopup(module.engine(), shop, request.params.values[0],
                                          InfoOf(request, admitted.actor), TierOf(request));
  if (!outcome.status.ok()) return Refused(outcome);
  return Parked(http::Response::Empty(204), outcome);
}

}  // namespace

void AddPopupRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions managed;
  const RowOptions active{.permission = http::Permission::kStorefront,
                          .cache = http::CacheClass::kActivePopups};
  const RowOptions one{.cache = http::CacheClass::kPopup};
  AddRow(routes, module, Method::kPost, "/popups", "createPopup", Create, managed);
  AddRow(routes, module, Method::kGet, "/popups", "listPopups", List, managed);
  AddRow(routes, module, Method::kGet, "/popups/active", "listActivePopups", Active, active);
  AddRow(routes, module, Method::kGet, "/popups/:id", "getPopup", Get, one);
  AddRow(routes, module, Method::kPatch, "/popups/:id", "updatePopup", Update, managed);
  AddRow(routes, module, Method::kDelete, "/popups/:id", "deletePopup", Delete, managed);
}

}  // namespace tenantry::server::popups
