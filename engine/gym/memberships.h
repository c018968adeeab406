#pragma once
// Memberships: the plans a gym sells, and who has one.
//
// Rules    a member has at most one active subscription; it lasts a month, three months or a year
//          from its start, with the day cut to the length of the month, and reads as expired after
//          that. Subscribing records the pending charge in the same entry (F42).
// Units    prices in hundredths.
// Errors   kNotFound for a plan that is missing, another gym's or inactive (Subscribe), or when
//          there is nothing to cancel; kInvalidArgument when a subscription is active.
// Threads  any.

#include <optional>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/gym/scope.h"
#include "engine/schema/gym_input.capnp.h"

namespace tenantry::gym {

using Plan = codec::Stored<schema::GymPlan>;
using Subscription = codec::Stored<schema::GymSubscription>;

Done<Plan> CreatePlan(const Scope& scope, const codec::Input<schema::GymPlanInput>& in);
Done<Plan> UpdatePlan(const Scope& scope, std::string_view id,
                      const codec::Input<schema::GymPlanPatch>& in);
// Stays for those who have it; nobody else can take it.
Done<Plan> RetirePlan(const Scope& scope, std::string_view id);

// Of the actor.
Done<Subscription> Subscribe(const Scope& scope, std::string_view plan_id);
Done<Subscription> CancelSubscription(const Scope& scope, std::optional<std::string_view> reason);

// The instant so many calendar months after another, in UTC: 31 January and one month is the last
// of February.
int64_t AddMonths(int64_t unix_ms, int months);

// --- Queries ---

// Oldest first.
Result<std::vector<Plan>> ActivePlans(const SpaceReader& space);
struct PlannedSubscription {
  Subscription subscription;  // As it reads now.
  Plan plan;
};
// The newest.
Result<std::optional<PlannedSubscription>> SubscriptionOf(const SpaceReader& space,
                                                          std::string_view member_id,
                                                          int64_t now_ms);

}  // namespace tenantry::gym
