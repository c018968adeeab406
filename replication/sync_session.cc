#include "replication/sync_session.h"

#include "replication/leader_session.h"

namespace tenantry::replication {
namespace {

constexpr int64_t kAskAgainMs = 100;

}  // namespace

Status SyncSession::Start(int64_t now_ms, std::vector<Message>* out) {
  TNT_ASSIGN_OR_RETURN(const uint64_t known_id, staging_.CheckpointId());
  return AskForManifest(known_id, now_ms, out);
}

Status SyncSession::AskForManifest(uint64_t known_id, int64_t now_ms, std::vector<Message>* out) {
  ask_again_ms_ = 0;
  said_ms_ = now_ms;
  out->push_back(ManifestRequest{known_id});
  return Status::Ok();
}

void SyncSession::Ask(std::vector<Message>* out) {
  if (const std::optional<ChunkRequest> missing = staging_.NextMissing()) {
    out->push_back(*missing);
  } else {
    done_ = true;
  }
}

Status SyncSession::OnManifest(const Manifest& manifest, int64_t now_ms,
                               std::vector<Message>* out) {
  if (!manifest.ready) {
    ask_again_ms_ = now_ms + kAskAgainMs;
    return Status::Ok();
  }
  const bool ours = manifest.cluster_id == cluster_id_ && manifest.epochs.newest_epoch() <= epoch_;
  if (!ours) return Corruption("a manifest of another history");
  TNT_RETURN_IF_ERROR(staging_.Begin(manifest));
  said_ms_ = now_ms;
  Ask(out);
  return Status::Ok();
}

Status SyncSession::OnChunk(const Chunk& chunk, int64_t now_ms, std::vector<Message>* out) {
  // The leader let go of that checkpoint; what is here counts for the next by its hashes.
  if (!chunk.found) return AskForManifest(0, now_ms, out);
  TNT_RETURN_IF_ERROR(staging_.Put(chunk));
  said_ms_ = now_ms;
  Ask(out);
  return Status::Ok();
}

Status SyncSession::Pump(int64_t now_ms, std::vector<Message>* out) {
  if (ask_again_ms_ != 0 && now_ms >= ask_again_ms_) {
    TNT_ASSIGN_OR_RETURN(const uint64_t known_id, staging_.CheckpointId());
    return AskForManifest(known_id, now_ms, out);
  }
  if (now_ms - said_ms_ < kSayMs) return Status::Ok();
  said_ms_ = now_ms;
  out->push_back(Ack{epoch_, 0, 0});
  return Status::Ok();
}

}  // namespace tenantry::replication
