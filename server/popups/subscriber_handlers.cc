// /email-subscribers: the storefront adds and removes addresses, the shop reads them.

#include <optional>
#include <utility>

#include "engine/popups/erasure.h"
#include "engine/popups/popups.h"
#include "engine/popups/subscribers.h"
#include "engine/popups/text.h"
#include "server/conditional.h"
#include "server/paging.h"
#include "server/popups/body.h"
#include "server/popups/module.h"
#include "server/popups/render.h"
#include "server/record_json.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

constexpr uint32_t kExportRows = 1000;  // Read at a time.

bool IsAbsent(const Status& status) {
  return status.code() == StatusCode::kNotFound;
}

Result<http::Response> Subscribe(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::SubscribeInput>(request));
  const std::string_view shop_id = db::View((*input).getShopId());
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, module.ShopForWrite(request, shop_id, kStorefront));
  const db::SubscriberReply reply =
      db::Subscribe(module.engine(), shop, input, InfoOf(request, kStorefront), TierOf(request));
  if (!reply.outcome.status.ok()) return Refused(reply.outcome);
  return Parked(http::Response::Json(201, RecordJson(*reply.subscriber)), reply.outcome);
}

Result<http::Response> Unsubscribe(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const std::string shop_id, QueryShop(request));
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::UnsubscribeInput>(request));
  const Result<TenantRef> shop = db::FindShop(module.engine().View(), shop_id, TierOf(request));
  if (!shop.ok()) {
    if (!IsAbsent(shop.status())) return shop.status();
    return http::Response::Empty(204);
  }
  const Outcome outcome = db::Unsubscribe(module.engine(), *shop, db::View((*input).getEmail()),
                                          InfoOf(request, kStorefront), TierOf(request));
  if (!outcome.status.ok()) return Refused(outcome);
  return Parked(http::Response::Empty(204), outcome);
}

http::Response ListReply(const http::Request& request, const Paging& paging,
                         const db::SubscriberList& list) {
  http::Response response = http::Response::Json(200, RecordArray(list.subscribers));
  response.headers.emplace_back("Cache-Control", kNeverStored);
  AddPagingHeaders(request, paging, list.total, &response);
  return response;
}

Result<http::Response> List(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(const Paging paging, ParsePaging(request));
  db::SubscriberList list;
  const Result<TenantRef> shop = db::FindShop(view, admitted.shop_id, TierOf(request));
  if (shop.ok()) {
    TNT_ASSIGN_OR_RETURN(list,
                         db::ListSubscribers(view.Space(*shop, TierOf(request)), SliceOf(paging)));
  } else if (!IsAbsent(shop.status())) {
    return shop.status();
  }
  return ListReply(request, paging, list);
}

Result<http::Response> Count(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  int64_t count = 0;
  const Result<TenantRef> shop = db::FindShop(view, admitted.shop_id, TierOf(request));
  if (shop.ok()) {
    TNT_ASSIGN_OR_RETURN(count, db::CountSubscribers(view.Space(*shop, TierOf(request))));
  } else if (!IsAbsent(shop.status())) {
    return shop.status();
  }
  std::string json;
  { codec::ObjectWriter(&json).Int("count", count); }
  return http::Response::Json(200, std::move(json));
}

// Whose subscribers are meant: the named shop's, else those of the shop that owns the popup (F64).
Result<std::optional<std::string>> ShopOfPopup(const ReadView& view, const http::Request& request,
                                               std::string_view popup_id) {
  std::optional<std::string> named = request.FindQuery("shopId");
  if (named.has_value() && !named->empty()) return named;
  const ReadTier tier = TierOf(request);
  const Result<TenantRef> shop =
      tenant::Directory::FindByReference(view, schema::ReferenceKind::POPUP, popup_id, tier);
  if (!shop.ok()) {
    if (IsAbsent(shop.status())) return std::optional<std::string>();
    return shop.status();
  }
  const Result<db::PopupState> popup = db::GetPopup(view.Space(*shop, tier), popup_id);
  if (!popup.ok()) {
    if (IsAbsent(popup.status())) return std::optional<std::string>();
    return popup.status();
  }
  return std::optional<std::string>(db::View(popup->record->getShopId()));
}

Result<http::Response> ListOfPopup(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_RETURN_IF_ERROR(module.gate().AdmitUnnamed(view, request));
  TNT_ASSIGN_OR_RETURN(const Paging paging, ParsePaging(request));
  const std::string& popup_id = request.params.values[0];
  TNT_ASSIGN_OR_RETURN(const auto shop_id, ShopOfPopup(view, request, popup_id));
  db::SubscriberList list;
  if (!shop_id.has_value()) return ListReply(request, paging, list);
  TNT_RETURN_IF_ERROR(module.gate().Admit(view, request, *shop_id).status());
  const Result<TenantRef> shop = db::FindShop(view, *shop_id, TierOf(request));
  if (shop.ok()) {
    TNT_ASSIGN_OR_RETURN(list, db::ListPopupSubscribers(view.Space(*shop, TierOf(request)),
                                                        popup_id, SliceOf(paging)));
  } else if (!IsAbsent(shop.status())) {
    return shop.status();
  }
  return ListReply(request, paging, list);
}

// Erases one person; 204 also for an address nobody has, which tells a stranger nothing.
Result<http::Response> Erase(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  const std::optional<std::string> email = request.FindQuery("email");
  if (!email.has_value() || email->empty()) return InvalidArgument("email is required");
  const Result<TenantRef> shop = db::FindShop(view, admitted.shop_id, TierOf(request));
  if (!shop.ok()) {
    if (!IsAbsent(shop.status())) return shop.status();
    return http::Response::Empty(204);
  }
  const Outcome outcome = db::EraseSubscriber(module.engine(), *shop, *email,
                                              InfoOf(request, admitted.actor), TierOf(request));
  if (!outcome.status.ok()) return Refused(outcome);
  return Parked(http::Response::Empty(204), outcome);
}

// Everybody of one state of the shop, as many rows at a time as a piece holds.
class SubscriberCsv final : public http::BodySource {
 public:
  explicit SubscriberCsv(std::optional<SpaceReader> shop)
      : shop_(std::move(shop)), more_(shop_.has_value()) {}

  Status Next(std::string* piece) override {
    if (!std::exchange(head_sent_, true)) piece->append(db::kSubscriberCsvHead);
    if (!more_) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(more_, db::AppendSubscriberCsv(*shop_, kExportRows, &after_, piece));
    return Status::Ok();
  }

 private:
  const std::optional<SpaceReader> shop_;
  bool head_sent_ = false;
  bool more_;
  std::string after_;
};

Result<http::Response> Export(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  TNT_ASSIGN_OR_RETURN(auto space, Module::FindSpace(view, request, admitted.shop_id));
  http::Response response;
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"subscribers.csv\"");
  response.headers.emplace_back("Cache-Control", kNeverStored);
  response.stream = std::make_shared<SubscriberCsv>(std::move(space));
  return response;
}

}  // namespace

void AddSubscriberRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions managed;
  const RowOptions storefront{.permission = http::Permission::kStorefront};
  AddRow(routes, module, Method::kPost, "/email-subscribers", "subscribeEmail", Subscribe,
         storefront);
  AddRow(routes, module, Method::kGet, "/email-subscribers", "listSubscribers", List, managed);
  AddRow(routes, module, Method::kGet, "/email-subscribers/count", "countSubscribers", Count,
         managed);
  AddRow(routes, module, Method::kGet, "/email-subscribers/popup/:popupId", "listPopupSubscribers",
         ListOfPopup, managed);
  AddRow(routes, module, Method::kPost, "/email-subscribers/unsubscribe", "unsubscribeEmail",
         Unsubscribe, storefront);
  AddRow(routes, module, Method::kDelete, "/email-subscribers", "eraseSubscriber", Erase, managed);
  AddRow(routes, module, Method::kGet, "/email-subscribers/export.csv", "exportSubscribers", Export,
         {.lane = http::Lane::kBlocking});
}

}  // namespace tenantry::server::popups
