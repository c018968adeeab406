#pragma once
// Restore: dumps back into an engine.
//
//   RestoreAll     a whole dump, and increments after it, into a folder that has nothing yet. Spaces keep their numbers; those
//                  that no tenant has at the end are left out.
//   RestoreTenant  one tenant, from its own dump or out of a whole one, into a running engine: its rows go into a new space
//                  that nobody can see, are compared with what was loaded, and one entry switches the tenant over. The space
//                  it had before is kept for kUndoMs.
//
// Errors   kCorruption for a damaged dump; kInvalidArgument for one that cannot be used like this, with what to do;
//          kAlreadyExists when the tenant, its name, code or ids are taken; those of the engine. Nothing a client can see
//          has changed then.
// Threads  any; one restore of a tenant at a time.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/byte_stream.h"
#include "engine/dump/format.h"
#include "engine/engine.h"

namespace tenantry::dump {

// A replaced space waits this long for `--undo` before its bytes are reclaimed.
inline constexpr int64_t kUndoMs = int64_t{7} * 86'400'000;

// Opens the dump from its beginning, as often as asked.
using OpenDump = std::function<Result<std::unique_ptr<ByteSource>>()>;
// Hears which part runs and how many rows it did; false ends the restore.
using RestoreReport = std::function<bool(std::string_view phase, uint64_t rows, uint64_t total)>;

// Hears of each tenant that a salvaged dump has rows of but cannot bring back, and why.
using RestoreLoss = std::function<void(std::string_view what)>;

struct RestoreOptions {
  bool partial = false;  // A salvaged dump will do.
  bool gentle = false;   // Others are served meanwhile.
  RestoreReport report = {};
  RestoreLoss lost = {};
};

// Oldest first. kCorruption when the directory is lost, which says whose the rows are.
Status RestoreAll(Engine& engine, const std::vector<OpenDump>& dumps,
                  const RestoreOptions& options);

struct TenantRestore {
  std::string tenant;    // Empty: the one the dump is of.
  std::string as;        // Not empty: a copy under this shop id, or with this gym name.
  bool replace = false;  // The tenant may exist.
};
struct RestoredTenant {
  std::string id;
  SpaceId space;
  uint64_t rows = 0;
  bool replaced = false;
};
Result<RestoredTenant> RestoreTenant(Engine& engine, const std::vector<OpenDump>& dumps,
                                     const TenantRestore& wanted, const RestoreOptions& options);

// What a tenant has after an undo.
enum class Undone {
  kBeforeRestore,  // What it had before its last restore.
  kRestored,       // What that restore brought: an undo was undone.
};
// Switches a tenant back to the space that its last restore replaced; what it has now is kept in turn, so that a second one
// swaps back.
Result<Undone> UndoRestore(Engine& engine, const std::string& tenant);

// Gives up replaced spaces whose time is over. True when there may be more.
Result<bool> ExpireReplaced(Engine& engine);
// Gives up spaces of restores that a crash ended. Only where none runs: at start.
Status DropUnfinished(Engine& engine);

}  // namespace tenantry::dump
