@0xc7adf080f5835dd5;
# Request bodies of the popup API and their rules. Messages follow the order of declaration.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";
using P = import "popups.capnp";

enum PopupLayout {
  centered @0;
  left @1;
  right @2;
}

enum PopupDevice {
  desktop @0;
  mobile @1;
  tablet @2;
}

enum PopupOfferType {
  discount @0;
  emailCapture @1 $A.json("email_capture");
  newsletter @2;
  freeShipping @3 $A.json("free_shipping");
}

struct PopupDesign $A.strict {
  backgroundColor @0 :Text $A.required;
  textColor @1 :Text $A.required;
  heading @2 :Text $A.required;
  subheading @3 :Text $A.required;
  buttonText @4 :Text $A.required;
  buttonColor @5 :Text $A.required;
  imageUrl @6 :Text;
  layout @7 :PopupLayout $A.required;
  width @8 :Float64 $A.required $A.minimum(200) $A.maximum(1200);
  borderRadius @9 :Float64 $A.required $A.minimum(0) $A.maximum(50);
  padding @10 :Float64 $A.required $A.minimum(10) $A.maximum(100);
}

struct PopupTargeting $A.strict {
  showOnPages @0 :List(Text) $A.required;
  excludePages @1 :List(Text) $A.required;
  deviceTypes @2 :List(PopupDevice) $A.required;
  timeDelay @3 :Float64 $A.minimum(0);
  scrollPercentage @4 :Float64 $A.minimum(0) $A.maximum(100);
}

struct PopupOffer $A.strict {
  type @0 :PopupOfferType $A.required;
  discountCodeId @1 :Text;
  discountAmount @2 :Float64 $A.minimum(0);
  discountType @3 :P.DiscountType;
  emailListId @4 :Text;
}

struct PopupShapes {
  design @0 :PopupDesign;
  targeting @1 :PopupTargeting;
  offer @2 :PopupOffer;
}

struct CreatePopupInput $A.strict {
  shopId @0 :Text $A.required $A.notEmpty $A.maxLength(255);
  name @1 :Text $A.required;
  description @2 :Text;
  status @3 :P.PopupStatus;
  triggerType @4 :P.PopupTrigger $A.required;
  design @5 :Text $A.required $A.jsonText("object") $A.shape("PopupDesign");
  targeting @6 :Text $A.jsonText("object") $A.shape("PopupTargeting");
  offer @7 :Text $A.jsonText("object") $A.shape("PopupOffer");
  viewLimit @8 :Int32 $A.minimum(0);
  abTestGroupId @9 :Text;
  shapes @10 :PopupShapes $A.rulesOnly;
}

struct UpdatePopupInput $A.strict {
  shopId @0 :Text;
  name @1 :Text;
  description @2 :Text;
  status @3 :P.PopupStatus;
  triggerType @4 :P.PopupTrigger;
  design @5 :Text $A.jsonText("object") $A.shape("PopupDesign");
  targeting @6 :Text $A.jsonText("object") $A.shape("PopupTargeting");
  offer @7 :Text $A.jsonText("object") $A.shape("PopupOffer");
  viewLimit @8 :Int32 $A.minimum(0);
  abTestGroupId @9 :Text;
  shapes @10 :PopupShapes $A.rulesOnly;
}

struct TrackViewInput $A.strict {
  popupId @0 :Text $A.required;
  sessionId @1 :Text;
  visitorId @2 :Text;
  deviceType @3 :Text;
  browser @4 :Text;
  pageUrl @5 :Text;
  referrer @6 :Text;
}

struct TrackConversionInput $A.strict {
  popupId @0 :Text $A.required;
  type @1 :P.ConversionType $A.required;
  sessionId @2 :Text;
  visitorId @3 :Text;
  revenue @4 :Int64 = A.nullInt $A.nullable $A.money $A.minimum(0);
  discountCodeId @5 :Text;
  emailSubscriberId @6 :Text;
  metadata @7 :Text $A.jsonText("object");
}

struct CreateDiscountCodeInput $A.strict {
  shopId @0 :Text $A.required $A.notEmpty $A.maxLength(255);
  code @1 :Text $A.maxLength(255);
  type @2 :P.DiscountType $A.required;
  value @3 :Int64 $A.required $A.money $A.minimum(0);
  minimumPurchaseAmount @4 :Int64 = A.nullInt $A.nullable $A.money $A.minimum(0);
  maximumDiscountAmount @5 :Int64 = A.nullInt $A.nullable $A.money $A.minimum(0);
  isActive @6 :Bool = true;
  expiresAt @7 :Int64 = A.nullInt $A.nullable $A.timestamp;
  usageLimit @8 :Int64 = A.nullInt $A.nullable $A.minimum(0);
  popupId @9 :Text;
}

struct SubscribeInput $A.strict {
  shopId @0 :Text $A.required $A.notEmpty $A.maxLength(255);
  email @1 :Text $A.required $A.format("email");
  name @2 :Text;
  popupId @3 :Text;
  metadata @4 :Text $A.jsonText("object");
}

# Not strict: the original reads one key and ignores the rest.
struct UnsubscribeInput {
  email @0 :Text $A.required $A.notEmpty;
}

struct CreateAbGroupInput $A.strict {
  shopId @0 :Text $A.required $A.notEmpty $A.maxLength(255);
  name @1 :Text $A.required;
  description @2 :Text;
  status @3 :P.AbStatus;
  popupIds @4 :List(Text) $A.required;
  trafficSplit @5 :Text $A.required $A.jsonText("object");
  startDate @6 :Int64 = A.nullInt $A.nullable $A.timestamp;
  endDate @7 :Int64 = A.nullInt $A.nullable $A.timestamp;
}

struct UpdateAbGroupInput $A.strict {
  shopId @0 :Text;
  name @1 :Text;
  description @2 :Text;
  status @3 :P.AbStatus;
  popupIds @4 :List(Text);
  trafficSplit @5 :Text $A.jsonText("object");
  startDate @6 :Int64 = A.nullInt $A.nullable $A.timestamp;
  endDate @7 :Int64 = A.nullInt $A.nullable $A.timestamp;
}

struct SelectWinnerInput $A.strict {
  popupId @0 :Text $A.required;
}

struct TrackAbandonmentInput $A.strict {
  shopId @0 :Text $A.required $A.notEmpty $A.maxLength(255);
  sessionId @1 :Text $A.required;
  cartValue @2 :Int64 $A.required $A.money $A.minimum(0);
  cartItems @3 :List(P.CartItem) $A.required;
  deviceType @4 :Text;
  trafficSource @5 :Text;
  userLocation @6 :Text;
  userIp @7 :Text;
  userAgent @8 :Text;
  pageUrl @9 :Text;
}

struct TrackRecoveryInput $A.strict {
  cartAbandonmentId @0 :Text $A.required $A.format("uuid");
  shopId @1 :Text $A.required $A.notEmpty $A.maxLength(255);
  popupId @2 :Text $A.format("uuid");
  recoveryValue @3 :Int64 $A.required $A.money $A.minimum(0);
  recoveryMethod @4 :Text $A.required $A.notEmpty $A.maxLength(64);
  offerUsed @5 :Text;
}

enum EventKind {
  view @0;
  conversion @1;
}

enum EventConversionType {
  none @0;                                    # Stands for null.
  emailCapture @1 $A.json("email_capture");
  discountCodeUsed @2 $A.json("discount_code_used");
  click @3;
  purchase @4;
}

# One event of a batch: what the routes for one event take, and which it is.
struct BatchEventInput $A.strict {
  event @0 :EventKind $A.required;
  id @1 :Text $A.maxLength(64);
  popupId @2 :Text $A.required;
  type @3 :EventConversionType = none $A.nullable;
  sessionId @4 :Text;
  visitorId @5 :Text;
  deviceType @6 :Text;
  browser @7 :Text;
  pageUrl @8 :Text;
  referrer @9 :Text;
  revenue @10 :Int64 = A.nullInt $A.nullable $A.money $A.minimum(0);
  discountCodeId @11 :Text;
  emailSubscriberId @12 :Text;
  metadata @13 :Text $A.jsonText("object");
}

struct TrackEventsInput $A.strict {
  events @0 :List(BatchEventInput) $A.required;
}
