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
