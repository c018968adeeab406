@0xd2c14b7e5a90f36d;
# Records that make work durable: stored answers of repeated requests, queued jobs, webhooks. Collections 70 to 79 lie in a
# tenant's space, 6 to 9 in the directory; a stored answer lies wherever its command wrote.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";

# The answer to a request that came with an Idempotency-Key, written in the entry of its command.
struct StoredAnswer $A.record((collection = "storedAnswers", number = 70, key = ["scope"],
    indexes = [(number = 1, fields = ["storedAt"])])) {
  scope @0 :Text;                       # SHA-256 of principal, method, path and key, hexadecimal.
  fingerprint @1 :Text $A.internal;     # Of query and body. Slow to guess where a body holds a password.
  storedAt @2 :Int64 $A.timestamp;
  status @3 :Int32;
  contentType @4 :Text $A.internal;
  body @5 :Text $A.internal;
  entityTag @6 :Text $A.internal;
  location @7 :Text $A.internal;
  bodyDropped @8 :Bool $A.internal;     # The answer was too large to keep.
  # Instead of a body that holds tokens: whose they are. A replay makes fresh ones.
  tenantId @9 :Text $A.internal;
  memberId @10 :Text $A.internal;
  deviceId @11 :Text $A.internal;
  tokenEpoch @12 :Int64 $A.internal;
}
