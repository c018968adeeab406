#include "engine/schema/collections.h"

#include <algorithm>
#include <vector>

#include "engine/schema/directory.capnp.h"
#include "engine/schema/durable.capnp.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/jobs.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/webhooks.capnp.h"

namespace tenantry::schema {
namespace {

// A test compares this list with the schema files.
std::vector<const Collection*> MakeAll() {
  std::vector<const Collection*> all = {
      &CollectionOf<Tenant>(),          &CollectionOf<EmailMembership>(),
      &CollectionOf<Reference>(),       &CollectionOf<ClusterSecret>(),
      &CollectionOf<ShopKey>(),         &CollectionOf<FollowerNode>(),
      &CollectionOf<StoredAnswer>(),    &CollectionOf<GymMember>(),
      &CollectionOf<GymMemberStats>(),  &CollectionOf<GymFavorite>(),
      &CollectionOf<GymInvitation>(),   &CollectionOf<GymPlan>(),
      &CollectionOf<GymSubscription>(), &CollectionOf<GymCharge>(),
      &CollectionOf<GymRefreshToken>(), &CollectionOf<GymLocation>(),
      &CollectionOf<GymSessionType>(),  &CollectionOf<GymSession>(),
      &CollectionOf<GymBooking>(),      &CollectionOf<GymWaitlistEntry>(),
      &CollectionOf<GymEvent>(),        &CollectionOf<Job>(),
      &CollectionOf<QueuedJob>(),       &CollectionOf<Popup>(),
      &CollectionOf<PopupView>(),       &CollectionOf<PopupConversion>(),
      &CollectionOf<PopupLimitMark>(),  &CollectionOf<PopupTombstone>(),
      &CollectionOf<DiscountCode>(),    &CollectionOf<EmailSubscriber>(),
      &CollectionOf<AbGroup>(),         &CollectionOf<AbAssignment>(),
      &CollectionOf<CartAbandonment>(), &CollectionOf<CartRecovery>(),
      &CollectionOf<ErasureTask>(),     &CollectionOf<TrackedEvent>(),
      &CollectionOf<ShopPlan>(),        &CollectionOf<WebhookEndpoint>(),
      &CollectionOf<WebhookDelivery>(), &CollectionOf<ReplayedEntry>(),
      &CollectionOf<ClusterFormat>()};
  std::sort(all.begin(), all.end(), [](const Collection* left, const Collection* right) {
    return left->number < right->number;
  });
  return all;
}

}  // namespace

std::span<const Collection* const> AllCollections() {
  static const std::vector<const Collection*> all = MakeAll();
  return all;
}

const Collection* FindCollection(uint16_t number) {
  for (const Collection* collection : AllCollections()) {
    if (collection->number == number) return collection;
  }
  return nullptr;
}

}  // namespace tenantry::schema
