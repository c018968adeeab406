#include "engine/engine.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <utility>

#include "engine/command_observer.h"
#include "engine/condition.h"
#include "engine/keyed_call.h"
#include "engine/keys/keys.h"
#include "engine/log/segment_log.h"
#include "engine/open_data.h"
#include "engine/partition/change_table.h"
#include "engine/partition/execution.h"
#include "engine/partition/held_command.h"
#include "engine/partition/pipeline.h"
#include "engine/read_recorder.h"
#include "engine/row_hash.h"
#include "engine/space_meta.h"
#include "engine/staged_copy.h"
#include "engine/store/store.h"
#include "engine/work_trace.h"

namespace tenantry {
namespace {

// A command that misses the cache is warmed outside its partition this often before it may wait for a disk inside it.
constexpr int kWarmRunsMax = 3;
constexpr std::string_view kNotLeading = "this node does not lead; writes go to the leader";

// Whether a plan came to a decision of its own, rather than to a state of the machine that may pass.
bool IsVerdict(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kWouldBlock:
    case StatusCode::kNoSpace:
    case StatusCode::kQuotaExceeded:
    case StatusCode::kCorruption:
    case StatusCode::kIoError:
    case StatusCode::kInternal:
      return false;
    default:
      return true;
  }
}

store::Tier StoreTier(ReadTier tier) {
  return tier == ReadTier::kInline ? store::Tier::kMemory : store::Tier::kDisk;
}

// The clock that handlers see.
class NotingClock final : public Clock {
 public:
  explicit NotingClock(const Clock& inner) : inner_(inner) {}
  int64_t NowUnixMs() const override {
    ReadRecorder::NoteClock();
    return inner_.NowUnixMs();
  }
  int64_t NowBootNs() const override { return inner_.NowBootNs(); }

 private:
  const Clock& inner_;
};

}  // namespace

struct ReadView::State {
  std::shared_ptr<const store::Snapshot> snapshot;
  const KeyReader* held = nullptr;  // Read instead of the snapshot while a condition is asked.

  const KeyReader& reader(ReadTier tier) const {
    return held != nullptr ? *held : snapshot->reader(StoreTier(tier));
  }
};

namespace {

// What a running command sees, and beyond its partitions what its view shows.
class HeldReader final : public KeyReader {
 public:
  HeldReader(const partition::Execution& execution, ReadTier tier)
      : execution_(execution), beyond_(execution.newest_view().reader(StoreTier(tier))) {}
  Status Get(std::string_view key, std::string* value) const override {
    return For(key).Get(key, value);
  }
  std::unique_ptr<Cursor> Scan(std::string_view lower, std::string_view upper) const override {
    return For(lower).Scan(lower, upper);
  }

 private:
  const KeyReader& For(std::string_view key) const {
    return execution_.Holds(key) ? static_cast<const KeyReader&>(execution_) : beyond_;
  }
  const partition::Execution& execution_;
  const KeyReader& beyond_;
};

// Set while this thread asks a condition.
thread_local const KeyReader* condition_reader = nullptr;

}  // namespace

class Engine::Core {
 public:
  // Constant after construction; torn down from the bottom up.
  EngineOptions options;
  std::optional<NotingClock> noting_clock;
  std::optional<FolderLock> folder_lock;
  uint64_t cluster_id = 0;
  std::unique_ptr<NodeFile> node;
  std::unique_ptr<log::SegmentLog> log;
  std::unique_ptr<store::Store> store;
  std::atomic<bool> writable{
      true};  // Read inside a partition; StopWrites takes each after clearing it.
  std::atomic<uint64_t> epoch{1};        // Acquire and release, with the next.
  std::atomic<uint64_t> epoch_first{1};  // First index of that epoch.
  std::unique_ptr<partition::ShownMark> shown;
  partition::ChangeTable changes;
  std::unique_ptr<partition::Partitions> partitions;
  std::unique_ptr<partition::Pipeline> pipeline;

  // After the table changed: first where it begins, so that nobody sees the new epoch with the old beginning.
  void SetEpoch() {
    const EpochTable table = node->epochs();
    epoch_first.store(table.rows().back().first_index, std::memory_order_release);
    epoch.store(table.newest_epoch(), std::memory_order_release);
  }

  partition::Execution::Options ExecutionOptions(ReadTier tier, bool dry) {
    return {*partitions,     [this] { return pipeline->view(); },
            StoreTier(tier), *options.clock,
            *options.random, dry,
            options.observer};
  }

  // The plan, once the request's condition was found to hold for what it sees.
  template <class Run>
  static Status RunUnderCondition(partition::Execution& execution, ReadTier tier, const Run& run) {
    Condition* const condition = Condition::Current();
    if (condition == nullptr) return run(execution);
    const HeldReader reader(execution, tier);
    condition_reader = &reader;
    const Status holds = condition->Ask();
    condition_reader = nullptr;
    TNT_RETURN_IF_ERROR(holds);
    const Status status = run(execution);
    condition->met_ = status.ok();
    return status;
  }

  // Runs one attempt of a command; `run` makes the transaction and calls the plan.
  template <class Run>
  Outcome Attempt(SpaceId space, const CommandInfo& info, ReadTier tier, const Run& run) {
    partition::Execution execution(ExecutionOptions(tier, false));
    execution.Hold(space);
    Outcome outcome;
    if (!writable.load(std::memory_order_acquire)) {
      outcome.status = Unavailable(std::string(kNotLeading));
      return outcome;
    }
    outcome.status = RunUnderCondition(execution, tier, run);
    if (outcome.status.ok()) outcome.status = Conclude(execution, tier);
    outcome.trace = std::move(execution.trace());
    if (!outcome.status.ok() || !execution.has_effects()) {
      outcome.release_index = execution.newest_index();
      return outcome;
    }
    outcome.release_index = partition::WriteCommand(
        execution, *pipeline, *options.clock, {space, info.command, info.actor, info.request_id});
    return outcome;
  }

  // The observer's part of an accepted plan.
  static Status Conclude(partition::Execution& execution, ReadTier tier) {
    // Copied, because what the observer writes is not described again.
    for (const auto& [space, notes] : std::vector(execution.notes())) {
      if (notes.empty()) continue;
      SpaceWriter writer(&execution, execution, space, tier);
      TNT_RETURN_IF_ERROR(execution.observer()->Conclude(writer, notes));
    }
    return Status::Ok();
  }

  // The same for a request with an Idempotency-Key: a repeat is refused here, and a decided plan waits for its answer.
  template <class Run>
  Outcome AttemptKeyed(KeyedCall* call, SpaceId space, const CommandInfo& info, ReadTier tier,
                       const Run& run) {
    auto execution = std::make_unique<partition::Execution>(ExecutionOptions(tier, false));
    execution->Hold(space);
    Outcome outcome;
    outcome.release_index = execution->newest_index();
    if (!writable.load(std::memory_order_acquire)) {
      outcome.status = Unavailable(std::string(kNotLeading));
      return outcome;
    }
    const SpaceReader reader(*execution, space, tier);
    outcome.status = call->LookIn(reader);
    call->answer_index_ = outcome.release_index;
    if (!outcome.status.ok()) return outcome;
    outcome.status = RunUnderCondition(*execution, tier, run);
    if (outcome.status.ok()) outcome.status = Conclude(*execution, tier);
    outcome.release_index = execution->newest_index();
    outcome.trace = std::move(execution->trace());
    if (!IsVerdict(outcome.status)) return outcome;
    if (!outcome.status.ok()) {
      execution->DropEffects();
      // Nothing may be written into the space of a tenant that is gone.
      const Result<bool> alive = space == kDirectorySpace ? Result<bool>(true) : IsAlive(reader);
      if (!alive.ok() || !*alive) return outcome;
    }
    call->Hold(std::make_unique<partition::HeldCommand>(
        partition::HeldCommand{std::move(execution), *pipeline, *options.clock, space, info.command,
                               std::string(info.actor), std::string(info.request_id)}));
    return outcome;
  }

  template <class Run>
  Outcome Try(SpaceId space, const CommandInfo& info, ReadTier tier, const Run& run) {
    KeyedCall* const call = KeyedCall::Current();
    if (call != nullptr) return AttemptKeyed(call, space, info, tier, run);
    return Attempt(space, info, tier, run);
  }

  template <class Run>
  Outcome ExecuteRun(SpaceId space, const CommandInfo& info, ReadTier tier, const Run& run) {
    const uint32_t no_rows = 0;
    const TimedOperation timed({.kind = "command", .space = space, .command = info.command},
                               no_rows);
    // The command before, if it still waits for its answer, must not hold up this one.
    if (KeyedCall* const call = KeyedCall::Current()) call->WriteHeld();
    if (!pipeline->HasRoom())
      return {Unavailable("too many writes are waiting for the disk"), 0, {}};
    if (!pipeline->growth_possible() && !info.frees_space)
      return {NoSpace("the disk is full"), 0, {}};
    if (tier == ReadTier::kInline) return Try(space, info, tier, run);
    for (int attempt = 0; attempt < kWarmRunsMax; ++attempt) {
      Outcome outcome = Try(space, info, ReadTier::kInline, run);
      if (outcome.status.code() != StatusCode::kWouldBlock) return outcome;
      partition::Execution warm(ExecutionOptions(ReadTier::kBlocking, true));
      warm.Hold(space);
      static_cast<void>(run(warm).ok());  // Only the cache it filled matters.
      if (const KeyedCall* const call = KeyedCall::Current()) {
        call->Warm(SpaceReader(warm, space, ReadTier::kBlocking));
      }
    }
    return Try(space, info, ReadTier::kBlocking, run);
  }
};

uint64_t ReadView::applied_index() const {
  return state_->snapshot->applied_index();
}

Result<std::vector<SpaceHash>> ReadView::HashSpaces() const {
  // Where the store keeps how far it got is not part of the state.
  const std::string own = keys::MetaKey(kDirectorySpace, keys::kAppliedIndexMeta);
  std::vector<SpaceHash> spaces;
  RowHash hash;
  const auto finish = [&] {
    if (spaces.empty()) return;
    spaces.back().rows = hash.rows();
    spaces.back().hash = hash.Finish();
  };
  const std::unique_ptr<Cursor> rows = Rows("", std::string(9, '\xFF'));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (rows->key() == own) continue;
    keys::KeyHead head;
    if (!keys::SplitHead(rows->key(), &head)) return Corruption("a row with a malformed key");
    if (spaces.empty() || spaces.back().space != head.space) {
      finish();
      spaces.push_back({head.space, 0, {}});
      hash = {};
    }
    hash.Add(rows->key(), rows->value());
  }
  finish();
  TNT_RETURN_IF_ERROR(rows->status());
  return spaces;
}

std::unique_ptr<Cursor> ReadView::Rows(std::string_view lower, std::string_view upper) const {
  return state_->snapshot->reader(store::Tier::kDisk).Scan(lower, upper);
}

SpaceReader ReadView::Space(const TenantRef& tenant, ReadTier tier) const {
  WorkTrace::NoteSpace(tenant.space());
  return SpaceReader(state_->reader(tier), tenant.space(), tier, state_);
}

SpaceReader ReadView::DirectorySpace(ReadTier tier) const {
  return SpaceReader(state_->reader(tier), kDirectorySpace, tier, state_);
}

Engine::Engine(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Engine::~Engine() {
  // The pipeline writes out what it holds before the store and the log go.
  core_->pipeline.reset();
  core_->store.reset();
  // Sealed, the last segment needs no scan at the next start; unsealed it is recovered, so a failure here costs time only.
  static_cast<void>(core_->log->Close().ok());
  core_->log.reset();
}

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options) {
  TNT_CHECK(options.clock != nullptr);
  TNT_CHECK(options.random != nullptr);
  TNT_CHECK(options.files != nullptr);
  auto core = std::make_unique<Core>();
  core->options = options;
  core->noting_clock.emplace(*options.clock);
  FileSystem& files = *options.files;
  TNT_RETURN_IF_ERROR(MakeDurableDirectories(files, options.directory));
  if (options.lock_folder) {
    TNT_ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(options.directory));
    core->folder_lock.emplace(std::move(lock));
  }
  TNT_ASSIGN_OR_RETURN(const uint64_t cluster_id, EnsureClusterId(options));
  core->cluster_id = cluster_id;
  core->writable = !options.follower;
  log::LogOptions log_options;
  log_options.segment_bytes = options.segment_bytes;
  log_options.cluster_id = cluster_id;
  log_options.clock = options.clock;
  log_options.random = options.random;
  TNT_ASSIGN_OR_RETURN(const std::optional<StagedCopy> installed,
                       InstallStagedCopy(files, *options.random, options.directory));
  if (installed) log_options.start = log::LogStart{installed->end, installed->chain};
  TNT_ASSIGN_OR_RETURN(
      core->node, NodeFile::Open(files, options.directory, *options.random, !options.follower));
  log::RecoveryReport recovery;
  TNT_ASSIGN_OR_RETURN(
      core->log, log::SegmentLog::Open(files, options.directory + "/log", log_options, &recovery));
  if (recovery.cut_bytes > 0) {
    std::fprintf(stderr,
                 "tenantry: %s: cut %llu bytes of an unfinished write at offset %llu; nothing in "
                 "them was acknowledged\n",
                 recovery.cut_file.c_str(), static_cast<unsigned long long>(recovery.cut_bytes),
                 static_cast<unsigned long long>(recovery.cut_offset));
  }
  store::StoreOptions store_options;
  store_options.directory = options.directory + "/store";
  store_options.block_cache_bytes = options.block_cache_bytes;
  store_options.write_buffer_bytes = options.write_buffer_bytes;
  store_options.environment = options.store_environment;
  TNT_ASSIGN_OR_RETURN(core->store,
                       OpenStore(store_options, *core->log, files, options.clock->NowUnixMs()));
  // RocksDB syncs inside its folder only; log that is trimmed must not outlive the folder's own name.
  TNT_RETURN_IF_ERROR(files.SyncDirectory(options.directory));
  TNT_ASSIGN_OR_RETURN(core->shown, partition::ShownMark::Open(files, options.directory));
  const uint64_t shown =
      options.hold_unconfirmed ? core->shown->at_open() : partition::ShownMark::kUnbounded;
  TNT_RETURN_IF_ERROR(Replay(*core->log, *core->store, shown));
  if (core->log->end().epoch > core->node->promised()) {
    return Corruption(options.directory + "/NODE is missing or old: it knows epoch " +
                      std::to_string(core->node->promised()) + ", the log ends in epoch " +
                      std::to_string(core->log->end().epoch) + "; restore it from a copy");
  }
  core->SetEpoch();
  if (installed) TNT_RETURN_IF_ERROR(ForgetStagedCopy(files, options.directory));
  if (!options.follower && !core->node->leads()) {
    return Conflict(
        "this folder follows a leader (epoch " + std::to_string(core->node->promised()) +
        "): start it with --follow; while it runs, `tenantry admin promote` makes it the leader");
  }
  core->partitions = std::make_unique<partition::Partitions>(options.partitions);
  core->pipeline = std::make_unique<partition::Pipeline>(
      partition::PipelineOptions{options.pending_bytes_max, options.flush_log_bytes,
                                 options.hold_unconfirmed},
      *core->log, *core->store, core->changes, *core->shown);
  TNT_RETURN_IF_ERROR(HandOverUnconfirmed(
      *core->log, core->store->applied_index(),
      [&](std::vector<log::Entry> entries) { core->pipeline->AdoptDurable(std::move(entries)); }));
  if (!options.follower) core->pipeline->BeginEpoch(core->epoch);
  return std::unique_ptr<Engine>(new Engine(std::move(core)));
}

Outcome Engine::Execute(const TenantRef& tenant, const CommandInfo& info, ReadTier tier,
                        const Plan& plan) {
  const SpaceId space = tenant.space();
  WorkTrace::NoteSpace(space);
  return core_->ExecuteRun(space, info, tier, [&](partition::Execution& execution) -> Status {
    Transaction tx(&execution, execution, space, tier);
    // The tenant may be gone since it was looked up.
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive, tx.Meta(kAliveMeta));
    if (!alive) return NotFound("the tenant was deleted");
    if (HasFlag(*alive, kObservedFlag)) execution.Observe(space);
    return plan(tx);
  });
}

Outcome Engine::ExecuteDirectory(const CommandInfo& info, ReadTier tier,
                                 const DirectoryPlan& plan) {
  return core_->ExecuteRun(kDirectorySpace, info, tier,
                           [&](partition::Execution& execution) -> Status {
                             DirectoryTransaction tx(&execution, execution, kDirectorySpace, tier);
                             return plan(tx);
                           });
}

namespace {

// What this thread's pin shows, and of which engine.
thread_local const Engine* pinned_engine = nullptr;
thread_local const ReadView* pinned_view = nullptr;

}  // namespace

ViewPin::ViewPin(const Engine& engine) : view_(engine.View()) {
  TNT_CHECK(pinned_engine == nullptr);
  pinned_engine = &engine;
  pinned_view = &view_;
}

ViewPin::~ViewPin() {
  pinned_engine = nullptr;
  pinned_view = nullptr;
}

ReadView Engine::View() const {
  if (pinned_engine == this && condition_reader == nullptr) return *pinned_view;
  return ReadView(std::make_shared<ReadView::State>(
      ReadView::State{core_->pipeline->view(), condition_reader}));
}

uint64_t Engine::LastChange(SpaceId space, uint16_t collection) const {
  return core_->changes.LastChange(partition::ChangeTable::SlotOf(space, collection));
}

bool Engine::UnchangedSince(std::span<const uint32_t> slots, uint64_t index) const {
  return std::all_of(slots.begin(), slots.end(), [this, index](uint32_t slot) {
    return core_->changes.LastChange(slot) <= index;
  });
}

bool Engine::idle() const {
  return core_->pipeline->idle();
}

uint64_t Engine::released_index() const {
  return core_->pipeline->released_index();
}
void Engine::SetReleaseListener(std::function<void()> listener) {
  core_->pipeline->SetReleaseListener(std::move(listener));
}
void Engine::WaitReleased(uint64_t index) {
  core_->pipeline->WaitReleased(index);
}
void Engine::BeginBatch() {
  core_->pipeline->BeginBatch();
}
void Engine::EndBatch() {
  core_->pipeline->EndBatch();
}
Position Engine::position() const {
  return core_->log->end();
}
uint64_t Engine::epoch() const {
  return core_->epoch.load(std::memory_order_acquire);
}

Position Engine::PositionOf(const ReadView& view) const {
  const uint64_t index = view.applied_index();
  // Only a newer epoch than ours can have begun behind the view, and then this node asks its table.
  const uint64_t newest = epoch();
  if (index >= core_->epoch_first.load(std::memory_order_acquire)) return {newest, index};
  return {core_->node->epochs().EpochOf(index), index};
}

bool Engine::writable() const {
  return core_->writable.load(std::memory_order_acquire);
}

uint64_t Engine::cluster_id() const {
  return core_->cluster_id;
}

const log::SegmentLog& Engine::log() const {
  return *core_->log;
}

NodeFile& Engine::node() {
  return *core_->node;
}

void Engine::AppendReplicated(std::vector<log::Entry>* entries) {
  core_->pipeline->AppendReplicated(std::move(*entries));
}

uint64_t Engine::appended_index() const {
  return core_->pipeline->appended_index();
}

void Engine::SetDurableListener(std::function<void()> listener) {
  core_->pipeline->SetDurableListener(std::move(listener));
}

void Engine::SetReplicaGate(bool on) {
  core_->pipeline->SetReplicaGate(on);
}

void Engine::AdvanceReplicated(uint64_t index) {
  core_->pipeline->AdvanceReplicated(index);
}

void Engine::RetainLog(uint64_t index, uint64_t bytes_max) {
  core_->pipeline->RetainLog(index, bytes_max);
}

void Engine::StopWrites() {
  core_->writable.store(false, std::memory_order_release);
  // Whoever was inside a partition is out once its lock was ours.
  core_->partitions->Pass();
}

void Engine::ResumeWrites() {
  TNT_CHECK(core_->node->leads());
  core_->writable.store(true, std::memory_order_release);
}

Status Engine::BeginEpoch(uint64_t epoch) {
  const uint64_t end = core_->pipeline->appended_index();
  if (released_index() != end) {
    return Unavailable("entries up to " + std::to_string(end) + " are not applied yet");
  }
  TNT_RETURN_IF_ERROR(core_->node->Begin(epoch, end + 1));
  core_->partitions->Reset(end);
  core_->pipeline->BeginEpoch(epoch);
  core_->SetEpoch();
  core_->writable.store(true, std::memory_order_release);
  return Status::Ok();
}

Status Engine::AdoptEpochs(const EpochTable& table) {
  TNT_RETURN_IF_ERROR(core_->node->Adopt(table));
  core_->SetEpoch();
  return Status::Ok();
}

Result<uint64_t> Engine::MakeCheckpoint(const std::string& directory) {
  TNT_RETURN_IF_ERROR(core_->store->MakeCheckpoint(directory));
  return CheckpointIndex(directory);
}

Result<uint64_t> CheckpointIndex(const std::string& directory) {
  return store::CheckpointIndex(directory);
}

FileSystem& Engine::files() {
  return *core_->options.files;
}
const std::string& Engine::directory() const {
  return core_->options.directory;
}
const Clock& Engine::clock() const {
  return *core_->noting_clock;
}
Random& Engine::random() {
  return *core_->options.random;
}
bool Engine::growth_possible() const {
  return core_->pipeline->growth_possible();
}

EngineStats Engine::Stats() const {
  EngineStats stats;
  stats.end = core_->log->end();
  stats.first_index = core_->log->first_index();
  stats.segments = core_->log->segments();
  stats.segment_bytes = core_->options.segment_bytes;
  stats.growth_possible = growth_possible();
  core_->pipeline->AddFigures(&stats);
  stats.applied_index = core_->pipeline->view()->applied_index();
  const store::StoreFigures figures = core_->store->Figures();
  stats.table_bytes = figures.table_bytes;
  stats.memtable_bytes = figures.memtable_bytes;
  stats.block_cache_bytes = figures.block_cache_bytes;
  stats.block_cache_bytes_max = figures.block_cache_bytes_max;
  stats.table_reader_bytes = figures.table_reader_bytes;
  stats.rows_estimate = figures.rows_estimate;
  stats.compaction_pending_bytes = figures.compaction_pending_bytes;
  for (size_t i = 0; i < figures.kinds.size(); ++i) {
    stats.kinds[i] = {figures.kinds[i].kind, figures.kinds[i].rows, figures.kinds[i].bytes};
  }
  return stats;
}

std::vector<uint32_t> Engine::GroupSizesForTest() const {
  return core_->pipeline->GroupSizes();
}
Status Engine::FlushForTest() {
  return core_->pipeline->FlushAndTrim();
}

}  // namespace tenantry
