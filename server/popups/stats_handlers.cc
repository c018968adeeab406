// GET /analytics/popup/:popupId and /analytics/shop/:shopId, and the visitors of either.

#include <optional>

#include "engine/base/time_format.h"
#include "engine/codec/json_out.h"
#include "engine/counters/bucket.h"
#include "engine/counters/hll.h"
#include "engine/popups/popups.h"
#include "engine/popups/stats.h"
#include "engine/popups/text.h"
#include "engine/read_recorder.h"
#include "server/popups/module.h"
#include "server/popups/popup_access.h"
#include "server/popups/render.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

constexpr int64_t kVisitorsSpanMaxMs = 366 * counters::kDayMs;

bool IsAbsent(const Status& status) {
  return status.code() == StatusCode::kNotFound;
}

// The shop, once the caller is let in; nothing for one that does not exist.
Result<std::optional<TenantRef>> AdmitToShop(Module& module, const ReadView& view,
                                             const http::Request& request,
                                             std::string_view shop_id) {
  TNT_RETURN_IF_ERROR(module.gate().Admit(view, request, shop_id).status());
  const Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (shop.ok()) return std::optional<TenantRef>(*shop);
  if (!IsAbsent(shop.status())) return shop.status();
  ReadRecorder::DoNotKeep();
  return std::optional<TenantRef>();
}

Result<http::Response> OfPopup(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  const std::string& popup_id = request.params.values[0];
  TNT_ASSIGN_OR_RETURN(const auto shop, AdmitToPopup(module, view, request, popup_id));
  db::PopupStats stats;
  if (shop.has_value()) {
    TNT_ASSIGN_OR_RETURN(stats, db::ReadPopupStats(view.Space(*shop, TierOf(request)), popup_id));
  }
  return http::Response::Json(200, PopupStatsJson(popup_id, stats));
}

Result<http::Response> OfShop(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  const std::string& shop_id = request.params.values[0];
  TNT_ASSIGN_OR_RETURN(const auto shop, AdmitToShop(module, view, request, shop_id));
  db::ShopStats stats;
  if (shop.has_value()) {
    TNT_ASSIGN_OR_RETURN(stats, db::ReadShopStats(view.Space(*shop, TierOf(request))));
  }
  return http::Response::Json(200, ShopStatsJson(shop_id, stats));
}

struct Span {
  int64_t from = 0;
  int64_t until = 0;
};

Status ReadInstant(const http::Request& request, std::string_view name, int64_t* out) {
  const std::optional<std::string> text = request.FindQuery(name);
  if (!text.has_value()) return Status::Ok();
  const std::optional<int64_t> unix_ms = ParseInstant(*text);
  if (!unix_ms.has_value()) {
    return InvalidFields({std::string(name) + " must be a valid ISO 8601 date string"});
  }
  *out = *unix_ms;
  return Status::Ok();
}

// Whole UTC hours: the bounds move outwards to them, and the answer says which they are. Without
// bounds, the last day.
Result<Span> ParseSpan(const http::Request& request, int64_t now_unix_ms) {
  using counters::kHourMs;
  Span span;
  span.until = (counters::HourOf(now_unix_ms) + 1) * kHourMs;
  // Without `until` the span moves on when the hour ends.
  ReadRecorder::AnswerChangesAt(span.until);
  TNT_RETURN_IF_ERROR(ReadInstant(request, "until", &span.until));
  span.from = span.until - counters::kDayMs;
  TNT_RETURN_IF_ERROR(ReadInstant(request, "from", &span.from));
  span.from = counters::HourOf(span.from) * kHourMs;
  span.until = counters::HourOf(span.until + kHourMs - 1) * kHourMs;
  if (span.from >= span.until) return InvalidFields({"from must be before until"});
  if (span.until - span.from > kVisitorsSpanMaxMs) {
    return InvalidFields({"from and until must not be more than 366 days apart"});
  }
  return span;
}

// `popup_id` is empty for the whole shop.
Result<http::Response> Visitors(const http::Request& request, const ReadView& view,
                                const std::optional<TenantRef>& shop, std::string_view popup_id,
                                const Span& span) {
  int64_t visitors = 0;
  if (shop.has_value()) {
    TNT_ASSIGN_OR_RETURN(visitors, db::EstimateVisitors(view.Space(*shop, TierOf(request)),
                                                        popup_id, span.from, span.until));
  }
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.String(popup_id.empty() ? "shopId" : "popupId", request.params.values[0]);
    object.Instant("from", span.from);
    object.Instant("until", span.until);
    object.Int("uniqueVisitors", visitors);
    object.Number("standardErrorPercent", counters::Hll::kStandardError * 100);
  }
  return http::Response::Json(200, std::move(json));
}

Result<http::Response> VisitorsOfPopup(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  const std::string& popup_id = request.params.values[0];
  TNT_ASSIGN_OR_RETURN(const auto shop, AdmitToPopup(module, view, request, popup_id));
  TNT_ASSIGN_OR_RETURN(const Span span, ParseSpan(request, module.engine().clock().NowUnixMs()));
  return Visitors(request, view, shop, popup_id, span);
}

Result<http::Response> VisitorsOfShop(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto shop,
                       AdmitToShop(module, view, request, request.params.values[0]));
  TNT_ASSIGN_OR_RETURN(const Span span, ParseSpan(request, module.engine().clock().NowUnixMs()));
  return Visitors(request, view, shop, {}, span);
}

}  // namespace

void AddStatsRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions popup{.rate = http::RateClass::kStats, .cache = http::CacheClass::kPopupStats};
  const RowOptions shop{.rate = http::RateClass::kStats, .cache = http::CacheClass::kShopStats};
  AddRow(routes, module, Method::kGet, "/analytics/popup/:popupId", "popupStats", OfPopup,
         {.rate = http::RateClass::kPopupStats, .cache = http::CacheClass::kPopupStats});
  AddRow(routes, module, Method::kGet, "/analytics/shop/:shopId", "shopStats", OfShop, shop);
  AddRow(routes, module, Method::kGet, "/analytics/popup/:popupId/visitors", "popupVisitors",
         VisitorsOfPopup, popup);
  AddRow(routes, module, Method::kGet, "/analytics/shop/:shopId/visitors", "shopVisitors",
         VisitorsOfShop, shop);
}

}  // namespace tenantry::server::popups
