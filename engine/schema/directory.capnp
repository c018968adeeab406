@0x89f666724b8fd2b0;
# Records of space 0: what crosses tenants. Text ids lead to spaces; nothing here holds a tenant's own data.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";

enum TenantKind {
  gym @0;
  shop @1;
}

# A tenant by its outside id: a gym's generated id, or the shop id the merchant chose.
struct Tenant $A.record((collection = "tenants", number = 1, key = ["id"], indexes = [
    (number = 1, fields = ["gymName"], unique = true),
    (number = 2, fields = ["code"], unique = true),
    (number = 3, fields = ["kind", "createdAt"])])) {
  id @0 :Text;
  kind @1 :TenantKind;
  space @2 :UInt64;
  name @3 :Text;
  gymName @4 :Text $A.internal;     # Trimmed name; null for shops, whose id already is unique.
  code @5 :Text;                    # GYM0001; null for shops.
  createdAt @6 :Int64 $A.timestamp;
  updatedAt @7 :Int64 $A.timestamp;
  # An operator stopped serving it; null while it is served. The space's meta row `alive` says the same.
  suspendedAt @8 :Int64 = A.nullInt $A.nullable $A.timestamp $A.internal;
}

# Which gyms know an e-mail address. Newest use first is decided by the reader.
struct EmailMembership $A.record((collection = "emailMemberships", number = 2,
    key = ["emailKey", "tenantId"])) {
  emailKey @0 :Text;                # Lower case.
  tenantId @1 :Text;
  memberId @2 :Text;
  lastUsedAt @3 :Int64 $A.timestamp;
}

enum ReferenceKind {
  popup @0;
  session @1;
  location @2;
  abGroup @3;
  invitation @4;
}

# Random ids that a route addresses without naming the tenant.
struct Reference $A.record((collection = "references", number = 3, key = ["kind", "id"])) {
  kind @0 :ReferenceKind;
  id @1 :Text;
  space @2 :UInt64;
}

# Secrets shared by every node of a cluster.
struct ClusterSecret $A.record((collection = "clusterSecrets", number = 4, key = ["name"])) {
  name @0 :Text;                    # Such as "jwt".
  kid @1 :Text;                     # Names the key in tokens.
  secret @2 :Text $A.internal;      # Hexadecimal.
  createdAt @3 :Int64 $A.timestamp;
}

# A shop's management key. Only its hash is kept.
struct ShopKey $A.record((collection = "shopKeys", number = 5, key = ["hash"], indexes = [
    (number = 1, fields = ["shopId", "createdAt"])])) {
  hash @0 :Text $A.internal;        # SHA-256 of the key, hexadecimal.
  shopId @1 :Text;
  label @2 :Text;
  hint @3 :Text;                    # Last four characters, to tell keys apart.
  createdAt @4 :Int64 $A.timestamp;
}

# A node that followed, for as long as it is listed: a promotion asks every one of them.
struct FollowerNode $A.record((collection = "followerNodes", number = 10, key = ["nodeId"])) {
  nodeId @0 :Text;                  # Sixteen hexadecimal digits.
  replicationAddress @1 :Text;      # Where it listens for other nodes; empty when it does not.
  httpAddress @2 :Text;
  joinedAt @3 :Int64 $A.timestamp;
}

# An entry of a replaced history that an operator put into this one, so that it is done once.
struct ReplayedEntry $A.record((collection = "replayedEntries", number = 40, key = ["position"])) {
  position @0 :Text;                # "epoch.index" in the history that was replaced.
  replayedAt @1 :Int64 $A.timestamp;
}

# The version of the entries' contents that the whole cluster agreed on; one row, missing while it is 1.
struct ClusterFormat $A.record((collection = "clusterFormat", number = 41, key = ["id"])) {
  id @0 :Int64;                     # Always 1.
  version @1 :Int32;
  raisedAt @2 :Int64 $A.timestamp;
}
