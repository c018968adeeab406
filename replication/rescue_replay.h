#pragma once
// RescueReplay: puts entries of a rescue file into the history that replaced them, where they still fit.
//
// Rules    entries are physical; which of them fit, and how, is RescueFit's to say. Each is done once: a row of the directory
//          remembers it.
// Errors   kConflict when this node's history does not hold the place where the file begins, or its log no longer reaches back
//          there; kUnavailable when it does not lead.
// Threads  one at a time; it waits for its writes.
// Source   docs/replication.md#the-old-leader-returns.

#include <string>
#include <vector>

#include "engine/engine.h"

namespace tenantry::replication {

struct ReplayedLine {
  Position position;  // In the replaced history.
  uint16_t command = 0;
  SpaceId space;
  enum class Fate : uint8_t { kApplied, kDoneBefore, kChangedSince } fate = Fate::kApplied;
  uint64_t new_index = 0;  // Of an applied one.
};

Result<std::vector<ReplayedLine>> ReplayRescueFile(Engine& engine, const std::string& path);

}  // namespace tenantry::replication
