// POST /analytics/views and /analytics/conversions: the answer is built at once and held until the
// loop's tick is written.

#include "engine/codec/json_out.h"
#include "engine/popups/text.h"
#include "engine/popups/tracking.h"
#include "engine/work_trace.h"
#include "server/popups/body.h"
#include "server/popups/module.h"
#include "server/stored_answer.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

template <class Record, class Draft>
Result<http::Response> Track(Module& module, const http::Request& request, const TenantRef& shop,
                             Draft event) {
  std::string json;
  codec::AppendObject<Record>(&json, event.reader());
  http::Response response = http::Response::Json(201, std::move(json));
  if (request.blocking_lane) {  // No tick here: an entry of its own.
    const Outcome outcome =
        db::TrackNow(module.engine(), shop, std::move(event), ReadTier::kBlocking);
    if (!outcome.status.ok()) return Refused(outcome);
    return Parked(std::move(response), outcome);
  }
  LoopState& loop = module.LoopOf(request);
  const KeyedCall* const call = KeyedCall::Current();
  if (call == nullptr) {
    response.tick_ticket = loop.tracker.Add(shop, std::move(event));
    return response;
  }
  const auto keyed = std::make_shared<db::KeyedEvent>(db::KeyedEvent{AnswerOf(response), {}});
  call->Complete(&keyed->answer, module.engine().clock().NowUnixMs());
  response.tick_ticket = loop.tracker.Add(shop, std::move(event), keyed);
  loop.keyed.emplace(response.tick_ticket, keyed);
  return response;
}

Result<TenantRef> ShopOfEvent(Module& module, const http::Request& request,
                              std::string_view popup_id) {
  if (request.blocking_lane) {
    return db::FindPopupShop(module.engine(), popup_id, ReadTier::kBlocking);
  }
  const Result<TenantRef> shop =
      module.LoopOf(request).tracker.finder().Find(popup_id, ReadTier::kInline);
  if (shop.ok()) WorkTrace::NoteSpace(shop->space());
  return shop;
}

Result<http::Response> View(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::TrackViewInput>(request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop,
                       ShopOfEvent(module, request, db::View((*input).getPopupId())));
  Engine& engine = module.engine();
  return Track<schema::PopupView>(module, request, shop,
                                  db::NewView(input, engine.clock().NowUnixMs(), engine.random()));
}

Result<http::Response> Conversion(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::TrackConversionInput>(request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop,
                       ShopOfEvent(module, request, db::View((*input).getPopupId())));
  Engine& engine = module.engine();
  return Track<schema::PopupConversion>(
      module, request, shop, db::NewConversion(input, engine.clock().NowUnixMs(), engine.random()));
}

}  // namespace

void AddTrackingRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  AddRow(routes, module, http::Method::kPost, "/analytics/views", "trackView", View,
         {.permission = http::Permission::kStorefront, .rate = http::RateClass::kViews});
  AddRow(routes, module, http::Method::kPost, "/analytics/conversions", "trackConversion",
         Conversion,
         {.permission = http::Permission::kStorefront, .rate = http::RateClass::kConversions});
}

}  // namespace tenantry::server::popups
