#pragma once
// NodeFile: what a node must remember about epochs across a restart: NODE in the data folder.
//
// Rules    the highest epoch ever promised or led never falls, and is on the disk before anybody is told.
// Errors   Open: kCorruption for a file that is not ours. Changes: kConflict for an epoch that is not higher.
// Threads  any; serialised on `node_file`. Reads take the lock for a copy.
// Source   docs/file-formats.md#node, docs/replication.md#epochs.

#include <memory>
#include <string>

#include "engine/base/file.h"
#include "engine/base/mutex.h"
#include "engine/base/random.h"
#include "engine/epoch_table.h"

namespace tenantry {

class NodeFile {
 public:
  // A folder without the file is a node of epoch 1, which it leads when `leads_new`; the file is written with the first
  // change.
  static Result<std::unique_ptr<NodeFile>> Open(FileSystem& files, const std::string& directory,
                                                Random& random, bool leads_new);

  // Random and stable; written down by the first call.
  Result<uint64_t> EnsureId() TNT_EXCLUDES(mutex_);
  uint64_t promised() const TNT_EXCLUDES(mutex_);
  EpochTable epochs() const TNT_EXCLUDES(mutex_);
  // This node led last, and has promised nobody to follow since.
  bool leads() const TNT_EXCLUDES(mutex_);

  // From here on only leaders of `epoch` or higher are obeyed. Fine when it is the promised one already.
  Status Promise(uint64_t epoch) TNT_EXCLUDES(mutex_);
  // Takes over a leader's table, and promises its newest epoch.
  Status Adopt(const EpochTable& table) TNT_EXCLUDES(mutex_);
  // The folder's data was replaced by a copy with this history. A higher promise stays.
  Status ReplaceHistory(const EpochTable& table) TNT_EXCLUDES(mutex_);
  // This node leads: entries from `first_index` on are of `epoch`.
  Status Begin(uint64_t epoch, uint64_t first_index) TNT_EXCLUDES(mutex_);

 private:
  struct State {
    uint64_t id = 0;  // 0 until it is written.
    uint64_t promised = 1;
    uint64_t led = 0;  // The newest epoch that this node led itself.
    EpochTable epochs;
  };
  NodeFile(FileSystem& files, std::string path, Random& random);
  static Status Parse(const std::string& path, const std::string& text, State* state);
  Status StoreLocked(State state) TNT_REQUIRES(mutex_);

  FileSystem& files_;
  const std::string path_;
  Random& random_;
  mutable Mutex mutex_{"node_file", LockRank::kLog, 2};
  State state_ TNT_GUARDED_BY(mutex_);
};

}  // namespace tenantry
