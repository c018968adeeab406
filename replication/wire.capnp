@0xb7a2c1d35e8f4a60;
# What nodes say to each other, one Message per encrypted frame (docs/replication.md#messages). Fields are only added.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::replication::wire");

struct Epoch {
  epoch @0 :UInt64;
  firstIndex @1 :UInt64;
}

struct Chain {
  low @0 :UInt64;
  high @1 :UInt64;
}

struct Position {
  epoch @0 :UInt64;
  index @1 :UInt64;
  chain @2 :Chain;
}

# Follower to leader, first.
struct Hello {
  protocol @0 :UInt32;           # Highest version spoken.
  clusterId @1 :UInt64;          # 0: a new node that takes the leader's.
  nodeId @2 :UInt64;
  promised @3 :UInt64;
  end @4 :Position;
  epochs @5 :List(Epoch);
  replicationAddress @6 :Text;   # Where this node listens for other nodes; may be empty.
  httpAddress @7 :Text;          # Its URL for clients.
  needsFullSync @8 :Bool;
  formatMax @9 :UInt32 = 1;      # Newest version of entries' contents that this node reads.
}

# Leader to follower: what comes next.
struct Welcome {
  protocol @0 :UInt32;           # The version both speak.
  clusterId @1 :UInt64;
  epoch @2 :UInt64;
  epochs @3 :List(Epoch);
  action @4 :Action;
  commonIndex @5 :UInt64;        # Last entry both share.
  endIndex @6 :UInt64;
  httpAddress @7 :Text;
  nodeId @8 :UInt64;
  replicationAddress @9 :Text;
  format @10 :UInt32 = 1;        # The version that the cluster agreed on.

  enum Action {
    stream @0;                   # Appends follow, from commonIndex + 1 on.
    rewind @1;                   # The follower holds entries behind commonIndex that were replaced.
    fullSync @2;                 # The log no longer reaches back to commonIndex.
  }
}

struct Refusal {
  reason @0 :Reason;
  text @1 :Text;
  promised @2 :UInt64;
  leaderAddress @3 :Text;        # Replication address of the leader, when known.

  enum Reason {
    other @0;
    notLeader @1;
    lowerEpoch @2;
    otherCluster @3;
    protocol @4;
  }
}

struct Append {
  epoch @0 :UInt64;              # Of the leader that sends.
  firstIndex @1 :UInt64;
  entries @2 :Data;              # As stored, one after the other.
  endIndex @3 :UInt64;           # The leader's newest durable entry.
  committedIndex @4 :UInt64;     # What followers may show.
}

# Follower to leader, after each sync and for each heartbeat.
struct Ack {
  epoch @0 :UInt64;
  durableIndex @1 :UInt64;
  appliedIndex @2 :UInt64;
}

struct Heartbeat {
  epoch @0 :UInt64;
  endIndex @1 :UInt64;
  committedIndex @2 :UInt64;
  httpAddress @3 :Text;          # The leader's URL for clients, which it may learn late.
}

# Anybody may ask anybody.
struct StatusRequest {
  nothing @0 :Void;
}

struct NodeStatus {
  nodeId @0 :UInt64;
  clusterId @1 :UInt64;
  role @2 :Role;
  epoch @3 :UInt64;
  promised @4 :UInt64;
  end @5 :Position;
  appliedIndex @6 :UInt64;
  formatMax @7 :UInt32 = 1;

  enum Role {
    leader @0;
    follower @1;
    syncing @2;
    fenced @3;
  }
}

# Obey this epoch and none lower from now on.
struct PromiseRequest {
  epoch @0 :UInt64;
  candidate @1 :Position;
  leaderAddress @2 :Text;        # Where the new leader will listen for followers.
}

# The leader hands over to the node it asks, which has everything.
struct HandoffRequest {
  epoch @0 :UInt64;
  end @1 :Position;
}

struct Verdict {
  granted @0 :Bool;
  text @1 :Text;
  status @2 :NodeStatus;
}

# Full sync: the files of a checkpoint, cut into chunks that are named by their hash.
struct ManifestRequest {
  checkpointId @0 :UInt64;       # Of a sync that was cut; 0 for a new one.
}

struct Manifest {
  ready @0 :Bool;                # False: it is being made, ask again.
  checkpointId @1 :UInt64;
  applied @2 :Position;          # The last entry in it.
  chunkBytes @3 :UInt32;
  files @4 :List(File);
  epochs @5 :List(Epoch);
  clusterId @6 :UInt64;

  struct File {
    name @0 :Text;
    bytes @1 :UInt64;
    chunks @2 :List(Chain);      # XXH3-128 of each.
  }
}

struct ChunkRequest {
  checkpointId @0 :UInt64;
  file @1 :UInt32;
  chunk @2 :UInt32;
}

struct Chunk {
  found @0 :Bool;
  file @1 :UInt32;
  chunk @2 :UInt32;
  bytes @3 :Data;
}

struct Message {
  union {
    hello @0 :Hello;
    welcome @1 :Welcome;
    refusal @2 :Refusal;
    append @3 :Append;
    ack @4 :Ack;
    heartbeat @5 :Heartbeat;
    statusRequest @6 :StatusRequest;
    nodeStatus @7 :NodeStatus;
    promiseRequest @8 :PromiseRequest;
    handoffRequest @9 :HandoffRequest;
    verdict @10 :Verdict;
    manifestRequest @11 :ManifestRequest;
    manifest @12 :Manifest;
    chunkRequest @13 :ChunkRequest;
    chunk @14 :Chunk;
  }
}
