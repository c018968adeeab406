// /revenue: carts that were left and won back. Storefronts report them, the shop reads the sums.

#include "engine/base/time_format.h"
#include "engine/counters/bucket.h"
#include "engine/popups/revenue.h"
#include "engine/popups/text.h"
#include "server/paging.h"
#include "server/popups/body.h"
#include "server/popups/module.h"
#include "server/popups/render.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

constexpr uint32_t kActivitiesListed = 20;
constexpr uint32_t kTopListed = 5;

http::Response Tracked(const db::RevenueReply& reply, std::string_view id_name) {
  if (!reply.outcome.status.ok()) return Refused(reply.outcome);
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.Bool("success", true);
    object.String(id_name, reply.id);
  }
  return Parked(http::Response::Json(201, std::move(json)), reply.outcome);
}

Result<http::Response> Abandoned(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::TrackAbandonmentInput>(request));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop,
                       module.ShopForWrite(request, db::View((*input).getShopId()), kStorefront));
  return Tracked(db::TrackAbandonment(module.engine(), shop, input, InfoOf(request, kStorefront),
                                      TierOf(request)),
                 "eventId");
}

Result<http::Response> Recovered(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBody<schema::TrackRecoveryInput>(request));
  const Result<TenantRef> shop =
      db::FindShop(module.engine().View(), db::View((*input).getShopId()), TierOf(request));
  if (!shop.ok()) {
    if (shop.status().code() != StatusCode::kNotFound) return shop.status();
    return NotFound("Cart abandonment with ID " +
                    std::string(db::View((*input).getCartAbandonmentId())) + " not found");
  }
  return Tracked(db::TrackRecovery(module.engine(), *shop, input, InfoOf(request, kStorefront),
                                   TierOf(request)),
                 "recoveryId");
}

// The shop's space once the caller is let in; nothing for an unknown shop.
Result<std::optional<SpaceReader>> AdmittedSpace(Module& module, const ReadView& view,
                                                 const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  return Module::FindSpace(view, request, admitted.shop_id);
}

// --- Sums ---

// Midnight today, midnight seven days ago, or the first of the month; UTC.
Result<int64_t> PeriodStart(const http::Request& request, int64_t now_unix_ms) {
  using counters::kDayMs;
  const std::string period = request.FindQuery("period").value_or("today");
  const int64_t today = counters::FloorDivide(now_unix_ms, kDayMs);
  if (period.empty() || period == "today") return today * kDayMs;
  if (period == "week") return (today - 7) * kDayMs;
  if (period == "month") {
    CivilDate first = CivilFromDays(today);
    first.day = 1;
    return DaysFromCivil(first) * kDayMs;
  }
  return InvalidFields({"period must be one of the following values: today, week, month"});
}

Result<http::Response> Stats(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto space, AdmittedSpace(module, view, request));
  const int64_t now = module.engine().clock().NowUnixMs();
  TNT_ASSIGN_OR_RETURN(const int64_t from, PeriodStart(request, now));
  db::RevenueSums sums;
  if (space.has_value()) {
    TNT_ASSIGN_OR_RETURN(sums, db::ReadRevenue(*space, from, now + counters::kQuarterHourMs));
  }
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.Money("atRisk", sums.at_risk());
    object.Money("recovered", sums.recovered_value);
    object.Number("recoveryRate", db::RecoveryRate(sums));
    object.Int("abandonedCount", sums.carts);
    object.Int("recoveredCount", sums.recovered_carts);
  }
  return http::Response::Json(200, std::move(json));
}

Result<http::Response> Hours(Module& module, const http::Request& request) {
  using counters::kDayMs;
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto space, AdmittedSpace(module, view, request));
  int64_t day = counters::FloorDivide(module.engine().clock().NowUnixMs(), kDayMs);
  const std::optional<std::string> date = request.FindQuery("date");
  if (date.has_value() && !date->empty()) {
    std::optional<CivilDate> civil = ParseDate(*date);
    if (const auto instant = ParseInstant(*date); !civil.has_value() && instant.has_value()) {
      civil = CivilFromDays(counters::FloorDivide(*instant, kDayMs));
    }
    if (!civil.has_value()) return InvalidFields({"date must be a valid date"});
    day = DaysFromCivil(*civil);
  }
  std::array<db::RevenueSums, 24> hours;
  if (space.has_value()) {
    TNT_ASSIGN_OR_RETURN(hours, db::ReadRevenueHours(*space, day * kDayMs));
  }
  std::string json = "[";
  for (size_t hour = 0; hour < hours.size(); ++hour) {
    if (hour > 0) json.push_back(',');
    codec::ObjectWriter object(&json);
    object.Int("hour", static_cast<int64_t>(hour));
    object.Money("atRisk", hours[hour].at_risk());
    object.Money("recovered", hours[hour].recovered_value);
  }
  json.push_back(']');
  return http::Response::Json(200, std::move(json));
}

// --- Feed ---

// "3 min ago"; seconds end at a minute, minutes at an hour, hours at a day.
std::string TimeAgo(int64_t age_ms) {
  const int64_t seconds = std::max<int64_t>(age_ms, 0) / 1000;
  if (seconds < 60) return std::to_string(seconds) + " sec ago";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min ago";
  if (seconds < 86'400) return std::to_string(seconds / 3600) + " hr ago";
  return std::to_string(seconds / 86'400) + " days ago";
}

void AppendActivity(std::string* out, const db::Activity& activity, int64_t now_unix_ms) {
  const schema::CartAbandonment::Reader cart = *activity.cart;
  const bool won_back = activity.recovery.has_value();
  codec::ObjectWriter object(out);
  object.String("id", db::View(won_back ? (*activity.recovery)->getId() : cart.getId()));
  object.String("type", won_back ? "recovery" : "abandonment");
  object.Money("value", won_back ? (*activity.recovery)->getRecoveryValue() : cart.getCartValue());
  std::string* const items = object.Key("items");
  items->push_back('[');
  for (const schema::CartItem::Reader item : cart.getCartItems()) {
    if (items->back() != '[') items->push_back(',');
    codec::AppendObject<schema::CartItem>(items, item);
  }
  items->push_back(']');
  object.OptionalString("location", cart.hasUserLocation(), db::View(cart.getUserLocation()));
  object.OptionalString("deviceType", cart.hasDeviceType(), db::View(cart.getDeviceType()));
  object.OptionalString("trafficSource", cart.hasTrafficSource(),
                        db::View(cart.getTrafficSource()));
  object.Instant("timestamp", activity.at_unix_ms);
  object.OptionalString("recoveredVia", won_back,
                        won_back ? db::View((*activity.recovery)->getRecoveryMethod()) : "");
  if (activity.has_popup) object.String("popupName", activity.popup_name);
  object.String("timeAgo", TimeAgo(now_unix_ms - activity.at_unix_ms));
}

Result<http::Response> Feed(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto space, AdmittedSpace(module, view, request));
  TNT_ASSIGN_OR_RETURN(const uint32_t limit, ParseLimit(request, kActivitiesListed, kListedMax));
  std::vector<db::Activity> activities;
  if (space.has_value()) {
    TNT_ASSIGN_OR_RETURN(activities, db::ReadActivity(*space, limit));
  }
  const int64_t now = module.engine().clock().NowUnixMs();
  std::string json = "[";
  for (const db::Activity& activity : activities) {
    if (json.size() > 1) json.push_back(',');
    AppendActivity(&json, activity, now);
  }
  json.push_back(']');
  return http::Response::Json(200, std::move(json));
}

// --- Who and how ---

Result<http::Response> TopPopups(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto space, AdmittedSpace(module, view, request));
  TNT_ASSIGN_OR_RETURN(const uint32_t limit, ParseLimit(request, kTopListed, kListedMax));
  std::vector<db::RecoveryShare> shares;
  if (space.has_value()) {
    TNT_ASSIGN_OR_RETURN(shares, db::ReadTopPopups(*space, limit));
  }
  std::string json = "[";
  for (const db::RecoveryShare& share : shares) {
    if (json.size() > 1) json.push_back(',');
    codec::ObjectWriter object(&json);
    object.String("popupId", share.name);
    object.String("popupName", share.popup_name);
    object.Int("recoveryCount", share.count);
    object.Money("totalRecovered", share.value);
  }
  json.push_back(']');
  return http::Response::Json(200, std::move(json));
}

Result<http::Response> Methods(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto space, AdmittedSpace(module, view, request));
  std::vector<db::RecoveryShare> shares;
  if (space.has_value()) {
    TNT_ASSIGN_OR_RETURN(shares, db::ReadMethods(*space));
  }
  int64_t all = 0;
  for (const db::RecoveryShare& share : shares) all += share.count;
  std::string json = "[";
  for (const db::RecoveryShare& share : shares) {
    if (json.size() > 1) json.push_back(',');
    codec::ObjectWriter object(&json);
    object.String("method", share.name);
    object.Int("count", share.count);
    object.Int("percentage", (share.count * 200 + all) / (2 * all));  // Rounded half-up.
    object.Money("totalValue", share.value);
  }
  json.push_back(']');
  return http::Response::Json(200, std::move(json));
}

}  // namespace

void AddRevenueRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions storefront{.permission = http::Permission::kStorefront};
  const RowOptions stats{.rate = http::RateClass::kStats};
  AddRow(routes, module, Method::kPost, "/revenue/track-abandonment", "trackAbandonment", Abandoned,
         storefront);
  AddRow(routes, module, Method::kPost, "/revenue/track-recovery", "trackRecovery", Recovered,
         storefront);
  AddRow(routes, module, Method::kGet, "/revenue/stats", "revenueStats", Stats, stats);
  AddRow(routes, module, Method::kGet, "/revenue/activity-feed", "revenueActivity", Feed, stats);
  AddRow(routes, module, Method::kGet, "/revenue/hourly-breakdown", "revenueHours", Hours, stats);
  AddRow(routes, module, Method::kGet, "/revenue/top-popups", "revenueTopPopups", TopPopups, stats);
  AddRow(routes, module, Method::kGet, "/revenue/conversion-breakdown", "revenueMethods", Methods,
         stats);
}

}  // namespace tenantry::server::popups
