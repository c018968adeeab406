#include "engine/counters/sketch_deltas.h"

#include <string>

#include "engine/counters/sketch_row.h"

namespace tenantry::counters {

void SketchDeltas::Add(uint8_t family, std::string_view owner, int64_t bucket, uint64_t hash) {
  const Hll::Place place = Hll::PlaceOf(hash);
  if (floor_ != nullptr && floor_->Covers({space_, family, owner, bucket}, place)) return;
  raises_[{family, owner, bucket, place.block()}].emplace_back(place.offset(), place.rank);
}

Status SketchDeltas::WriteTo(SpaceWriter& writer) const {
  for (const auto& [name, raises] : raises_) {
    TNT_ASSIGN_OR_RETURN(std::string registers,
                         writer.SketchBlock(name.family, name.owner, name.bucket, name.block));
    if (registers.empty()) registers.assign(Hll::kBlockRegisters, '\0');
    if (registers.size() != Hll::kBlockRegisters) return Corruption("sketch block: wrong length");
    if (floor_ != nullptr) {
      floor_->Note({space_, name.family, name.owner, name.bucket}, name.block, registers);
    }
    bool raised = false;
    for (const auto& [offset, rank] : raises) {
      if (static_cast<uint8_t>(registers[offset]) >= rank) continue;
      registers[offset] = static_cast<char>(rank);
      raised = true;
    }
    if (!raised) continue;
    TNT_RETURN_IF_ERROR(
        writer.SetSketchBlock(name.family, name.owner, name.bucket, name.block, registers));
  }
  return Status::Ok();
}

Result<Hll> ReadSketches(const SpaceReader& reader, uint8_t family, std::string_view owner,
                         int64_t from, int64_t until) {
  Hll merged;
  Status sound;
  TNT_RETURN_IF_ERROR(reader.ScanSketches(family, owner, from, until,
                                          [&](int64_t, uint8_t block, std::string_view registers) {
                                            sound = MergeSketchRow(block, registers, &merged);
                                            return sound.ok();
                                          }));
  TNT_RETURN_IF_ERROR(sound);
  return merged;
}

}  // namespace tenantry::counters
