#include "replication/sync_feed.h"

#include <algorithm>
#include <utility>

namespace tenantry::replication {

Status SyncFeed::OnManifestRequest(const ManifestRequest& request, int64_t now_ms,
                                   std::vector<Message>* out) {
  TNT_ASSIGN_OR_RETURN(const std::shared_ptr<const Manifest> manifest,
                       source_.Prepare(request.checkpoint_id, now_ms));
  out->push_back(manifest ? *manifest : Manifest{});
  return Status::Ok();
}

Status SyncFeed::OnChunkRequest(const ChunkRequest& request) {
  if (wanted_) return Corruption("a request for a chunk before the one before was answered");
  wanted_ = request;
  return Status::Ok();
}

Status SyncFeed::Pump(int64_t now_ms, std::vector<Message>* out) {
  if (!wanted_ || now_ms < next_ms_) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(Chunk chunk, source_.Read(*wanted_, now_ms));
  wanted_.reset();
  const uint64_t bytes = chunk.bytes.size();
  sent_bytes_ += bytes;
  if (bytes_per_second_ > 0) {
    next_ms_ = std::max(now_ms, next_ms_) + static_cast<int64_t>(bytes * 1000 / bytes_per_second_);
  }
  out->push_back(std::move(chunk));
  return Status::Ok();
}

}  // namespace tenantry::replication
