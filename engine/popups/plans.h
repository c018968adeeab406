#pragma once
// Plans: what a shop may use, and what it uses.
//
// Shape    a shop without a plan row is on the free plan. Shops named demo-shop or demo-... have a
//          virtual free subscription, zero usage and no limit. Limits bite only when the operator
//          switched billing on (Billing::kOn).
// Units    -1 is unlimited; prices in US dollars a month; usage of this calendar month, UTC.
// Errors   SetPlan: kInvalidArgument for an unknown plan.
// Threads  stateless.
// Source   popups.md §7, F72, F73.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/engine.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {

enum class Billing : uint8_t { kOff, kOn };

struct PlanLimits {
  std::string_view id;
  std::string_view name;
  schema::PlanType type;
  int64_t popups_max;
  int64_t month_views_max;
  int64_t price;
  bool advanced_analytics;
  bool all_features;
};
// In the order shops see them.
std::span<const PlanLimits> Plans();
const PlanLimits& LimitsOf(schema::PlanType plan);

bool IsDemoShop(std::string_view shop_id);

// A month's view count that some plan ends at: when a count passes one, cached active lists must go.
bool CrossesPlanLimit(int64_t views_before, int64_t views_after);
// Name of the limit mark that says so; no popup has this id.
inline constexpr std::string_view kMonthMark = "month";

// Null for a shop that never had a plan set.
Result<std::optional<codec::Stored<schema::ShopPlan>>> FindPlan(const SpaceReader& shop,
                                                                std::string_view shop_id);
Result<const PlanLimits*> LimitsOfShop(const SpaceReader& shop, std::string_view shop_id);

struct Usage {
  int64_t popups = 0;
  int64_t month_views = 0;
  int64_t month_conversions = 0;
};
Result<Usage> ReadUsage(const SpaceReader& shop, int64_t now_unix_ms);

// Whether the shop's month has room for shown popups.
Result<bool> MonthHasRoom(const SpaceReader& shop, std::string_view shop_id, int64_t now_unix_ms);
// A step of creating a popup: kPermissionDenied naming the number once the plan is full.
Status CheckPopupLimit(Transaction& tx, std::string_view shop_id);

Outcome SetPlan(Engine& engine, const TenantRef& shop, std::string_view shop_id,
                std::string_view plan, const CommandInfo& info);

}  // namespace tenantry::popups
