#pragma once
// SketchDeltas: what one log entry raises in stored sketches. Only blocks whose registers really
// rise are written, so a visitor who comes back costs no byte of log, and with a floor not even a read.
//
// Errors   WriteTo: those of the writer; ReadSketches: those of the reader.
// Threads  one at a time.
// Owns     nothing of the owner names: they are borrowed until WriteTo returned. Borrows the floor.

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/counters/hll.h"
#include "engine/counters/sketch_floor.h"
#include "engine/transaction.h"

namespace tenantry::counters {

class SketchDeltas {
 public:
  SketchDeltas() = default;
  // Skips what `floor` shows to be stored already, and tells it what was read. `floor` may be null.
  SketchDeltas(SpaceId space, SketchFloor* floor) : space_(space), floor_(floor) {}

  void Add(uint8_t family, std::string_view owner, int64_t bucket, uint64_t hash);
  Status WriteTo(SpaceWriter& writer) const;

 private:
  struct BlockName {
    uint8_t family = 0;
    std::string_view owner;
    int64_t bucket = 0;
    uint8_t block = 0;
    friend auto operator<=>(const BlockName&, const BlockName&) = default;
  };
  SpaceId space_;
  SketchFloor* floor_ = nullptr;
  // Offset within the block, and the least rank.
  std::map<BlockName, std::vector<std::pair<uint8_t, uint8_t>>> raises_;
};

// Merges the stored sketches of the buckets [from, until) into one.
Result<Hll> ReadSketches(const SpaceReader& reader, uint8_t family, std::string_view owner,
                         int64_t from, int64_t until);

}  // namespace tenantry::counters
