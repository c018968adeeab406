#pragma once
// ChangeTable: for each row or collection the newest applied log index that touched it, so that caches can prove they are
// current without a list of dependants.
//
// Shape    a fixed table indexed by hash. Every effect marks its (space, collection). Rows of the directory, counters and
//          meta rows are marked one by one in addition: few of them change, and many answers stand on one of them.
// Errors   none; a collision makes an answer look changed that is not, never the reverse.
// Threads  Mark from the apply thread, before the view that holds the change is published; the rest from any.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/base/checksum.h"
#include "engine/base/ids.h"
#include "engine/keys/keys.h"

namespace tenantry::partition {

class ChangeTable {
 public:
  ChangeTable() : slots_(std::make_unique<std::atomic<uint64_t>[]>(kSlots)) {}

  // Counters, sketches and meta rows count as collection 0.
  static uint32_t SlotOf(SpaceId space, uint16_t collection) {
    const uint64_t mixed = (space.value() * 1024 + collection) * 0x9E3779B97F4A7C15u;
    return static_cast<uint32_t>(mixed >> (64 - kSlotBits));
  }
  static uint32_t SlotOfRow(std::string_view key) {
    return static_cast<uint32_t>(Hash64(key) >> (64 - kSlotBits));
  }
  // Whether rows like this one have a mark of their own.
  static bool MarkedByRow(const keys::KeyHead& head) {
    return head.space == kDirectorySpace || head.kind == keys::Kind::kCounter ||
           head.kind == keys::Kind::kMeta;
  }

  void Mark(std::string_view key, uint64_t index) {
    keys::KeyHead head;
    if (!keys::SplitHead(key, &head)) return;
    Store(SlotOf(head.space, head.collection), index);
    if (MarkedByRow(head)) Store(SlotOfRow(key), index);
  }
  uint64_t LastChange(uint32_t slot) const { return slots_[slot].load(std::memory_order_acquire); }

 private:
  // 2 MiB; with thousands of busy rows a few in a hundred answers share a slot with one of them.
  static constexpr int kSlotBits = 18;
  static constexpr size_t kSlots = size_t{1} << kSlotBits;

  void Store(uint32_t slot, uint64_t index) {
    // Release pairs with the acquire above: who sees the mark may rely on the store holding the change soon.
    slots_[slot].store(index, std::memory_order_release);
  }
  const std::unique_ptr<std::atomic<uint64_t>[]> slots_;
};

}  // namespace tenantry::partition
