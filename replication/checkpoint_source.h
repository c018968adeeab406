#pragma once
// CheckpointSource: the leader's side of full copies: one checkpoint of the store in hard links, its manifest with the hash of
// every chunk, and the chunks.
//
//   none ──Prepare──▶ being made (own thread: flush, link, hash) ──▶ ready ──DropUnused──▶ none
//
// Rules    every follower that copies gets the same checkpoint, so that a cut copy goes on where it stopped. Log behind it must
//          be kept while it exists: pinned_index() says from where.
// Errors   a checkpoint that could not be made is reported once, by Prepare, and made anew by the next.
// Threads  one at a time, but for its own.
// Owns     its thread and DATA/checkpoints, which it empties at both ends. Borrows the engine.
// Source   docs/replication.md#full-sync.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/thread.h"
#include "engine/engine.h"
#include "replication/messages.h"

namespace tenantry::replication {

// Of a chunk, but for the last of a file. A copy that is cut loses at most one.
inline constexpr uint32_t kChunkBytes = 1u << 20;

class CheckpointSource {
 public:
  // `wake` is called from its thread when a checkpoint is ready or failed.
  CheckpointSource(Engine& engine, std::function<void()> wake);
  ~CheckpointSource();

  // The manifest, or null while it is being made. `known_id` names the checkpoint of a copy that was cut: as long as that one
  // exists, it is the answer.
  Result<std::shared_ptr<const Manifest>> Prepare(uint64_t known_id, int64_t now_ms);
  // Not found when that checkpoint is gone.
  Result<Chunk> Read(const ChunkRequest& request, int64_t now_ms);
  // Lets go of a checkpoint that nobody asked for in a while.
  void DropUnused(int64_t now_ms);
  // Of all files of the checkpoint; 0 until it is ready.
  uint64_t total_bytes() const;
  // Log behind this entry is needed; nothing while there is no checkpoint.
  std::optional<uint64_t> pinned_index() const;

 private:
  Status Make(uint64_t id, const std::string& folder);
  Status AddFile(const std::string& folder, const std::string& name, Manifest* manifest);
  void Drop();

  // Constant after construction.
  Engine& engine_;
  const std::string root_;
  const std::function<void()> wake_;

  // The caller's thread.
  std::string folder_;  // Of the checkpoint; empty while there is none.
  uint64_t pinned_ = 0;
  int64_t made_ms_ = 0;
  int64_t used_ms_ = 0;
  std::map<uint32_t, std::unique_ptr<File>> open_files_;
  std::shared_ptr<const Manifest> ready_;

  // Written by the thread before finished_ becomes true, read after (release, acquire).
  std::shared_ptr<Manifest> made_;
  Status made_status_;
  std::atomic<bool> finished_{false};
  std::atomic<bool> stop_{false};
  Thread thread_;
  bool running_ = false;
};

}  // namespace tenantry::replication
