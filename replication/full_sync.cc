// The half of Service that copies everything: from a leader whose log does not reach back to us or replaced our entries, and to
// followers in that state.

#include <algorithm>
#include <limits>

#include "engine/staged_copy.h"
#include "replication/connection.h"
#include "replication/rescue_file.h"
#include "replication/service.h"

namespace tenantry::replication {
namespace {

constexpr int64_t kRetainMs = 1'000;
constexpr uint64_t kAllOfTheLog = std::numeric_limits<uint64_t>::max();

}  // namespace

// The newest entry that may have been acknowledged to somebody.
uint64_t Service::LastThatCounts() const {
  return wrote_end_ ? engine_.released_index() : engine_.log().end().index;
}

// Entries that were replaced, but never shown here, such as those of an old leader with durability `replica`: the store does not
// have them, so it stays, and the log starts anew behind it. False when some were shown.
Result<bool> Service::CutUnconfirmed(const Welcome& welcome) {
  if (engine_.released_index() == 0 || LastThatCounts() > welcome.common_index) return false;
  FileSystem& files = engine_.files();
  // What an interrupted copy left is of no use for this.
  TNT_RETURN_IF_ERROR(ForgetStagedCopy(files, engine_.directory()));
  const std::string folder = StagedFolder(engine_.directory());
  TNT_RETURN_IF_ERROR(MakeDurableDirectories(files, folder));
  TNT_ASSIGN_OR_RETURN(const uint64_t index, engine_.MakeCheckpoint(folder + "/store"));
  StagedCopy copy;
  copy.epochs = engine_.node().epochs();
  copy.end = {copy.epochs.EpochOf(index), index};
  copy.epochs.CutBehind(index);
  TNT_ASSIGN_OR_RETURN(copy.chain, engine_.log().ChainAt(index));
  if (index > welcome.common_index) return Internal("the store went on while it was linked");
  syncing_.store(true, std::memory_order_release);
  TNT_RETURN_IF_ERROR(CommitStagedCopy(files, engine_.directory(), copy));
  note_("entries behind entry " + std::to_string(index) +
        " were replaced before anybody saw them; they are cut off");
  AskForRestart();
  return true;
}

Status Service::BeginSync(Connection& c, std::vector<Message>* out) {
  const Welcome& welcome = c.follower->welcome();
  // As with a stream: the epoch is on the disk before a byte of its data is taken.
  TNT_RETURN_IF_ERROR(engine_.node().Promise(welcome.epoch));
  if (welcome.action == Action::kRewind && !staging_) {
    TNT_ASSIGN_OR_RETURN(const bool cut, CutUnconfirmed(welcome));
    if (cut) return Unavailable("the rest follows after the restart of the engine");
  }
  syncing_.store(true, std::memory_order_release);
  if (!staging_) staging_ = std::make_unique<Staging>(engine_.files(), engine_.directory());
  c.sync = std::make_unique<SyncSession>(*staging_, engine_.cluster_id(), welcome.epoch);
  return c.sync->Start(NowMs(), out);
}

// What a leader says to a follower that copies.
Status Service::HandleSync(Connection& c, const Message& message, bool* taken) {
  if (!c.sync) return Status::Ok();
  std::vector<Message> out;
  const auto* const manifest = std::get_if<Manifest>(&message);
  const auto* const chunk = std::get_if<Chunk>(&message);
  *taken = manifest != nullptr || chunk != nullptr;
  if (manifest != nullptr) TNT_RETURN_IF_ERROR(c.sync->OnManifest(*manifest, NowMs(), &out));
  if (chunk != nullptr) TNT_RETURN_IF_ERROR(c.sync->OnChunk(*chunk, NowMs(), &out));
  SendAll(c, &out);
  if (!c.sync->done()) return Status::Ok();
  TNT_RETURN_IF_ERROR(FinishSync(c.follower->welcome()));
  return Unavailable("the copy is complete; it takes effect with the restart of the engine");
}

// First what would be lost is kept, then the copy counts.
Status Service::FinishSync(const Welcome& welcome) {
  TNT_ASSIGN_OR_RETURN(const std::string rescued,
                       WriteRescueFile(engine_, welcome.common_index, LastThatCounts()));
  if (!rescued.empty()) {
    note_("entries behind entry " + std::to_string(welcome.common_index) +
          " that the leader replaced are kept in " + rescued +
          "; see `tenantry admin rescue list`");
  }
  TNT_RETURN_IF_ERROR(staging_->Seal());
  AskForRestart();
  return Status::Ok();
}

void Service::AskForRestart() {
  restart_wanted_.store(true, std::memory_order_release);
  if (options_.on_restart_wanted) options_.on_restart_wanted();
}

// The log reaches back after all, or another leader has what this one had not.
void Service::DropSync() {
  if (!Syncing() || RestartWanted()) return;
  staging_.reset();
  const Status gone = ForgetStagedCopy(engine_.files(), engine_.directory());
  if (!gone.ok()) Note(std::string(gone.message()));
  syncing_.store(false, std::memory_order_release);
}

// What a follower that copies says to its leader.
Status Service::HandleSyncRequest(Connection& c, const Message& message,
                                  std::vector<Message>* out) {
  if (c.leader->state() != LeaderSession::State::kSyncing) {
    return Corruption("a message that nobody sends here");
  }
  if (!c.feed) c.feed = std::make_unique<SyncFeed>(source_, options_.sync_bytes_per_second);
  if (const auto* request = std::get_if<ManifestRequest>(&message)) {
    retain_at_ms_ = 0;
    return c.feed->OnManifestRequest(*request, NowMs(), out);
  }
  if (const auto* request = std::get_if<ChunkRequest>(&message)) {
    return c.feed->OnChunkRequest(*request);
  }
  return Corruption("a message that nobody sends here");
}

Status Service::PumpSync(Connection& c, std::vector<Message>* out) {
  if (c.sync) {
    SetLeaderHttp(c.follower->leader_http());  // Where reads are sent meanwhile.
    TNT_RETURN_IF_ERROR(c.sync->Pump(NowMs(), out));
  }
  if (!c.feed) return Status::Ok();
  const uint64_t before = c.feed->sent_bytes();
  TNT_RETURN_IF_ERROR(c.feed->Pump(NowMs(), out));
  sync_sent_bytes_ += c.feed->sent_bytes() - before;
  return Status::Ok();
}

// Log is kept from the slowest follower on. One that is away is remembered by where it stood.
void Service::RetainForFollowers() {
  if (!listener_.ok() || NowMs() < retain_at_ms_) return;
  retain_at_ms_ = NowMs() + kRetainMs;
  for (const auto& c : connections_) {
    const bool follows =
        !c->closed && c->leader && c->leader->state() == LeaderSession::State::kStreaming;
    if (follows) positions_[c->leader->node_id()] = c->leader->durable_index();
  }
  uint64_t oldest = std::numeric_limits<uint64_t>::max();
  for (const auto& [node_id, index] : positions_) oldest = std::min(oldest, index + 1);
  // Nobody came yet: those of an earlier run may still.
  if (positions_.empty()) oldest = 0;
  source_.DropUnused(NowMs());
  const std::optional<uint64_t> pinned = source_.pinned_index();
  // What a copy under way goes on from is kept whatever it takes: without it the copy was for nothing.
  if (pinned) return engine_.RetainLog(std::min(oldest, *pinned + 1), kAllOfTheLog);
  engine_.RetainLog(oldest, options_.retain_bytes);
}

}  // namespace tenantry::replication
