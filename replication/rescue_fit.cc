#include "replication/rescue_fit.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "engine/counters/sketch_row.h"
#include "engine/keys/keys.h"
#include "engine/log/segment_log.h"
#include "engine/space_meta.h"

namespace tenantry::replication {
namespace {

using keys::Kind;

constexpr size_t kSpacesMax = 2;  // The directory and one tenant, which may be taken in this order.

Kind KindOf(std::string_view key) {
  keys::KeyHead head;
  return keys::SplitHead(key, &head) ? head.kind : Kind::kMeta;
}

}  // namespace

int64_t CounterOf(std::string_view row) {
  return row.size() == sizeof(int64_t) ? LoadLittle<int64_t>(row.data()) : 0;
}

Result<RescueEffects> ReadRescueEffects(const log::EntryView& entry) {
  RescueEffects effects;
  bool sound = true;
  TNT_RETURN_IF_ERROR(log::VisitWriteSet(entry.payload, [&](const log::Effect& effect) {
    keys::KeyHead head;
    sound = sound && keys::SplitHead(effect.key, &head);
    if (sound) effects.spaces.insert(head.space);
    effects.all.push_back(effect);
  }));
  if (!sound) return Corruption("an entry with a malformed key");
  return effects;
}

Status RescueFit::Read(const std::string& path, const RescueHead& head) {
  if (head.cluster_id != engine_.cluster_id()) {
    return Conflict("the rescue file belongs to another cluster");
  }
  const Position before = head.before.position;
  const Result<Hash128> chain = engine_.log().ChainAt(before.index);
  if (chain.status().code() == StatusCode::kNotFound) {
    return Conflict("this node's log no longer reaches back to entry " + FormatPosition(before) +
                    ", behind which the file begins, so that what changed since is not known; "
                    "`tenantry admin rescue show` lists what is in the file");
  }
  TNT_RETURN_IF_ERROR(chain.status());
  if (*chain != head.before.chain) {
    return Conflict("this node's history does not hold entry " + FormatPosition(before) +
                    ", behind which the file begins");
  }
  TNT_RETURN_IF_ERROR(FindWantedCounters(path));
  // The values first: who changes one of them afterwards is seen in the log.
  std::vector<std::string> wanted;
  for (const auto& [key, value] : counters_) wanted.push_back(key);
  TNT_RETURN_IF_ERROR(ReadRows(std::move(wanted), [this](const auto& key, const auto& row) {
    counters_[key] = row ? CounterOf(*row) : 0;
  }));
  read_to_ = before.index;
  TNT_RETURN_IF_ERROR(ReadOn());
  return ReadCountersBefore(before.index);
}

Status RescueFit::FindWantedCounters(const std::string& path) {
  RescueHead head;
  return ReadRescueFile(
      engine_.files(), path, &head, [this](const log::EntryView& entry) -> Status {
        TNT_ASSIGN_OR_RETURN(const RescueEffects effects, ReadRescueEffects(entry));
        for (const log::Effect& effect : effects.all) {
          if (KindOf(effect.key) == Kind::kCounter) counters_.try_emplace(std::string(effect.key));
        }
        return Status::Ok();
      });
}

Status RescueFit::ReadRows(std::vector<std::string> row_keys, const VisitRow& visit) {
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kRescueReplay), "rescue", ""};
  const auto space_of = [](const std::string& key) { return SpaceId(LoadBig64(key.data())); };
  // Sorted by space; a command takes no more than one.
  std::sort(row_keys.begin(), row_keys.end());
  for (size_t next = 0; next < row_keys.size();) {
    const SpaceId space = space_of(row_keys[next]);
    const Outcome read = engine_.ExecuteDirectory(
        info, ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
          for (; next < row_keys.size() && space_of(row_keys[next]) == space; ++next) {
            const std::string_view key = std::string_view(row_keys[next]).substr(keys::kSpaceBytes);
            TNT_ASSIGN_OR_RETURN(const std::optional<std::string> row, tx.GetRow(space, key));
            visit(row_keys[next], row);
          }
          return Status::Ok();
        });
    TNT_RETURN_IF_ERROR(read.status);
  }
  return Status::Ok();
}

Status RescueFit::ReadOn() {
  if (read_to_ >= engine_.log().end().index) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<log::Reader> reader,
                       engine_.log().ReadFrom(read_to_ + 1));
  for (log::EntryView entry;;) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
    if (!more) return Status::Ok();
    read_to_ = entry.header.index;
    TNT_ASSIGN_OR_RETURN(const RescueEffects effects, ReadRescueEffects(entry));
    Note(effects, entry.header.command == static_cast<uint16_t>(CommandKind::kRescueReplay));
  }
}

// What an earlier run of the command put there is not in the way of the rest of the file, but it did move counters.
void RescueFit::Note(const RescueEffects& effects, bool by_replay) {
  for (const log::Effect& effect : effects.all) {
    if (by_replay) {
      if (KindOf(effect.key) == Kind::kCounter) replayed_counters_.insert(Hash64(effect.key));
      continue;
    }
    touched_.insert(Hash64(effect.key));
    if (effect.kind == log::EffectKind::kDelete) NoteMissing(effect.key);
  }
}

void RescueFit::NoteMissing(std::string_view key) {
  keys::KeyHead head;
  if (!keys::SplitHead(key, &head) || head.kind != Kind::kRecord) return;
  std::string_view tuple = head.rest;
  std::string text;
  if (!keys::TakeText(&tuple, &text) || !tuple.empty()) return;
  missing_.insert(Hash64(head.rest));
  missing_lengths_.insert(head.rest.size());
}

Status RescueFit::ReadCountersBefore(uint64_t last_index) {
  std::unordered_set<uint64_t> wanted;
  for (auto& [key, value] : counters_) {
    const uint64_t hash = Hash64(key);
    if (!touched_.contains(hash) && !replayed_counters_.contains(hash)) continue;
    wanted.insert(hash);
    value.reset();
    // In a log that begins with the first entry, a counter that is not there did not exist.
    if (engine_.log().first_index() == 1) value = 0;
  }
  if (wanted.empty()) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<log::Reader> reader,
                       engine_.log().ReadFrom(engine_.log().first_index()));
  for (log::EntryView entry;;) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
    if (!more || entry.header.index > last_index) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(const RescueEffects effects, ReadRescueEffects(entry));
    for (const log::Effect& effect : effects.all) {
      if (!wanted.contains(Hash64(effect.key))) continue;
      const auto counter = counters_.find(std::string(effect.key));
      if (counter != counters_.end()) counter->second = CounterOf(effect.value);
    }
  }
}

bool RescueFit::NamesMissing(std::string_view key) const {
  for (const size_t length : missing_lengths_) {
    for (size_t at = keys::kSpaceBytes; at + length <= key.size(); ++at) {
      if (missing_.contains(Hash64(key.substr(at, length)))) return true;
    }
  }
  return false;
}

std::optional<std::vector<RescueChange>> RescueFit::Changes(const RescueEffects& effects,
                                                            CommandKind command) const {
  if (effects.spaces.size() > kSpacesMax) return std::nullopt;
  if (effects.spaces.size() == kSpacesMax && *effects.spaces.begin() != kDirectorySpace) {
    return std::nullopt;
  }
  // A tenant that was made or deleted since is another one, whatever its space.
  for (const SpaceId space : effects.spaces) {
    if (touched_.contains(Hash64(AliveKey(space)))) return std::nullopt;
  }
  std::vector<RescueChange> changes;
  for (const log::Effect& effect : effects.all) {
    if (NamesMissing(effect.key)) return std::nullopt;
    const Kind kind = KindOf(effect.key);
    const bool raises = kind == Kind::kSketch && effect.kind == log::EffectKind::kPut;
    if (command == CommandKind::kSeal && !raises) continue;
    RescueChange change{.effect = effect};
    if (kind == Kind::kCounter) {
      const auto before = counters_.find(std::string(effect.key));
      if (before == counters_.end() || !before->second) return std::nullopt;
      change.how = RescueChange::How::kAdd;
      change.added = CounterOf(effect.value) - *before->second;
    } else if (raises) {
      if (!counters::IsSketchRow(static_cast<uint8_t>(effect.key.back()), effect.value)) {
        return std::nullopt;
      }
      change.how = RescueChange::How::kRaise;
    } else if (touched_.contains(Hash64(effect.key))) {
      return std::nullopt;
    }
    changes.push_back(change);
  }
  return changes;
}

Status RescueFit::Pass(const RescueEffects& effects, bool left_out) {
  std::vector<std::string> not_written;
  for (const log::Effect& effect : effects.all) {
    const auto counter = counters_.find(std::string(effect.key));
    if (counter != counters_.end()) {
      counter->second = CounterOf(effect.value);
    } else if (left_out) {
      touched_.insert(Hash64(effect.key));
      if (KindOf(effect.key) == Kind::kRecord) not_written.emplace_back(effect.key);
    }
  }
  return ReadRows(std::move(not_written), [this](const auto& key, const auto& row) {
    if (!row) NoteMissing(key);
  });
}

}  // namespace tenantry::replication
