// /subscriptions: plans, and what a shop may use and uses.

#include "engine/popups/plans.h"
#include "engine/popups/shops.h"
#include "engine/popups/text.h"
#include "server/popups/module.h"
#include "server/popups/render.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

constexpr std::string_view kDemoSubscription = "demo-subscription";

void AppendLimits(std::string* out, const db::PlanLimits& plan) {
  codec::ObjectWriter object(out);
  object.Int("maxPopups", plan.popups_max);
  object.Int("maxViewsPerMonth", plan.month_views_max);
  codec::ObjectWriter features(object.Key("features"));
  features.Bool("abTesting", plan.all_features);
  features.Bool("advancedAnalytics", plan.advanced_analytics);
  features.Bool("customDomains", plan.all_features);
  features.Bool("prioritySupport", plan.all_features);
  features.Bool("apiAccess", plan.all_features);
}

void AppendUsage(std::string* out, const db::Usage& usage) {
  codec::ObjectWriter object(out);
  object.Int("popupCount", usage.popups);
  object.Int("popupViews", usage.month_views);
  object.Int("popupConversions", usage.month_conversions);
}

Result<http::Response> ListPlans(Module& /*module*/, const http::Request& /*request*/) {
  std::string json = R"({"plans":[)";
  for (const db::PlanLimits& plan : db::Plans()) {
    if (json.back() != '[') json.push_back(',');
    codec::ObjectWriter object(&json);
    object.String("id", plan.id);
    object.String("name", plan.name);
    object.Int("price", plan.price);
    object.String("currency", "USD");
    object.String("interval", "month");
    AppendLimits(object.Key("limits"), plan);
  }
  json.append("]}");
  return http::Response::Json(200, std::move(json));
}

// Everything the three answers need about a shop. One that does not exist yet, or is a demo shop, is
// on the free plan and uses nothing.
struct Facts {
  const db::PlanLimits* plan = &db::Plans().front();
  db::Usage usage;
  std::string id;
  std::string_view status = "active";
  std::string period_end;
  int64_t created_unix_ms = 0;
};

std::string_view StatusName(schema::SubscriptionStatus status) {
  constexpr std::string_view kNames[] = {"active", "cancelled", "expired", "trial"};
  return kNames[std::min<size_t>(static_cast<size_t>(status), std::size(kNames) - 1)];
}

Result<Facts> FactsOf(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const auto admitted, module.gate().AdmitQuery(view, request));
  const int64_t now = module.engine().clock().NowUnixMs();
  const bool demo = db::IsDemoShop(admitted.shop_id);
  Facts facts;
  facts.id = demo ? std::string(kDemoSubscription) : "free:" + admitted.shop_id;
  facts.created_unix_ms = now;
  const auto entry =
      tenant::Directory::Find(view, admitted.shop_id, schema::TenantKind::SHOP, TierOf(request));
  if (!entry.ok()) {
    if (entry.status().code() != StatusCode::kNotFound) return entry.status();
    return facts;
  }
  facts.created_unix_ms = entry->record->getCreatedAt();
  if (demo) return facts;
  const SpaceReader space = view.Space(entry->ref, TierOf(request));
  TNT_ASSIGN_OR_RETURN(facts.usage, db::ReadUsage(space, now));
  TNT_ASSIGN_OR_RETURN(const auto plan, db::FindPlan(space, admitted.shop_id));
  if (!plan.has_value()) return facts;
  facts.plan = &db::LimitsOf((*plan)->getPlanType());
  facts.id = db::View((*plan)->getId());
  facts.status = StatusName((*plan)->getStatus());
  facts.period_end = db::View((*plan)->getCurrentPeriodEnd());
  facts.created_unix_ms = (*plan)->getCreatedAt();
  return facts;
}

Result<http::Response> ShopStatus(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const Facts facts, FactsOf(module, request));
  std::string json;
  {
    codec::ObjectWriter object(&json);
    {
      codec::ObjectWriter subscription(object.Key("subscription"));
      subscription.String("id", facts.id);
      subscription.String("planType", facts.plan->id);
      subscription.String("status", facts.status);
      subscription.OptionalString("currentPeriodEnd", !facts.period_end.empty(), facts.period_end);
      subscription.Instant("createdAt", facts.created_unix_ms);
    }
    AppendLimits(object.Key("limits"), *facts.plan);
    AppendUsage(object.Key("usage"), facts.usage);
    codec::ObjectWriter pricing(object.Key("pricing"));
    pricing.Int("price", facts.plan->price);
    pricing.String("currency", "USD");
    pricing.String("interval", "month");
  }
  return http::Response::Json(200, std::move(json));
}

Result<http::Response> ShopLimits(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const Facts facts, FactsOf(module, request));
  std::string json;
  AppendLimits(&json, *facts.plan);
  return http::Response::Json(200, std::move(json));
}

Result<http::Response> ShopUsage(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const Facts facts, FactsOf(module, request));
  std::string json;
  AppendUsage(&json, facts.usage);
  return http::Response::Json(200, std::move(json));
}

}  // namespace

void AddSubscriptionRoutes(const std::shared_ptr<Module>& module,
                           std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions managed;
  AddRow(routes, module, Method::kGet, "/subscriptions/plans", "listShopPlans", ListPlans,
         {.permission = http::Permission::kStorefront});
  AddRow(routes, module, Method::kGet, "/subscriptions/status", "subscriptionStatus", ShopStatus,
         managed);
  AddRow(routes, module, Method::kGet, "/subscriptions/limits", "subscriptionLimits", ShopLimits,
         managed);
  AddRow(routes, module, Method::kGet, "/subscriptions/usage", "subscriptionUsage", ShopUsage,
         managed);
}

}  // namespace tenantry::server::popups
