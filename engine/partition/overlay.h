#pragma once
// Overlay: the newest state of a partition before the store has it: ordered layers of key -> value or tombstone, merged
// newest first over one snapshot. RocksDB's WriteBatchWithIndex is not used: on 7.8.3 its iterators ignore bounds.
//
// Shape    a Layer holds the writes of consecutive commands and the index of the last one. A layer that overlaps its
//          snapshot is harmless: it only repeats values the snapshot has, or newer ones.
// Errors   as the snapshot's reader.
// Threads  none of its own: a partition's layers are touched under its lock.
// Source   docs/invariants.md INV-6; tests/model/overlay_model_test.cc.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/key_reader.h"

namespace tenantry::partition {

struct Layer {
  // nullopt is a tombstone: the key is deleted, whatever is below.
  std::map<std::string, std::optional<std::string>, std::less<>> rows;
  uint64_t last_index = 0;  // The newest log entry in this layer.
  uint64_t group = 0;       // The open group it was begun for.
};

// The newest layer's row of a key, a tombstone included; nullptr when no layer has one.
const std::optional<std::string>* FindInLayers(std::span<const Layer* const> layers,
                                               std::string_view key);
// A row as Get answers it: kNotFound for a tombstone.
Status TakeRow(const std::optional<std::string>& row, std::string* value);

// Reads `layers` (newest first) over `base`. Borrows both.
class LayeredReader final : public KeyReader {
 public:
  LayeredReader(std::span<const Layer* const> layers, const KeyReader& base)
      : layers_(layers), base_(base) {}
  Status Get(std::string_view key, std::string* value) const override;
  std::unique_ptr<Cursor> Scan(std::string_view lower, std::string_view upper) const override;

 private:
  std::span<const Layer* const> layers_;
  const KeyReader& base_;
};

}  // namespace tenantry::partition
