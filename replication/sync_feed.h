#pragma once
// SyncFeed: what a leader says to one follower that copies everything: the manifest when it is ready, and one chunk per request,
// not faster than allowed.
//
// Units    milliseconds of the boot clock, bytes per second.
// Errors   a status ends the connection.
// Threads  one at a time. Borrows the source.
// Source   docs/replication.md#full-sync.

#include <cstdint>
#include <optional>
#include <vector>

#include "replication/checkpoint_source.h"
#include "replication/messages.h"

namespace tenantry::replication {

class SyncFeed {
 public:
  // 0 bytes per second: as fast as it goes.
  SyncFeed(CheckpointSource& source, uint64_t bytes_per_second)
      : source_(source), bytes_per_second_(bytes_per_second) {}

  Status OnManifestRequest(const ManifestRequest& request, int64_t now_ms,
                           std::vector<Message>* out);
  Status OnChunkRequest(const ChunkRequest& request);
  // The chunk that is due, if any.
  Status Pump(int64_t now_ms, std::vector<Message>* out);
  uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  CheckpointSource& source_;
  const uint64_t bytes_per_second_;
  std::optional<ChunkRequest> wanted_;
  int64_t next_ms_ = 0;  // When the next chunk may leave.
  uint64_t sent_bytes_ = 0;
};

}  // namespace tenantry::replication
