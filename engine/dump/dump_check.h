#pragma once
// DumpCheck: what the two kinds of restore share: reading every byte of the dumps before anything is loaded, and walking them.
// Private to engine/dump.

#include <functional>
#include <vector>

#include "engine/dump/live_spaces.h"
#include "engine/dump/reader.h"
#include "engine/dump/restore.h"

namespace tenantry::dump {

struct CheckedDumps {
  Header first;
  uint64_t rows = 0;
  LiveSpaces spaces;
};

// Proves each dump whole, and that each continues the one before.
Result<CheckedDumps> CheckDumps(const std::vector<OpenDump>& dumps, const RestoreOptions& options);

// Visits every block of every dump; false goes on with the next dump.
using VisitDump = std::function<Result<bool>(size_t dump, const Block& block)>;
Status VisitDumps(const std::vector<OpenDump>& dumps, const VisitDump& visit);

// Takes the marker `prefix` from a space and lets reclaiming have it.
Status GiveUpSpace(Engine& engine, std::string_view prefix, SpaceId space);

}  // namespace tenantry::dump
