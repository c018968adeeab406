#include "engine/gym/memberships.h"

#include <algorithm>

#include "engine/base/time_format.h"
#include "engine/counters/bucket.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"

namespace tenantry::gym {
namespace {

using SubscriptionStatus = schema::GymSubscriptionStatus;

constexpr uint8_t kPlansByState = 1;
constexpr uint8_t kByMember = 1;
constexpr const char* kCurrency = "KES";
constexpr int64_t kDayMs = counters::kDayMs;

Status PlanNotFound(std::string_view id) {
  return NotFound("Membership plan with ID " + std::string(id) + " not found");
}

Result<Plan> GetPlan(const SpaceReader& space, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(std::optional<Plan> plan, space.Find<schema::GymPlan>({id}));
  if (!plan) return PlanNotFound(id);
  return *std::move(plan);
}

int MonthsOf(schema::GymBillingCycle cycle) {
  switch (cycle) {
    case schema::GymBillingCycle::MONTHLY:
      return 1;
    case schema::GymBillingCycle::QUARTERLY:
      return 3;
    case schema::GymBillingCycle::YEARLY:
      return 12;
  }
  return 1;
}

Result<std::optional<Subscription>> NewestOf(const SpaceReader& space, std::string_view member_id) {
  std::optional<Subscription> newest;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymSubscription>(
      {.index = kByMember, .equal = {member_id}, .reverse = true},
      [&](const Subscription& subscription) {
        newest = subscription;
        return false;
      }));
  return newest;
}

bool IsActive(const schema::GymSubscription::Reader& subscription, int64_t now_ms) {
  return subscription.getStatus() == SubscriptionStatus::ACTIVE &&
         subscription.getEndDate() > now_ms;
}

Result<Subscription> AsSeen(const Subscription& subscription, int64_t now_ms) {
  if (subscription->getStatus() != SubscriptionStatus::ACTIVE || IsActive(*subscription, now_ms)) {
    return subscription;
  }
  codec::Draft<schema::GymSubscription> seen(subscription);
  seen->setStatus(SubscriptionStatus::EXPIRED);
  return Freeze(seen);
}

Status RecordCharge(Transaction& tx, const schema::GymSubscription::Reader& subscription,
                    const Plan& plan) {
  codec::Draft<schema::GymCharge> charge;
  charge->setId(Text(NewGymId(tx.random())));
  charge->setTenantId(subscription.getTenantId());
  charge->setMemberId(subscription.getMemberId());
  charge->setSubscriptionId(subscription.getId());
  charge->setType("gym_membership");
  charge->setStatus("pending");
  charge->setAmount(plan->getPrice());
  charge->setCurrency(plan->getCurrency());
  charge->setCreatedAt(tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(tx.Insert(charge));
  return AddToTotal(tx, kTotalCharged, counters::MonthOf(tx.now_unix_ms()), plan->getPrice());
}

Result<Subscription> PlanSubscribe(Transaction& tx, const Scope& scope, std::string_view plan_id) {
  const Result<Plan> plan = GetPlan(tx, plan_id);
  if (!plan.ok()) return plan.status();
  if (!tx.trace().Check("membership.plan_active", (*plan)->getIsActive(), {{"plan", plan_id}})) {
    return PlanNotFound(plan_id);
  }
  const int64_t now_ms = tx.now_unix_ms();
  TNT_ASSIGN_OR_RETURN(const std::optional<Subscription> newest,
                       NewestOf(tx, scope.actor.member_id));
  if (!tx.trace().Check("membership.none_active", !newest || !IsActive(**newest, now_ms), {})) {
    return InvalidArgument("You already have an active membership");
  }
  const int64_t end_ms = AddMonths(now_ms, MonthsOf((*plan)->getBillingCycle()));
  codec::Draft<schema::GymSubscription> draft;
  draft->setId(Text(NewGymId(tx.random())));
  draft->setTenantId(Text(std::string(scope.tenant_id)));
  draft->setMemberId(Text(std::string(scope.actor.member_id)));
  draft->setMembershipPlanId(Text(std::string(plan_id)));
  draft->setStartDate(now_ms);
  draft->setEndDate(end_ms);
  draft->setNextBillingDate(end_ms);
  draft->setCreatedAt(now_ms);
  draft->setUpdatedAt(now_ms);
  TNT_RETURN_IF_ERROR(tx.Insert(draft));
  TNT_RETURN_IF_ERROR(RecordCharge(tx, draft.reader(), *plan));
  return Freeze(draft);
}

Result<Plan> WritePlan(Transaction& tx, const Plan& before, codec::Draft<schema::GymPlan>* after) {
  if (!(*after)->hasCurrency()) (*after)->setCurrency(before->getCurrency());
  if (!(*after)->hasName()) (*after)->setName(before->getName());
  (*after)->setUpdatedAt(tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(tx.Update(before, *after));
  return Freeze(*after);
}

}  // namespace

int64_t AddMonths(int64_t unix_ms, int months) {
  const int64_t day = counters::FloorDivide(unix_ms, kDayMs);
  CivilDate date = CivilFromDays(day);
  const int month = date.year * 12 + date.month - 1 + months;
  const auto month_start = [](int m) { return DaysFromCivil({m / 12, m % 12 + 1, 1}); };
  const int64_t days = month_start(month + 1) - month_start(month);
  const int64_t into_month = std::min<int64_t>(date.day, days) - 1;
  return (month_start(month) + into_month) * kDayMs + (unix_ms - day * kDayMs);
}

Done<Plan> CreatePlan(const Scope& scope, const codec::Input<schema::GymPlanInput>& in) {
  return Run<Plan>(scope, CommandKind::kGymPlanCreate, [&](Transaction& tx) -> Result<Plan> {
    codec::Draft<schema::GymPlan> draft;
    codec::CopySent(in, &draft);
    draft->setId(Text(NewGymId(tx.random())));
    draft->setTenantId(Text(std::string(scope.tenant_id)));
    if (!draft->hasCurrency()) draft->setCurrency(kCurrency);
    draft->setCreatedAt(tx.now_unix_ms());
    draft->setUpdatedAt(tx.now_unix_ms());
    TNT_RETURN_IF_ERROR(tx.Insert(draft));
    return Freeze(draft);
  });
}

Done<Plan> UpdatePlan(const Scope& scope, std::string_view id,
                      const codec::Input<schema::GymPlanPatch>& in) {
  return Run<Plan>(scope, CommandKind::kGymPlanUpdate, [&](Transaction& tx) -> Result<Plan> {
    TNT_ASSIGN_OR_RETURN(const Plan before, GetPlan(tx, id));
    codec::Draft<schema::GymPlan> after(before);
    codec::CopySent(in, &after);
    return WritePlan(tx, before, &after);
  });
}

Done<Plan> RetirePlan(const Scope& scope, std::string_view id) {
  return Run<Plan>(scope, CommandKind::kGymPlanUpdate, [&](Transaction& tx) -> Result<Plan> {
    TNT_ASSIGN_OR_RETURN(const Plan before, GetPlan(tx, id));
    codec::Draft<schema::GymPlan> after(before);
    after->setIsActive(false);
    return WritePlan(tx, before, &after);
  });
}

Done<Subscription> Subscribe(const Scope& scope, std::string_view plan_id) {
  return Run<Subscription>(scope, CommandKind::kGymSubscribe,
                           [&](Transaction& tx) { return PlanSubscribe(tx, scope, plan_id); });
}

Done<Subscription> CancelSubscription(const Scope& scope, std::optional<std::string_view> reason) {
  return Run<Subscription>(scope, CommandKind::kGymSubscriptionCancel,
                           [&](Transaction& tx) -> Result<Subscription> {
                             TNT_ASSIGN_OR_RETURN(const std::optional<Subscription> newest,
                                                  NewestOf(tx, scope.actor.member_id));
                             const bool active = newest && IsActive(**newest, tx.now_unix_ms());
                             if (!tx.trace().Check("membership.active", active, {})) {
                               return NotFound("No active membership to cancel");
                             }
                             codec::Draft<schema::GymSubscription> after(*newest);
                             after->setStatus(SubscriptionStatus::CANCELLED);
                             after->setCancelledAt(tx.now_unix_ms());
                             if (reason) after->setCancellationReason(Text(std::string(*reason)));
                             after->setUpdatedAt(tx.now_unix_ms());
                             TNT_RETURN_IF_ERROR(tx.Update(*newest, after));
                             return Freeze(after);
                           });
}

Result<std::vector<Plan>> ActivePlans(const SpaceReader& space) {
  std::vector<Plan> plans;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymPlan>(
      {.index = kPlansByState, .equal = {int64_t{1}}}, [&](const Plan& plan) {
        plans.push_back(plan);
        return true;
      }));
  return plans;
}

Result<std::optional<PlannedSubscription>> SubscriptionOf(const SpaceReader& space,
                                                          std::string_view member_id,
                                                          int64_t now_ms) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Subscription> newest, NewestOf(space, member_id));
  if (!newest) return std::optional<PlannedSubscription>();
  TNT_ASSIGN_OR_RETURN(Subscription seen, AsSeen(*newest, now_ms));
  TNT_ASSIGN_OR_RETURN(Plan plan, GetPlan(space, View(seen->getMembershipPlanId())));
  return std::optional<PlannedSubscription>({std::move(seen), std::move(plan)});
}

}  // namespace tenantry::gym
