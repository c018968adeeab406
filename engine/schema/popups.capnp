@0xe6371312a9f4b3ac;
# Records of one shop. Its space is the shop, so no index carries the shop id.
# View counts are not in the popup: they are counters (engine/popups/metrics.h), and no edit can rewind them.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";

enum PopupStatus {
  draft @0;
  active @1;
  paused @2;
  archived @3;
}

enum PopupTrigger {
  exitIntent @0 $A.json("exit_intent");
  mobileScroll @1 $A.json("mobile_scroll");
  timeDelay @2 $A.json("time_delay");
  scrollPercentage @3 $A.json("scroll_percentage");
  inactivity @4;                              # Ours: after a pause of targeting.timeDelay ms.
}

struct Popup $A.record((collection = "popups", number = 50, key = ["id"], indexes = [
    (number = 1, fields = ["createdAt"]),
    (number = 2, fields = ["isActive", "createdAt"])])) {
  id @0 :Text;
  shopId @1 :Text;
  name @2 :Text;
  description @3 :Text;
  status @4 :PopupStatus;
  triggerType @5 :PopupTrigger;
  design @6 :Text $A.jsonText("object");      # Nested objects are kept as sent: no key is ever added.
  targeting @7 :Text $A.jsonText("object");
  offer @8 :Text $A.jsonText("object");
  viewLimit @9 :Int32;                        # 0 is unlimited.
  isActive @10 :Bool;                         # status == active.
  abTestGroupId @11 :Text;
  createdAt @12 :Int64 $A.timestamp;
  updatedAt @13 :Int64 $A.timestamp;
}

# The raw event of one shown popup.
struct PopupView $A.record((collection = "popupViews", number = 51,
    key = ["popupId", "viewedAt", "id"])) {
  id @0 :Text;
  popupId @1 :Text;
  sessionId @2 :Text;
  visitorId @3 :Text;
  deviceType @4 :Text;
  browser @5 :Text;
  pageUrl @6 :Text;
  referrer @7 :Text;
  viewedAt @8 :Int64 $A.timestamp;
}

enum ConversionType {
  emailCapture @0 $A.json("email_capture");
  discountCodeUsed @1 $A.json("discount_code_used");
  click @2;
  purchase @3;
}

# The raw event of one success of a popup.
struct PopupConversion $A.record((collection = "popupConversions", number = 52,
    key = ["popupId", "convertedAt", "id"])) {
  id @0 :Text;
  popupId @1 :Text;
  type @2 :ConversionType;
  sessionId @3 :Text;
  visitorId @4 :Text;
  revenue @5 :Int64 = A.nullInt $A.nullable $A.money;
  discountCodeId @6 :Text;
  emailSubscriberId @7 :Text;
  metadata @8 :Text $A.jsonText("object");
  convertedAt @9 :Int64 $A.timestamp;
}

# Written when a popup's views reach its limit: a change of this collection drops cached active lists at once, while a
# change of counters alone may wait.
struct PopupLimitMark $A.record((collection = "popupLimitMarks", number = 53, key = ["popupId"])) {
  popupId @0 :Text;
  views @1 :Int64;
  reachedAt @2 :Int64 $A.timestamp;
}

# A deleted popup whose events, counters and sketches are still stored. Reclaiming ends with the tombstone itself.
struct PopupTombstone $A.record((collection = "popupTombstones", number = 54, key = ["popupId"])) {
  popupId @0 :Text;
  createdAt @1 :Int64 $A.timestamp;
  deletedAt @2 :Int64 $A.timestamp;
}

enum DiscountType {
  percentage @0;
  fixed @1;
}

struct DiscountCode $A.record((collection = "discountCodes", number = 55, key = ["id"], indexes = [
    (number = 1, fields = ["codeKey"], unique = true, when = "live"),
    (number = 2, fields = ["createdAt"])])) {
  id @0 :Text;
  shopId @1 :Text;
  code @2 :Text;
  codeKey @3 :Text $A.internal;               # Lower case: codes are compared ignoring case.
  type @4 :DiscountType;
  value @5 :Int64 $A.money;                   # Percent or amount, both with two decimals.
  minimumPurchaseAmount @6 :Int64 = A.nullInt $A.nullable $A.money;
  maximumDiscountAmount @7 :Int64 = A.nullInt $A.nullable $A.money;
  isActive @8 :Bool;
  expiresAt @9 :Int64 = A.nullInt $A.nullable $A.timestamp;
  usageCount @10 :Int64;
  usageLimit @11 :Int64 = A.nullInt $A.nullable;
  popupId @12 :Text;
  createdAt @13 :Int64 $A.timestamp;
  updatedAt @14 :Int64 $A.timestamp;
  # Holds its code: active and not used up. Expiry is noticed when the code is asked for again.
  live @15 :Bool $A.internal;
}

struct EmailSubscriber $A.record((collection = "emailSubscribers", number = 56, key = ["id"],
    indexes = [
    (number = 1, fields = ["emailKey"], unique = true),
    (number = 2, fields = ["isActive", "createdAt"]),
    (number = 3, fields = ["popupId", "createdAt"], when = "isActive")])) {
  id @0 :Text;
  shopId @1 :Text;
  email @2 :Text;
  emailKey @3 :Text $A.internal;              # Lower case: addresses are compared ignoring case.
  name @4 :Text;
  popupId @5 :Text;
  isActive @6 :Bool;
  metadata @7 :Text $A.jsonText("object");
  createdAt @8 :Int64 $A.timestamp;
  updatedAt @9 :Int64 $A.timestamp;
}

enum AbStatus {
  draft @0;
  running @1;
  paused @2;
  completed @3;
}

# A split test between popups. How many visitors it assigned is a counter (engine/popups/metrics.h).
struct AbGroup $A.record((collection = "abGroups", number = 57, key = ["id"], indexes = [
    (number = 1, fields = ["createdAt"])])) {
  id @0 :Text;
  shopId @1 :Text;
  name @2 :Text;
  description @3 :Text;
  status @4 :AbStatus;
  popupIds @5 :List(Text);
  trafficSplit @6 :Text $A.jsonText("object");  # Popup id to percent, summing to 100.
  winnerPopupId @7 :Text;
  startDate @8 :Int64 = A.nullInt $A.nullable $A.timestamp;
  endDate @9 :Int64 = A.nullInt $A.nullable $A.timestamp;
  createdAt @10 :Int64 $A.timestamp;
  updatedAt @11 :Int64 $A.timestamp;
}

# What a visitor was shown first, so that changing the group moves nobody. Holds a keyed hash, not the visitor's id.
struct AbAssignment $A.record((collection = "abAssignments", number = 58,
    key = ["groupId", "visitorHash"], indexes = [(number = 1, fields = ["assignedAt"])])) {
  groupId @0 :Text;
  visitorHash @1 :Text;
  popupId @2 :Text;
  assignedAt @3 :Int64 $A.timestamp;
}

struct CartItem $A.strict {
  productTitle @0 :Text $A.required;
  quantity @1 :Float64 $A.required;
  price @2 :Int64 $A.required $A.money;
  productId @3 :Text;
  variantTitle @4 :Text;
}

# A cart that was left. Won back at most once.
struct CartAbandonment $A.record((collection = "cartAbandonments", number = 59, key = ["id"],
    indexes = [(number = 1, fields = ["createdAt"])])) {
  id @0 :Text;
  shopId @1 :Text;
  sessionId @2 :Text;
  cartValue @3 :Int64 $A.money;
  cartItems @4 :List(CartItem);
  deviceType @5 :Text;
  trafficSource @6 :Text;
  userLocation @7 :Text;
  userIp @8 :Text;
  userAgent @9 :Text;
  pageUrl @10 :Text;
  recoveryId @11 :Text;                       # Of the one recovery, once there is one.
  createdAt @12 :Int64 $A.timestamp;
}

struct CartRecovery $A.record((collection = "cartRecoveries", number = 60, key = ["id"],
    indexes = [(number = 1, fields = ["createdAt"])])) {
  id @0 :Text;
  shopId @1 :Text;
  cartAbandonmentId @2 :Text;
  popupId @3 :Text;
  popupKnown @4 :Bool $A.internal;            # Was a popup of the shop: once deleted it reads as null.
  recoveryValue @5 :Int64 $A.money;
  recoveryMethod @6 :Text;
  offerUsed @7 :Text;
  createdAt @8 :Int64 $A.timestamp;
}

# A person whose e-mail is still being removed from what mentions it. Goes with the step that finds nothing more.
struct ErasureTask $A.record((collection = "erasureTasks", number = 61, key = ["id"])) {
  id @0 :Text;
  emailKey @1 :Text $A.internal;
  subscriberId @2 :Text;                      # Null when nobody was subscribed.
  stage @3 :Int32;                            # Which collection comes next (engine/popups/erasure.cc).
  after @4 :Data $A.internal;                 # Primary key of the last row looked at.
  createdAt @5 :Int64 $A.timestamp;
}

# The client's id of an event that was counted: the same id is not counted again while this row lives.
struct TrackedEvent $A.record((collection = "trackedEvents", number = 62, key = ["id"],
    indexes = [(number = 1, fields = ["trackedAt"])])) {
  id @0 :Text;
  trackedAt @1 :Int64 $A.timestamp;
}

enum PlanType {
  free @0;
  starter @1;
  professional @2;
  enterprise @3;
}

enum SubscriptionStatus {
  active @0;
  cancelled @1;
  expired @2;
  trial @3;
}

# What a shop pays for; without a row it is on the free plan.
struct ShopPlan $A.record((collection = "shopPlans", number = 63, key = ["shopId"])) {
  shopId @0 :Text;
  id @1 :Text;
  planType @2 :PlanType;
  status @3 :SubscriptionStatus;
  currentPeriodEnd @4 :Text;                  # YYYY-MM-DD, or null.
  createdAt @5 :Int64 $A.timestamp;
  updatedAt @6 :Int64 $A.timestamp;
}
