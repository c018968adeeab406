#pragma once
// HotRows: values that a partition's commands read or wrote lately, so that a counter or a session
// that every command needs is not looked up in the store each time.
//
// Rules    holds what the newest snapshot holds for its keys, nothing else: rows come in from the
//          snapshot when a command reads them, and from layers when those are dropped because the
//          snapshot has them. Only commands of the partition change its rows, so nothing can go
//          stale; whatever else may write (a follower's apply) must Clear().
// Units    bytes of keys and values; beyond kBytesMax it starts over.
// Threads  none of its own: touched under its partition's lock.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/text_hash.h"
#include "engine/partition/overlay.h"

namespace tenantry::partition {

class HotRows {
 public:
  // nullptr when the row is not here; otherwise its value, or nullopt for a deleted one.
  const std::optional<std::string>* Find(std::string_view key) const;
  // A value just read from the newest snapshot; nullopt for a row that it lacks.
  void Read(std::string_view key, const std::optional<std::string>& value);
  // A layer that the newest snapshot has caught up with.
  void Absorb(Layer&& layer);
  void Clear();

 private:
  static constexpr size_t kBytesMax = 8u << 20;
  static constexpr size_t kValueBytesMax = 4096;  // Larger rows are rare and not worth the room.

  void Insert(std::string key, std::optional<std::string> value);

  std::unordered_map<std::string, std::optional<std::string>, TextHash, std::equal_to<>> rows_;
  size_t bytes_ = 0;  // Of everything inserted since the last start; overwriting does not lower it.
};

}  // namespace tenantry::partition
