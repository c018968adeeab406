#pragma once
// Staging: the follower's side of a full copy: files of a manifest that fill up chunk by chunk in DATA/sync/store.
//
// Rules    a chunk is written only when its hash is the manifest's. What an interrupted copy left is taken over by hash, also
//          under another manifest; nothing counts that was not read back and hashed. Nothing of it is used before Seal.
// Errors   kCorruption for a manifest or chunk that is not what it should be, and those of the file system.
// Threads  one at a time.
// Owns     DATA/sync until Seal. Borrows the file system.
// Source   docs/replication.md#full-sync.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/file.h"
#include "replication/messages.h"

namespace tenantry::replication {

struct SyncProgress {
  uint64_t total_bytes = 0;
  uint64_t here_bytes = 0;
  uint64_t received_bytes = 0;  // Of chunks that arrived since the start of the process.
  uint64_t wasted_bytes = 0;    // Of those, what was here already or did not fit its hash.
};

class Staging {
 public:
  Staging(FileSystem& files, std::string data_directory);
  // A copy was begun and not finished.
  static Result<bool> IsUnderWay(FileSystem& files, const std::string& data_directory);

  // Of the manifest that is being filled; 0 before the first. An interrupted copy's is found again.
  Result<uint64_t> CheckpointId();
  Status Begin(const Manifest& manifest);
  // The next chunk that is not here; nothing when all are.
  std::optional<ChunkRequest> NextMissing() const;
  Status Put(const Chunk& chunk);
  // Reads everything back, opens the store, and makes it the one that the next start uses.
  Status Seal();
  const Manifest& manifest() const { return manifest_; }
  const SyncProgress& progress() const { return progress_; }

 private:
  using ChunkPlace = std::pair<std::string, uint64_t>;  // File and offset.
  Status IndexOldChunks(const std::string& folder);
  Status CheckManifest(const Manifest& manifest) const;
  Status TakeOver(uint32_t file_number);
  Status Write(uint32_t file_number, uint32_t chunk, std::string_view bytes);
  uint64_t ChunkLength(uint32_t file_number, uint32_t chunk) const;

  FileSystem& files_;
  const std::string data_directory_;
  const std::string folder_;
  Manifest manifest_;
  std::vector<std::vector<bool>> here_;                             // By file and chunk.
  std::map<std::pair<uint64_t, uint64_t>, ChunkPlace> old_chunks_;  // By hash.
  std::unique_ptr<File> open_;                                      // The file written last.
  uint32_t open_number_ = 0;
  SyncProgress progress_;
};

}  // namespace tenantry::replication
