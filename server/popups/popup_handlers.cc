// GET, POST, PATCH and DELETE of /popups, and the hot list /popups/active.

#include "engine/popups/popups.h"
#include "engine/popups/text.h"
#include "engine/work_trace.h"
#include "server/popups/body.h"
#include "server/popups/conditional.h"
#include "server/popups/module.h"
#include "server/popups/paging.h"
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
  return PopupReply(
      201, db::CreatePopup(module.engine(), shop, input, InfoOf(request, actor), TierOf(request)));
}

Result<http::Response> List(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const Paging paging, ParsePaging(request));
  db::PopupList list;
  const Result<TenantRef> shop = db::FindShop(view, admitted.shop_id, TierOf(request));
  if (shop.ok()) {
    TNT_ASSIGN_OR_RETURN(list, db::ListPopups(view.Space(*shop, TierOf(request)), paging.slice()));
  } else if (shop.status().code() != StatusCode::kNotFound) {
    return shop.status();
  }
  http::Response response = Conditional(request, PopupArray(list.popups), kPrivate);
  AddPagingHeaders(request, paging, list.total, &response);
  return response;
}

http::Response ActiveReply(const http::Request& request, const ActiveCache::Entry& entry) {
  if (Matches(request, entry.tag)) return NotModified(entry.tag, kRevalidate);
  http::Response response = http::Response::Json(200, {});
  response.shared_body = entry.body;
  response.headers.reserve(8);  // The application adds its own.
  response.headers.emplace_back("ETag", entry.tag);
  response.headers.emplace_back("Cache-Control", kRevalidate);
  return response;
}

Result<http::Response> Active(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const std::string shop_id, QueryShop(request));
  const bool cached = !request.blocking_lane;  // A worker must not touch the loop's cache.
  if (cached) {
    const ActiveCache::Entry* entry = module.LoopOf(request).active.Find(shop_id);
    if (entry != nullptr) {
      WorkTrace::NoteSpace(entry->space);
      return ActiveReply(request, *entry);
    }
  }
  const int64_t now_boot_ns = module.engine().clock().NowBootNs();
  const ReadView view = module.engine().View();
  const Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (!shop.ok()) {
    if (shop.status().code() != StatusCode::kNotFound) return shop.status();
    return Conditional(request, "[]", kRevalidate);  // Not kept: strangers could fill the cache.
  }
  TNT_ASSIGN_OR_RETURN(const auto popups, db::ActivePopups(view.Space(*shop, TierOf(request))));
  ActiveCache::Entry entry;
  entry.space = shop->space();
  entry.built_index = view.applied_index();
  entry.built_boot_ns = now_boot_ns;
  entry.body = std::make_shared<const std::string>(PopupArray(popups));
  entry.tag = EntityTag(*entry.body);
  if (!cached) return ActiveReply(request, entry);
  return ActiveReply(request, module.LoopOf(request).active.Put(shop_id, std::move(entry)));
}

Result<http::Response> Get(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, ShopOfPopup(view, request, admitted.shop_id));
  TNT_ASSIGN_OR_RETURN(const db::PopupState popup,
                       db::GetPopup(view.Space(shop, TierOf(request)), request.params.values[0]));
  std::string json;
  AppendPopup(&json, popup);
  return Conditional(request, std::move(json), kPrivate);
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
