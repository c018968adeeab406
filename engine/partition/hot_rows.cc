#include "engine/partition/hot_rows.h"

#include <utility>

#include "engine/keys/keys.h"

namespace tenantry::partition {
namespace {

// Rows that are read before they are written again. Events and index rows are written once; a sketch's rows are removed when its
// hour is over.
bool IsReadAgain(std::string_view key, bool removed) {
  keys::KeyHead head;
  if (!keys::SplitHead(key, &head)) return false;
  return head.kind == keys::Kind::kCounter || head.kind == keys::Kind::kMeta ||
         (head.kind == keys::Kind::kSketch && !removed);
}

}  // namespace

const std::optional<std::string>* HotRows::Find(std::string_view key) const {
  const auto row = rows_.find(key);
  return row == rows_.end() ? nullptr : &row->second;
}

void HotRows::Read(std::string_view key, const std::optional<std::string>& value) {
  if (!value || value->size() <= kValueBytesMax) Insert(std::string(key), value);
}

void HotRows::Absorb(Layer&& layer) {
  for (auto& [key, value] : layer.rows) {
    const auto known = rows_.find(key);
    if (known != rows_.end()) {
      bytes_ += value ? value->size() : 0;
      known->second = std::move(value);
    } else if (IsReadAgain(key, !value)) {
      Insert(key, std::move(value));
    }
  }
  layer.rows.clear();
}

void HotRows::Insert(std::string key, std::optional<std::string> value) {
  bytes_ += key.size() + (value ? value->size() : 0);
  if (bytes_ > kBytesMax) {
    Clear();
    bytes_ = key.size() + (value ? value->size() : 0);
  }
  rows_.insert_or_assign(std::move(key), std::move(value));
}

void HotRows::Clear() {
  rows_.clear();
  bytes_ = 0;
}

}  // namespace tenantry::partition
