#pragma once
// RescueFile: entries of this node that a new leader replaced after they had been shown or acknowledged: DATA/rescue/*.entries.
// Written before the node's own history is given up, so that nothing is dropped silently.
//
// Errors   reading: kCorruption unless every entry is proven by its hash and the chain, and none is missing.
// Threads  functions without state.
// Source   docs/replication.md#the-old-leader-returns, docs/file-formats.md#rescue-files.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/file.h"
#include "engine/engine.h"
#include "engine/log/entry.h"
#include "replication/messages.h"

namespace tenantry::replication {

struct RescueHead {
  uint64_t cluster_id = 0;
  Place before;  // The last entry that both histories share, or what the log still had before.
  Place end;     // The last entry in the file.
  uint64_t entries = 0;
  int64_t written_unix_ms = 0;
};

// The entries behind `common_index` up to `last`. The path, or nothing when there are none.
Result<std::string> WriteRescueFile(Engine& engine, uint64_t common_index, uint64_t last);

// Paths of all rescue files of a data folder, by name.
Result<std::vector<std::string>> ListRescueFiles(FileSystem& files,
                                                 const std::string& data_directory);
Result<RescueHead> ReadRescueHead(FileSystem& files, const std::string& path);
// Proves the whole file, then calls `visit` for each entry.
Status ReadRescueFile(FileSystem& files, const std::string& path, RescueHead* head,
                      const std::function<Status(const log::EntryView&)>& visit);

}  // namespace tenantry::replication
