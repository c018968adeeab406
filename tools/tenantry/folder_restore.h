#pragma once
// FolderRestore: dumps into a folder that has no data, or in place of one that no server uses. The new folder is built and
// checked beside the old one and takes its name at the end; the old one is kept as DIR.replaced-N.
//
// Errors   kAlreadyExists when there is data and `replace` is off; kUnavailable while a server runs there; those of
//          dump::RestoreAll and dump::RestoreTenant. The folder is untouched then.
// Threads  any; one at a time per folder.

#include <string>
#include <vector>

#include "engine/dump/restore.h"

namespace tenantry::tools {

struct FolderRestore {
  std::string data;
  bool replace = false;
  dump::TenantRestore tenant;  // All empty: everything the dump has.
  dump::RestoreOptions options;
};

// Where the folder that was there is now; empty when there was none.
Result<std::string> RestoreFolder(const std::vector<dump::OpenDump>& dumps,
                                  const FolderRestore& wanted);
struct SwappedFolders {
  std::string back;   // Where what is there now was kept.
  std::string aside;  // Where what was there is now.
};
// Puts back what the last restore replaced; what is there now is kept in turn, so that a second undo swaps back.
Result<SwappedFolders> UndoFolderRestore(const std::string& data);

// Whether `data` is a data folder, empty or absent, or something else (kInvalidArgument).
Result<bool> HoldsData(const std::string& data);

}  // namespace tenantry::tools
