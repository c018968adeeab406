#pragma once
// SketchFloor: what stored sketches were last seen to hold. Registers only ever rise, so a visitor
// whose register was seen high enough needs no read at all: on a busy shop that is nearly everyone.
//
// Threads  one at a time: a loop has its own.
// Owns     copies of the registers, at most kSketchesMax of them; beyond that it starts over.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/ids.h"
#include "engine/base/text_hash.h"
#include "engine/counters/hll.h"

namespace tenantry::counters {

class SketchFloor {
 public:
  struct Name {
    SpaceId space;
    uint8_t family = 0;
    std::string_view owner;
    int64_t bucket = 0;
  };
  // True when the stored register is at least `place.rank`.
  bool Covers(const Name& name, Hll::Place place) const;
  // `registers` were read from the store, inside a command or from a view.
  void Note(const Name& name, uint8_t block, std::string_view registers);

 private:
  static constexpr size_t kSketchesMax = 512;  // 2 MiB.
  using Registers = std::array<uint8_t, Hll::kBlocks * Hll::kBlockRegisters>;

  static std::string KeyOf(const Name& name);
  std::unordered_map<std::string, Registers, TextHash, std::equal_to<>> sketches_;
};

}  // namespace tenantry::counters
