#include "engine/popups/plans.h"

#include <algorithm>
#include <string>

#include "engine/base/ids.h"
#include "engine/commands.h"
#include "engine/counters/bucket.h"
#include "engine/popups/metrics.h"
#include "engine/popups/text.h"

namespace tenantry::popups {
namespace {

using codec::Draft;
using schema::PlanType;

constexpr int64_t kUnlimited = -1;
constexpr PlanLimits kPlans[] = {
    {"free", "Free", PlanType::FREE, 1, 100, 0, false, false},
    {"starter", "Starter", PlanType::STARTER, 3, 5000, 12, false, false},
    {"professional", "Professional", PlanType::PROFESSIONAL, kUnlimited, kUnlimited, 25, true,
     false},
    {"enterprise", "Enterprise", PlanType::ENTERPRISE, kUnlimited, kUnlimited, 49, true, true},
};

// Makes cached active lists look again, as a popup that reached its limit does.
Status TouchMonthMark(Transaction& tx) {
  Draft<schema::PopupLimitMark> mark;
  mark->setPopupId(ToText(std::string(kMonthMark)));
  mark->setReachedAt(tx.now_unix_ms());
  TNT_ASSIGN_OR_RETURN(const auto earlier, tx.Find<schema::PopupLimitMark>({kMonthMark}));
  return earlier.has_value() ? tx.Update(*earlier, mark) : tx.Insert(mark);
}

}  // namespace

std::span<const PlanLimits> Plans() {
  return kPlans;
}

const PlanLimits& LimitsOf(PlanType plan) {
  return kPlans[std::min(static_cast<size_t>(plan), std::size(kPlans) - 1)];
}

bool IsDemoShop(std::string_view shop_id) {
  return shop_id.starts_with("demo-");
}

bool CrossesPlanLimit(int64_t views_before, int64_t views_after) {
  return std::any_of(std::begin(kPlans), std::end(kPlans), [&](const PlanLimits& plan) {
    return plan.month_views_max != kUnlimited && views_before < plan.month_views_max &&
           views_after >= plan.month_views_max;
  });
}

Result<std::optional<codec::Stored<schema::ShopPlan>>> FindPlan(const SpaceReader& shop,
                                                                std::string_view shop_id) {
  return shop.Find<schema::ShopPlan>({shop_id});
}

Result<const PlanLimits*> LimitsOfShop(const SpaceReader& shop, std::string_view shop_id) {
  TNT_ASSIGN_OR_RETURN(const auto plan, FindPlan(shop, shop_id));
  return &LimitsOf(plan.has_value() ? (*plan)->getPlanType() : PlanType::FREE);
}

Result<Usage> ReadUsage(const SpaceReader& shop, int64_t now_unix_ms) {
  const int64_t month = counters::MonthOf(now_unix_ms);
  Usage usage;
  TNT_ASSIGN_OR_RETURN(usage.popups, shop.Counter(kShopTotals, kShopOwner, kPopups));
  TNT_ASSIGN_OR_RETURN(usage.month_views, shop.Counter(kShopMonths, kShopOwner, kViews, month));
  TNT_ASSIGN_OR_RETURN(usage.month_conversions,
                       shop.Counter(kShopMonths, kShopOwner, kConversions, month));
  return usage;
}

Result<bool> MonthHasRoom(const SpaceReader& shop, std::string_view shop_id, int64_t now_unix_ms) {
  if (IsDemoShop(shop_id)) return true;
  TNT_ASSIGN_OR_RETURN(const PlanLimits* const limits, LimitsOfShop(shop, shop_id));
  if (limits->month_views_max == kUnlimited) return true;
  TNT_ASSIGN_OR_RETURN(const Usage usage, ReadUsage(shop, now_unix_ms));
  return usage.month_views < limits->month_views_max;
}

Status CheckPopupLimit(Transaction& tx, std::string_view shop_id) {
  if (IsDemoShop(shop_id)) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const PlanLimits* const limits, LimitsOfShop(tx, shop_id));
  TNT_ASSIGN_OR_RETURN(const int64_t popups, tx.Counter(kShopTotals, kShopOwner, kPopups));
  const bool room = limits->popups_max == kUnlimited || popups < limits->popups_max;
  if (tx.trace().Check("plan.popups", room,
                       {{"plan", limits->id}, {"popups", popups}, {"max", limits->popups_max}})) {
    return Status::Ok();
  }
  return PermissionDenied(
      "The " + std::string(limits->name) + " plan allows " + std::to_string(limits->popups_max) +
      (limits->popups_max == 1 ? " popup" : " popups") + ". Delete one or change the plan.");
}

Outcome SetPlan(Engine& engine, const TenantRef& shop, std::string_view shop_id,
                std::string_view plan, const CommandInfo& info) {
  CommandInfo set = info;
  set.command = static_cast<uint16_t>(CommandKind::kPlanSet);
  const auto found = std::find_if(std::begin(kPlans), std::end(kPlans),
                                  [plan](const PlanLimits& known) { return known.id == plan; });
  if (found == std::end(kPlans)) {
    Outcome refused;
    refused.status =
        InvalidArgument("unknown plan; known are free, starter, professional, enterprise");
    return refused;
  }
  return engine.Execute(shop, set, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(const auto before, FindPlan(tx, shop_id));
    auto after = before.has_value() ? Draft<schema::ShopPlan>(*before) : Draft<schema::ShopPlan>();
    if (!before.has_value()) {
      after->setShopId(ToText(std::string(shop_id)));
      after->setId(ToText(NewUuid(tx.random())));
      after->setCreatedAt(tx.now_unix_ms());
    }
    after->setPlanType(found->type);
    after->setStatus(schema::SubscriptionStatus::ACTIVE);
    after->setUpdatedAt(tx.now_unix_ms());
    TNT_RETURN_IF_ERROR(before.has_value() ? tx.Update(*before, after) : tx.Insert(after));
    return TouchMonthMark(tx);
  });
}

}  // namespace tenantry::popups
