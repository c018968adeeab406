#include "engine/counters/sketch_floor.h"

#include <algorithm>

#include "engine/base/bytes.h"

namespace tenantry::counters {

std::string SketchFloor::KeyOf(const Name& name) {
  std::string key;
  key.reserve(17 + name.owner.size());
  AppendLittle(&key, name.space.value());
  AppendLittle(&key, name.bucket);
  key.push_back(static_cast<char>(name.family));
  key.append(name.owner);
  return key;
}

bool SketchFloor::Covers(const Name& name, Hll::Place place) const {
  const auto sketch = sketches_.find(KeyOf(name));
  return sketch != sketches_.end() && sketch->second[place.index] >= place.rank;
}

void SketchFloor::Note(const Name& name, uint8_t block, std::string_view registers) {
  if (sketches_.size() >= kSketchesMax) sketches_.clear();
  Registers& known = sketches_[KeyOf(name)];
  std::copy(registers.begin(), registers.end(), known.begin() + block * Hll::kBlockRegisters);
}

}  // namespace tenantry::counters
