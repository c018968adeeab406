#pragma once
// Messages: what nodes say to each other, as plain values, and their bytes (wire.capnp).
//
// Errors   Decode judges bytes of a peer that proved to know the secret: kCorruption, never a crash. Fields it does not know
//          are skipped; a kind of message it does not know is kCorruption.
// Threads  values and functions without state.
// Source   docs/replication.md#messages.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/checksum.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/epoch_table.h"

namespace tenantry::replication {

// Speaks version N and N - 1; the lower of both sides counts.
inline constexpr uint32_t kProtocolVersion = 1;
inline constexpr uint32_t kProtocolVersionMin = 1;

// With the chain hash, a position names a history.
struct Place {
  Position position;
  Hash128 chain;
  friend bool operator==(const Place&, const Place&) = default;
};

struct Hello {
  uint32_t protocol = kProtocolVersion;
  uint64_t cluster_id = 0;
  uint64_t node_id = 0;
  uint64_t promised = 0;
  Place end;
  EpochTable epochs;
  std::string replication_address;
  std::string http_address;
  bool needs_full_sync = false;
  uint32_t format_max = 1;
};

enum class Action : uint8_t { kStream, kRewind, kFullSync };

struct Welcome {
  uint32_t protocol = kProtocolVersion;
  uint64_t cluster_id = 0;
  uint64_t epoch = 0;
  EpochTable epochs;
  Action action = Action::kStream;
  uint64_t common_index = 0;
  uint64_t end_index = 0;
  std::string http_address;
  uint64_t node_id = 0;
  std::string replication_address;
  uint32_t format = 1;
};

enum class RefusalReason : uint8_t { kOther, kNotLeader, kLowerEpoch, kOtherCluster, kProtocol };

struct Refusal {
  RefusalReason reason = RefusalReason::kOther;
  std::string text;
  uint64_t promised = 0;
  std::string leader_address;
};

struct Append {
  uint64_t epoch = 0;
  uint64_t first_index = 0;
  std::string entries;
  uint64_t end_index = 0;
  uint64_t committed_index = 0;
};

struct Ack {
  uint64_t epoch = 0;
  uint64_t durable_index = 0;
  uint64_t applied_index = 0;
};

struct Heartbeat {
  uint64_t epoch = 0;
  uint64_t end_index = 0;
  uint64_t committed_index = 0;
  std::string http_address;
};

struct StatusRequest {};

enum class Role : uint8_t { kLeader, kFollower, kSyncing, kFenced };
std::string_view RoleName(Role role);

struct NodeStatus {
  uint64_t node_id = 0;
  uint64_t cluster_id = 0;
  Role role = Role::kFollower;
  uint64_t epoch = 0;
  uint64_t promised = 0;
  Place end;
  uint64_t applied_index = 0;
  uint32_t format_max = 1;
};

struct PromiseRequest {
  uint64_t epoch = 0;
  Place candidate;
  std::string leader_address;
};

struct HandoffRequest {
  uint64_t epoch = 0;
  Place end;
};

struct Verdict {
  bool granted = false;
  std::string text;
  NodeStatus status;
};

struct ManifestRequest {
  uint64_t checkpoint_id = 0;
};

struct ManifestFile {
  std::string name;
  uint64_t bytes = 0;
  std::vector<Hash128> chunks;
};

struct Manifest {
  bool ready = false;
  uint64_t checkpoint_id = 0;
  Place applied;
  uint32_t chunk_bytes = 0;
  std::vector<ManifestFile> files;
  EpochTable epochs;
  uint64_t cluster_id = 0;
};

struct ChunkRequest {
  uint64_t checkpoint_id = 0;
  uint32_t file = 0;
  uint32_t chunk = 0;
};

struct Chunk {
  bool found = false;
  uint32_t file = 0;
  uint32_t chunk = 0;
  std::string bytes;
};

using Message = std::variant<Hello, Welcome, Refusal, Append, Ack, Heartbeat, StatusRequest,
                             NodeStatus, PromiseRequest, HandoffRequest, Verdict, ManifestRequest,
                             Manifest, ChunkRequest, Chunk>;

std::string Encode(const Message& message);
Result<Message> Decode(std::string_view bytes);

}  // namespace tenantry::replication
