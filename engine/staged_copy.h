#pragma once
// StagedCopy: a copy of another node's store in DATA/sync, and its taking the place of the folder's own log and store.
//
//   sync/store is complete ──Commit: READY──▶ the next Engine::Open installs it ──Forget──▶ sync is gone
//
// Rules    until READY is there the old data is untouched; from then on each step of the installation may be repeated, so that
//          a crash anywhere ends in the new data. The old data goes once an engine opened with the new.
// Errors   Install: kCorruption for a READY that is not ours.
// Threads  one at a time; Install and Forget belong to Engine::Open, which holds the folder's lock.
// Source   docs/replication.md#full-sync, docs/file-formats.md#sync.

#include <optional>
#include <string>

#include "engine/base/checksum.h"
#include "engine/base/file.h"
#include "engine/base/random.h"
#include "engine/epoch_table.h"

namespace tenantry {

struct StagedCopy {
  Position end;   // The last entry in the store.
  Hash128 chain;  // After it.
  EpochTable epochs;
};

// Where the copy is put together. Its store comes from Engine::Checkpoint of another node.
std::string StagedFolder(const std::string& data_directory);

// All files of the copy are synced. When this returns OK, the next Engine::Open uses them.
Status CommitStagedCopy(FileSystem& files, const std::string& data_directory,
                        const StagedCopy& copy);

// Nothing when no copy is ready. Otherwise the folder has the copy's store and history, and its log must start behind `end`.
Result<std::optional<StagedCopy>> InstallStagedCopy(FileSystem& files, Random& random,
                                                    const std::string& data_directory);

// Removes what is left of a copy, installed or given up.
Status ForgetStagedCopy(FileSystem& files, const std::string& data_directory);

}  // namespace tenantry
