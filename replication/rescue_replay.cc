#include "replication/rescue_replay.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/commands.h"
#include "engine/counters/counter_deltas.h"
#include "engine/counters/sketch_row.h"
#include "engine/keys/keys.h"
#include "engine/schema/directory.capnp.h"
#include "replication/rescue_file.h"
#include "replication/rescue_fit.h"

namespace tenantry::replication {
namespace {

constexpr std::string_view kActor = "rescue";

class Replayer {
 public:
  explicit Replayer(Engine& engine) : engine_(engine), fit_(engine) {}

  Status Begin(const std::string& path, const RescueHead& head) { return fit_.Read(path, head); }
  Status Replay(const log::EntryView& entry);
  std::vector<ReplayedLine> TakeLines() { return std::move(lines_); }
  uint64_t last_index() const { return last_index_; }

 private:
  Outcome Write(const std::vector<RescueChange>& changes, const std::string& name);

  Engine& engine_;
  RescueFit fit_;
  std::vector<ReplayedLine> lines_;
  uint64_t last_index_ = 0;
};

Status WriteChange(DirectoryTransaction& tx, const RescueChange& change) {
  const log::Effect& effect = change.effect;
  const SpaceId space(LoadBig64(effect.key.data()));
  const std::string_view key = effect.key.substr(keys::kSpaceBytes);
  if (change.how == RescueChange::How::kWrite) {
    return effect.kind == log::EffectKind::kPut ? tx.PutRow(space, key, effect.value)
                                                : tx.DeleteRow(space, key);
  }
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> now, tx.GetRow(space, key));
  if (change.how == RescueChange::How::kAdd) {
    const int64_t sum = counters::AddSaturating(now ? CounterOf(*now) : 0, change.added);
    if (sum == 0) return tx.DeleteRow(space, key);
    std::string bytes;
    AppendLittle(&bytes, sum);
    return tx.PutRow(space, key, bytes);
  }
  const auto block = static_cast<uint8_t>(key.back());
  auto sketch = std::make_unique<counters::Hll>();
  TNT_RETURN_IF_ERROR(counters::MergeSketchRow(block, effect.value, sketch.get()));
  if (now) TNT_RETURN_IF_ERROR(counters::MergeSketchRow(block, *now, sketch.get()));
  return tx.PutRow(space, key, counters::SketchRow(block, *sketch));
}

Outcome Replayer::Write(const std::vector<RescueChange>& changes, const std::string& name) {
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
        for (const RescueChange& change : changes) TNT_RETURN_IF_ERROR(WriteChange(tx, change));
        return Status::Ok();
      });
}

Status Replayer::Replay(const log::EntryView& entry) {
  TNT_ASSIGN_OR_RETURN(const RescueEffects effects, ReadRescueEffects(entry));
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
  } else {
    TNT_RETURN_IF_ERROR(fit_.ReadOn());
    const std::optional<std::vector<RescueChange>> changes =
        fit_.Changes(effects, static_cast<CommandKind>(entry.header.command));
    if (changes) {
      const Outcome outcome = Write(*changes, name);
      if (outcome.status.code() == StatusCode::kAlreadyExists) {
        line.fate = ReplayedLine::Fate::kDoneBefore;
      } else {
        TNT_RETURN_IF_ERROR(outcome.status);
      }
      line.new_index = last_index_ = outcome.release_index;
    } else {
      line.fate = ReplayedLine::Fate::kChangedSince;
    }
  }
  TNT_RETURN_IF_ERROR(fit_.Pass(effects, line.fate == ReplayedLine::Fate::kChangedSince));
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
  TNT_RETURN_IF_ERROR(replayer.Begin(path, head));
  RescueHead read;
  TNT_RETURN_IF_ERROR(ReadRescueFile(engine.files(), path, &read, [&](const log::EntryView& entry) {
    return replayer.Replay(entry);
  }));
  engine.WaitReleased(replayer.last_index());
  return replayer.TakeLines();
}

}  // namespace tenantry::replication
