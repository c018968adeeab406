#pragma once
// ChangeTable: for each (space, collection) the newest applied log index that touched it, so that caches can prove they
// are current without a list of dependants.
//
// Shape    a fixed table indexed by hash; a collision makes an answer look changed that is not, never the reverse.
// Threads  Mark from the apply thread, before the view that holds the change is published; LastChange from any.

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/base/ids.h"

namespace tenantry::partition {

class ChangeTable {
 public:
  ChangeTable() : slots_(std::make_unique<std::atomic<uint64_t>[]>(kSlots)) {}

  void Mark(SpaceId space, uint16_t collection, uint64_t index) {
    // Release pairs with the acquire below: who sees the mark may rely on the store holding the change soon.
    slots_[SlotOf(space, collection)].store(index, std::memory_order_release);
  }
  uint64_t LastChange(SpaceId space, uint16_t collection) const {
    return slots_[SlotOf(space, collection)].load(std::memory_order_acquire);
  }

 private:
  static constexpr size_t kSlots =
      1u << 16;  // 512 KiB; a few active (space, collection) pairs per slot at worst.
  static size_t SlotOf(SpaceId space, uint16_t collection) {
    const uint64_t mixed = (space.value() * 1024 + collection) * 0x9E3779B97F4A7C15u;
    return mixed >> 48;
  }
  const std::unique_ptr<std::atomic<uint64_t>[]> slots_;
};

}  // namespace tenantry::partition
