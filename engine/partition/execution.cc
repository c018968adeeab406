#include "engine/partition/execution.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/checksum.h"
#include "engine/keys/keys.h"
#include "engine/log/write_set.h"

namespace tenantry::partition {
namespace {

// More layers make every scan slower; past this many the newest one grows instead.
constexpr size_t kLayersMax = 6;

SpaceId SpaceOf(std::string_view key) {
  keys::KeyHead head;
  TNT_CHECK(keys::SplitHead(key, &head));
  return head.space;
}

}  // namespace

Partitions::Partitions(uint32_t tenant_partitions) {
  TNT_CHECK(tenant_partitions > 0);
  for (uint32_t id = 0; id <= tenant_partitions; ++id) {
    partitions_.push_back(std::make_unique<Partition>(id));
  }
}

Partition& Partitions::Of(SpaceId space) {
  if (space == kDirectorySpace) return *partitions_.front();
  const uint64_t value = space.value();
  const uint64_t hash = Hash64({reinterpret_cast<const char*>(&value), sizeof value});
  return *partitions_[1 + hash % (partitions_.size() - 1)];
}

void Partitions::Pass() {
  for (const std::unique_ptr<Partition>& partition : partitions_) {
    partition->mutex.Lock();
    partition->mutex.Unlock();
  }
}

void Partitions::Reset(uint64_t applied) {
  for (const std::unique_ptr<Partition>& partition : partitions_) {
    partition->mutex.Lock();
    partition->layers.clear();
    partition->hot.Clear();
    partition->newest_index = applied;
    partition->mutex.Unlock();
  }
}

Execution::Execution(const Options& options)
    : partitions_(options.partitions),
      load_view_(options.load_view),
      tier_(options.tier),
      clock_(options.clock),
      random_(options.random),
      dry_(options.dry),
      observer_(options.observer) {}

void Execution::Observe(SpaceId space) {
  if (observer_ != nullptr && NotesOf(space) == nullptr) notes_.emplace_back(space, "");
}

Execution::~Execution() TNT_NO_THREAD_SAFETY_ANALYSIS {
  while (!held_.empty()) {
    if (!dry_) held_.back().partition->mutex.Unlock();
    held_.pop_back();
  }
}

void Execution::Hold(SpaceId space) {
  Partition& partition = partitions_.Of(space);
  for (const Held& held : held_) {
    if (held.partition == &partition) return;
  }
  Held held{&partition, nullptr, {&own_}};
  if (dry_) {
    if (views_.empty()) views_.push_back(load_view_());
    held_.push_back(std::move(held));
    return;
  }
  TNT_CHECK(held_.empty() || held_.back().partition->mutex.id() < partition.mutex.id());
  partition.mutex.Lock();
  views_.push_back(load_view_());
  const uint64_t applied = views_.back()->applied_index();
  // Tenants put rows into the directory without holding it, so its rows may change behind its back.
  if (space != kDirectorySpace) held.hot = &partition.hot;
  std::vector<Layer>& layers = partition.layers;
  size_t dropped = 0;
  while (dropped < layers.size() && layers[dropped].last_index <= applied) {
    if (held.hot != nullptr) held.hot->Absorb(std::move(layers[dropped]));
    ++dropped;
  }
  layers.erase(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(dropped));
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    held.layers.push_back(&*layer);
  }
  held_.push_back(std::move(held));
}

const Execution::Held& Execution::HeldFor(std::string_view key) const {
  Partition& partition = partitions_.Of(SpaceOf(key));
  const auto held = std::find_if(held_.begin(), held_.end(),
                                 [&](const Held& h) { return h.partition == &partition; });
  TNT_CHECK(held != held_.end());
  return *held;
}

bool Execution::Holds(std::string_view key) const {
  const Partition* const partition = &partitions_.Of(SpaceOf(key));
  return std::any_of(held_.begin(), held_.end(),
                     [partition](const Held& held) { return held.partition == partition; });
}

Status Execution::Get(std::string_view key, std::string* value) const {
  const Held& held = HeldFor(key);
  if (const auto* row = FindInLayers(held.layers, key)) return TakeRow(*row, value);
  if (held.hot == nullptr) return views_.back()->reader(tier_).Get(key, value);
  if (const auto* row = held.hot->Find(key)) return TakeRow(*row, value);
  const Status read = views_.back()->reader(tier_).Get(key, value);
  if (read.ok()) held.hot->Read(key, *value);
  if (read.code() == StatusCode::kNotFound) held.hot->Read(key, std::nullopt);
  return read;
}

std::unique_ptr<Cursor> Execution::Scan(std::string_view lower, std::string_view upper) const {
  return LayeredReader(HeldFor(lower).layers, views_.back()->reader(tier_)).Scan(lower, upper);
}

Status Execution::Charge(size_t bytes) {
  effect_bytes_ += bytes + 16;  // Operation byte and two lengths, generously.
  if (own_.rows.size() >= log::kCommandEffectsMax) {
    return InvalidArgument("the command changes more than " +
                           std::to_string(log::kCommandEffectsMax) + " rows");
  }
  if (effect_bytes_ > log::kCommandEffectBytesMax) {
    return InvalidArgument("the command writes more than " +
                           std::to_string(log::kCommandEffectBytesMax) + " bytes");
  }
  return Status::Ok();
}

Status Execution::Put(std::string key, std::string value) {
  TNT_RETURN_IF_ERROR(Charge(key.size() + value.size()));
  own_.rows.insert_or_assign(std::move(key), std::move(value));
  return Status::Ok();
}

Status Execution::Delete(std::string key) {
  TNT_RETURN_IF_ERROR(Charge(key.size()));
  own_.rows.insert_or_assign(std::move(key), std::nullopt);
  return Status::Ok();
}

bool Execution::HasRoomFor(size_t rows, size_t bytes) const {
  return own_.rows.size() + rows <= log::kCommandEffectsMax &&
         effect_bytes_ + bytes + 16 * rows <= log::kCommandEffectBytesMax;
}

void Execution::DropEffects() {
  own_.rows.clear();
  effect_bytes_ = 0;
}

std::string Execution::EncodeEffects() const {
  log::WriteSet effects;
  for (const auto& [key, value] : own_.rows) {
    value ? effects.Put(key, *value) : effects.Delete(key);
  }
  return effects.Encode();
}

uint64_t Execution::newest_index() const TNT_NO_THREAD_SAFETY_ANALYSIS {
  uint64_t newest = 0;
  for (const Held& held : held_) newest = std::max(newest, held.partition->newest_index);
  return newest;
}

void Execution::Commit(uint64_t index, uint64_t group) TNT_NO_THREAD_SAFETY_ANALYSIS {
  // The last held partition gets the rows; the others get copies of their own spaces' rows (a directory command).
  for (size_t i = 0; i < held_.size(); ++i) {
    Partition& partition = *held_[i].partition;
    partition.newest_index = index;
    std::vector<Layer>& layers = partition.layers;
    if (layers.empty() || (layers.back().group != group && layers.size() < kLayersMax)) {
      layers.push_back({{}, index, group});
    }
    Layer& top = layers.back();
    top.last_index = index;
    if (i + 1 == held_.size()) {
      if (top.rows.empty()) top.rows.swap(own_.rows);
      while (!own_.rows.empty()) {
        auto row = own_.rows.extract(own_.rows.begin());
        const auto place = top.rows.insert(std::move(row));
        if (!place.inserted) place.position->second = std::move(place.node.mapped());
      }
      break;
    }
    for (const auto& [key, value] : own_.rows) {
      if (&partitions_.Of(SpaceOf(key)) == &partition) top.rows.insert_or_assign(key, value);
    }
  }
}

}  // namespace tenantry::partition
