#include "replication/rescue_replay.h"

#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "engine/commands.h"
#include "engine/log/segment_log.h"
#include "engine/log/write_set.h"
#include "engine/schema/directory.capnp.h"
#include "engine/space_meta.h"
#include "replication/rescue_file.h"

namespace tenantry::replication {
namespace {

constexpr std::string_view kActor = "rescue";
constexpr size_t kSpacesMax = 2;  // The directory and one tenant, which may be taken in this order.

// Keys by hash: two that collide cost a replay, never a wrong one.
using Touched = std::unordered_set<uint64_t>;

struct Effects {
  std::vector<log::Effect> all;
  std::set<SpaceId> spaces;
};

// Space of a key: its first eight bytes, high byte first.
Result<Effects> ReadEffects(std::string_view payload) {
  Effects effects;
  bool sound = true;
  TNT_RETURN_IF_ERROR(log::VisitWriteSet(payload, [&](const log::Effect& effect) {
    sound = sound && effect.key.size() > sizeof(uint64_t);
    if (sound) effects.spaces.insert(SpaceId(LoadBig64(effect.key.data())));
    effects.all.push_back(effect);
  }));
  if (!sound) return Corruption("an entry with a malformed key");
  return effects;
}

class Replayer {
 public:
  explicit Replayer(Engine& engine) : engine_(engine) {}

  Status CollectChanges(const RescueHead& head);
  Status Replay(const log::EntryView& entry);
  std::vector<ReplayedLine> TakeLines() { return std::move(lines_); }
  uint64_t last_index() const { return last_index_; }

 private:
  bool Fits(const Effects& effects) const;
  void Touch(const Effects& effects);
  Outcome Write(const Effects& effects, const std::string& name);

  Engine& engine_;
  Touched touched_;
  std::vector<ReplayedLine> lines_;
  uint64_t last_index_ = 0;
};

// What this history changed since the two parted.
Status Replayer::CollectChanges(const RescueHead& head) {
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
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<log::Reader> reader,
                       engine_.log().ReadFrom(before.index + 1));
  for (log::EntryView entry;;) {
    TNT_ASSIGN_OR_RETURN(const bool more, reader->Next(&entry));
    if (!more) return Status::Ok();
    // What an earlier run of this command put there is not in the way of the rest of the file.
    if (entry.header.command == static_cast<uint16_t>(CommandKind::kRescueReplay)) continue;
    TNT_ASSIGN_OR_RETURN(const Effects effects, ReadEffects(entry.payload));
    Touch(effects);
  }
}

bool Replayer::Fits(const Effects& effects) const {
  if (effects.spaces.size() > kSpacesMax) return false;
  if (effects.spaces.size() == kSpacesMax && *effects.spaces.begin() != kDirectorySpace) {
    return false;
  }
  // A tenant that was made or deleted since is another one, whatever its space.
  for (const SpaceId space : effects.spaces) {
    if (touched_.contains(Hash64(AliveKey(space)))) return false;
  }
  for (const log::Effect& effect : effects.all) {
    if (touched_.contains(Hash64(effect.key))) return false;
  }
  return true;
}

void Replayer::Touch(const Effects& effects) {
  for (const log::Effect& effect : effects.all) touched_.insert(Hash64(effect.key));
}

Outcome Replayer::Write(const Effects& effects, const std::string& name) {
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kRescueReplay), kActor, name};
  return engine_.ExecuteDirectory(
      info, ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const auto done,
                             tx.Find<schema::ReplayedEntry>({std::string_view(name)}));
        if (done) return AlreadyExists("entry " + name + " was replayed before");
        codec::Draft<schema::ReplayedEntry> mark;
        mark->setPosition(name);
        mark->setReplayedAt(tx.now_unix_ms());
        TNT_RETURN_IF_ERROR(tx.Insert(mark));
        for (const log::Effect& effect : effects.all) {
          const SpaceId space(LoadBig64(effect.key.data()));
          const std::string_view key = effect.key.substr(sizeof(uint64_t));
          TNT_RETURN_IF_ERROR(effect.kind == log::EffectKind::kPut
                                  ? tx.PutRow(space, key, effect.value)
                                  : tx.DeleteRow(space, key));
        }
        return Status::Ok();
      });
}

Status Replayer::Replay(const log::EntryView& entry) {
  TNT_ASSIGN_OR_RETURN(const Effects effects, ReadEffects(entry.payload));
  ReplayedLine line;
  line.position = {entry.header.epoch, entry.header.index};
  line.command = entry.header.command;
  line.space = SpaceId(entry.header.space);
  const std::string name = FormatPosition(line.position);
  const ReadView view = engine_.View();
  TNT_ASSIGN_OR_RETURN(const auto done, view.DirectorySpace(ReadTier::kBlocking)
                                            .Find<schema::ReplayedEntry>({std::string_view(name)}));
  if (done) {
    line.fate = ReplayedLine::Fate::kDoneBefore;
  } else if (!Fits(effects)) {
    line.fate = ReplayedLine::Fate::kChangedSince;
    Touch(effects);  // What follows on it does not fit either.
  } else {
    const Outcome outcome = Write(effects, name);
    if (outcome.status.code() == StatusCode::kAlreadyExists) {
      line.fate = ReplayedLine::Fate::kDoneBefore;
    } else {
      TNT_RETURN_IF_ERROR(outcome.status);
    }
    line.new_index = last_index_ = outcome.release_index;
  }
  lines_.push_back(line);
  return Status::Ok();
}

}  // namespace

Result<std::vector<ReplayedLine>> ReplayRescueFile(Engine& engine, const std::string& path) {
  if (!engine.writable()) {
    return Unavailable(
        "this node does not lead: copy the file to the leader's machine and replay it there");
  }
  Replayer replayer(engine);
  TNT_ASSIGN_OR_RETURN(const RescueHead head, ReadRescueHead(engine.files(), path));
  TNT_RETURN_IF_ERROR(replayer.CollectChanges(head));
  RescueHead read;
  TNT_RETURN_IF_ERROR(ReadRescueFile(engine.files(), path, &read, [&](const log::EntryView& entry) {
    return replayer.Replay(entry);
  }));
  engine.WaitReleased(replayer.last_index());
  return replayer.TakeLines();
}

}  // namespace tenantry::replication
