@0xb7e19d3c50a2f846;
# Webhooks: where a tenant wants to be told of its events, and what was sent (engine/webhooks).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";

struct WebhookEndpoint $A.record((collection = "webhookEndpoints", number = 72, key = ["id"],
    indexes = [(number = 1, fields = ["createdAt"])])) {
  id @0 :Text;
  url @1 :Text;
  description @2 :Text;
  events @3 :List(Text);                # Types, "booking.*", or "*".
  isActive @4 :Bool = true;
  createdAt @5 :Int64 $A.timestamp;
  updatedAt @6 :Int64 $A.timestamp;
  secret @7 :Text $A.internal;          # whsec_ and base64; signing needs it as it is.
}

enum DeliveryState {
  pending @0;
  succeeded @1;
  failed @2;
}

# One event for one endpoint. Its id is the webhook-id of every attempt.
struct WebhookDelivery $A.record((collection = "webhookDeliveries", number = 73, key = ["id"],
    indexes = [
    (number = 1, fields = ["endpointId", "createdAt"]),
    (number = 2, fields = ["createdAt"])])) {
  id @0 :Text;
  endpointId @1 :Text;
  type @2 :Text;
  state @3 :DeliveryState;
  attempts @4 :Int32;
  lastCode @5 :Int32 = A.nullInt32 $A.nullable;   # HTTP status of the newest answer.
  lastError @6 :Text;
  createdAt @7 :Int64 $A.timestamp;
  finishedAt @8 :Int64 = A.nullInt $A.nullable $A.timestamp;
  payload @9 :Text $A.jsonText("object");         # The body as sent.
  jobId @10 :Text $A.internal;
}

struct WebhookInput {
  url @0 :Text $A.required $A.notEmpty $A.maxLength(2048);
  description @1 :Text $A.maxLength(200);
  events @2 :List(Text);
  isActive @3 :Bool = true;
}

struct WebhookPatch {
  url @0 :Text $A.notEmpty $A.maxLength(2048);
  description @1 :Text $A.maxLength(200);
  events @2 :List(Text);
  isActive @3 :Bool = true;
}
