#pragma once
// SyncSession: what a follower says to its leader while it copies everything. One request is on its way at a time, so that a
// cut loses one chunk at most.
//
//   asks for the manifest ──not ready: again later──▶ fills what is missing, chunk by chunk ──▶ done()
//
// Units    milliseconds of the boot clock.
// Errors   a status ends the connection; the next one goes on with what is here.
// Threads  one at a time. Borrows the staging area, which outlives many sessions.
// Source   docs/replication.md#full-sync.

#include <cstdint>
#include <vector>

#include "replication/messages.h"
#include "replication/staging.h"

namespace tenantry::replication {

class SyncSession {
 public:
  SyncSession(Staging& staging, uint64_t cluster_id, uint64_t epoch)
      : staging_(staging), cluster_id_(cluster_id), epoch_(epoch) {}

  Status Start(int64_t now_ms, std::vector<Message>* out);
  Status OnManifest(const Manifest& manifest, int64_t now_ms, std::vector<Message>* out);
  Status OnChunk(const Chunk& chunk, int64_t now_ms, std::vector<Message>* out);
  // Asks again for a manifest that was not ready, and says now and then that somebody is here.
  Status Pump(int64_t now_ms, std::vector<Message>* out);
  bool done() const { return done_; }

 private:
  void Ask(std::vector<Message>* out);
  Status AskForManifest(uint64_t known_id, int64_t now_ms, std::vector<Message>* out);

  Staging& staging_;
  const uint64_t cluster_id_;
  const uint64_t epoch_;
  int64_t ask_again_ms_ = 0;  // 0: nothing to ask again.
  int64_t said_ms_ = 0;
  bool done_ = false;
};

}  // namespace tenantry::replication
