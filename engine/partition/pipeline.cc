#include "engine/partition/pipeline.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "engine/base/check.h"
#include "engine/keys/keys.h"
#include "engine/log/write_set.h"

namespace tenantry::partition {
namespace {

constexpr size_t kGroupSizesKept = 4096;
constexpr int64_t kSpaceCheckMs = 500;
// Without an append for that long, the log prepares for the next ones.
constexpr int64_t kLogRestMs = 500;
// Every parked reply waits for these two threads, which run for microseconds at a time.
constexpr int kLogThreadNice = -10;
constexpr int kApplyThreadNice = -5;

// What the calling thread is at: the pipeline whose batch it began, and whether entries of it are not announced yet.
struct Batching {
  const Pipeline* pipeline = nullptr;
  bool unannounced = false;
};
thread_local Batching batching;

// The disk refused what was already promised to be written; going on would acknowledge what is not there.
[[noreturn]] void StopProcess(const char* doing, const Status& status) {
  std::fprintf(stderr, "tenantry: %s failed, stopping: %s\n", doing, status.ToString().c_str());
  std::fflush(stderr);
  std::_Exit(1);
}

}  // namespace

Pipeline::Pipeline(const PipelineOptions& options, log::SegmentLog& log, store::Store& store,
                   ChangeTable& changes, ShownMark& shown)
    : options_(options), log_(log), store_(store), changes_(changes), shown_(shown) {
  const Position end = log_.end();
  {
    MutexLock lock(group_mutex_);
    epoch_ = end.epoch == 0 ? 1 : end.epoch;
    next_index_ = end.index + 1;
  }
  Publish(store_.applied_index());
  SetReplicaGate(options_.replica_gate);
  log_thread_ = Thread("tnt-log", [this] { RunLog(); });
  apply_thread_ = Thread("tnt-apply", [this] { RunApply(); });
  flush_thread_ = Thread("tnt-flush", [this] { RunFlush(); });
}

Pipeline::~Pipeline() {
  {
    MutexLock lock(group_mutex_);
    stopping_ = true;
    group_ready_.NotifyAll();
  }
  log_thread_.Join();
  apply_thread_.Join();
  {
    MutexLock lock(flush_mutex_);
    flush_stop_ = true;
    flush_wanted_.NotifyAll();
  }
  flush_thread_.Join();
}

bool Pipeline::HasRoom() const {
  return pending_bytes_.load(std::memory_order_relaxed) < options_.pending_bytes_max;
}

Pipeline::Ticket Pipeline::Append(log::Entry entry) {
  const uint64_t bytes = log::EncodedEntryBytes(entry);
  pending_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  const bool batched = batching.pipeline == this;
  Ticket ticket;
  bool wake = false;
  {
    MutexLock lock(group_mutex_);
    entry.header.epoch = epoch_;
    entry.header.index = next_index_++;
    ticket = {entry.header.index, group_sequence_};
    open_.entries.push_back(std::move(entry));
    open_.bytes += bytes;
    if (!announced_ && (!batched || open_.entries.size() >= kEntriesWorthASync)) {
      announced_ = wake = true;
    }
    if (batched) batching.unannounced = !announced_;
  }
  // Outside the lock: the log thread comes first on its core and would only run into it.
  if (wake) group_ready_.NotifyOne();
  return ticket;
}

void Pipeline::BeginBatch() {
  batching = {this, false};
}

void Pipeline::EndBatch() {
  Announce();
  batching = {};
}

// What this thread appended waits for nothing more.
void Pipeline::Announce() {
  if (batching.pipeline != this || !std::exchange(batching.unannounced, false)) return;
  {
    MutexLock lock(group_mutex_);
    if (announced_ || open_.entries.empty()) return;
    announced_ = true;
  }
  group_ready_.NotifyOne();
}

void Pipeline::AppendReplicated(std::vector<log::Entry> entries) {
  if (entries.empty()) return;
  uint64_t bytes = 0;
  for (const log::Entry& entry : entries) bytes += log::EncodedEntryBytes(entry);
  pending_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  MutexLock lock(group_mutex_);
  TNT_CHECK(entries.front().header.index == next_index_);
  epoch_ = entries.back().header.epoch;
  next_index_ = entries.back().header.index + 1;
  const bool wake = !std::exchange(announced_, true);
  for (log::Entry& entry : entries) open_.entries.push_back(std::move(entry));
  open_.bytes += bytes;
  if (wake) group_ready_.NotifyOne();
}

void Pipeline::AdoptDurable(std::vector<log::Entry> entries) {
  auto group = std::make_unique<Group>();
  for (const log::Entry& entry : entries) group->bytes += log::EncodedEntryBytes(entry);
  group->entries = std::move(entries);
  pending_bytes_.fetch_add(group->bytes, std::memory_order_relaxed);
  MutexLock lock(durable_mutex_);
  durable_.push_back(std::move(group));
  durable_ready_.NotifyOne();
}

void Pipeline::BeginEpoch(uint64_t epoch) {
  MutexLock lock(group_mutex_);
  TNT_CHECK(open_.entries.empty());
  TNT_CHECK(epoch >= epoch_);
  epoch_ = epoch;
}

uint64_t Pipeline::epoch() const {
  MutexLock lock(group_mutex_);
  return epoch_;
}

uint64_t Pipeline::appended_index() const {
  MutexLock lock(group_mutex_);
  return next_index_ - 1;
}

void Pipeline::RunLog() {
  Thread::PreferCallingThread(kLogThreadNice);
  bool at_rest = true;  // Nothing was written since it was prepared for that.
  while (std::unique_ptr<Group> group = TakeOpen(at_rest)) {
    at_rest = group->entries.empty();
    if (at_rest) {
      EnsureSpace(/*at_rest=*/log_.growth_possible());
      continue;
    }
    AppendUntilThereIsRoom(group->entries);
    {
      MutexLock lock(sizes_mutex_);
      sizes_.push_back(static_cast<uint32_t>(group->entries.size()));
      if (sizes_.size() > kGroupSizesKept) sizes_.pop_front();
      ++groups_;
      group_entries_ += sizes_.back();
      ++group_sizes_[std::min<size_t>(std::bit_width(sizes_.back() - 1), kGroupSizeBuckets - 1)];
    }
    {
      MutexLock lock(durable_mutex_);
      durable_.push_back(std::move(group));
    }
    durable_ready_.NotifyOne();
    if (durable_listener_) durable_listener_();
    EnsureSpace(/*at_rest=*/false);
  }
  MutexLock lock(durable_mutex_);
  log_done_ = true;
  durable_ready_.NotifyOne();
}

// Takes the open group once it may be written; nothing at the end. An empty one when the disk is full, to look for space again
// now and then, so that it heals without a restart; and once when no group came for kLogRestMs, unless the log is at rest.
std::unique_ptr<Pipeline::Group> Pipeline::TakeOpen(bool at_rest) {
  auto group = std::make_unique<Group>();
  MutexLock lock(group_mutex_);
  bool rests = false;
  while (!announced_ && !stopping_ && !rests && log_.growth_possible()) {
    if (at_rest) {
      group_ready_.Wait(group_mutex_);
    } else {
      rests = !group_ready_.WaitForMs(group_mutex_, kLogRestMs);
    }
  }
  if (!announced_ && !stopping_ && !rests) group_ready_.WaitForMs(group_mutex_, kSpaceCheckMs);
  if (open_.entries.empty() && stopping_) return nullptr;
  std::swap(*group, open_);
  announced_ = false;
  if (!group->entries.empty()) ++group_sequence_;
  return group;
}

// Without room for the group nothing was written: its replies stay parked until space returns, and new commands are refused
// once too many wait. Every other failure is final.
void Pipeline::AppendUntilThereIsRoom(const std::vector<log::Entry>& entries) {
  for (;;) {
    const Status status = log_.AppendGroup(entries);
    if (status.ok()) return;
    MutexLock lock(group_mutex_);
    if (status.code() != StatusCode::kNoSpace || stopping_) StopProcess("log append", status);
    group_ready_.WaitForMs(group_mutex_, kSpaceCheckMs);
  }
}

// A full disk shows here, ahead of the append that would need the room; admission reads growth_possible(), which stays true when
// the log is only prepared at rest.
void Pipeline::EnsureSpace(bool at_rest) {
  const bool was_full = !log_.growth_possible();
  const Status status = at_rest ? log_.PrepareAtRest() : log_.EnsureSpace();
  const bool is_full = status.code() == StatusCode::kNoSpace;
  if (!status.ok() && !is_full) StopProcess("log reserve", status);
  // Compactions that failed for want of room are not tried again by themselves; at rest it was the reserve that took it.
  if (at_rest ? is_full : was_full && !is_full) static_cast<void>(store_.Heal().ok());
  if (!log_.wants_zeros()) return;
  MutexLock lock(flush_mutex_);
  flush_wanted_.NotifyOne();
}

// Waits for the next group that may be applied; nothing at the end. What the end finds without its replicas stays in the log.
std::unique_ptr<Pipeline::Group> Pipeline::TakeDurable() {
  MutexLock lock(durable_mutex_);
  for (;;) {
    const bool held = !durable_.empty() && replica_gate_ &&
                      durable_.front()->entries.back().header.index > replicated_;
    if (!durable_.empty() && !held) break;
    if (log_done_) return nullptr;
    durable_ready_.Wait(durable_mutex_);
  }
  std::unique_ptr<Group> group = std::move(durable_.front());
  durable_.pop_front();
  return group;
}

void Pipeline::SetReplicaGate(bool on) {
  on ? shown_.Bound(released_index()) : shown_.Unbound();
  MutexLock lock(durable_mutex_);
  replica_gate_ = on;
  durable_ready_.NotifyOne();
}

void Pipeline::AdvanceReplicated(uint64_t index) {
  MutexLock lock(durable_mutex_);
  if (index <= replicated_) return;
  replicated_ = index;
  if (replica_gate_) durable_ready_.NotifyOne();
}

void Pipeline::RetainLog(uint64_t index, uint64_t bytes_max) {
  retain_from_.store(index, std::memory_order_relaxed);
  retain_bytes_.store(bytes_max, std::memory_order_relaxed);
}

void Pipeline::RunApply() {
  Thread::PreferCallingThread(kApplyThreadNice);
  while (const std::unique_ptr<Group> group = TakeDurable()) {
    if (!ApplyGroup(*group)) return;
    unflushed_bytes_ += group->bytes;
    if (unflushed_bytes_ >= options_.flush_log_bytes) {
      unflushed_bytes_ = 0;
      MutexLock lock(flush_mutex_);
      flush_due_ = true;
      flush_wanted_.NotifyOne();
    }
  }
}

// False: the process stops with the group unapplied.
bool Pipeline::ApplyGroup(const Group& group) {
  const uint64_t last = group.entries.back().header.index;
  for (const log::Entry& entry : group.entries) {
    const Status visited = log::VisitWriteSet(entry.payload, [&](const log::Effect& effect) {
      if (effect.kind == log::EffectKind::kPut) {
        batch_.Put(effect.key, effect.value);
      } else {
        batch_.Delete(effect.key);
      }
      changes_.Mark(effect.key, last);
    });
    if (!visited.ok()) StopProcess("reading back an entry", visited);
  }
  if (!ApplyUntilThereIsRoom(last)) return false;
  Publish(last);
  // Before the listener: who it wakes may wait for idle().
  pending_bytes_.fetch_sub(group.bytes, std::memory_order_relaxed);
  if (listener_) listener_();
  return true;
}

// While the disk is too full for the store, what the log holds waits here with its replies parked; reads go on in the last
// view. When the process stops meanwhile, the next start applies it.
bool Pipeline::ApplyUntilThereIsRoom(uint64_t last) {
  for (;;) {
    const Status status = store_.Apply(&batch_, last);
    store_full_.store(!status.ok(), std::memory_order_relaxed);
    if (status.ok()) return true;
    if (status.code() != StatusCode::kNoSpace) StopProcess("store write", status);
    {
      MutexLock lock(durable_mutex_);
      if (log_done_) return false;
      durable_ready_.WaitForMs(durable_mutex_, kSpaceCheckMs);
    }
    static_cast<void>(store_.Heal().ok());  // Apply tells whether it did.
  }
}

void Pipeline::Publish(uint64_t index) {
  std::shared_ptr<const store::Snapshot> next = store_.TakeSnapshot();
  shown_.Note(index);
  {
    MutexLock lock(view_mutex_);
    view_.swap(next);
  }
  released_.store(index, std::memory_order_release);
  MutexLock lock(release_mutex_);
  release_changed_.NotifyAll();
}

void Pipeline::RunFlush() {
  for (;;) {
    bool flush = false;
    {
      MutexLock lock(flush_mutex_);
      while (!flush_due_ && !flush_stop_ && !log_.wants_zeros()) flush_wanted_.Wait(flush_mutex_);
      if (flush_stop_) return;
      flush = std::exchange(flush_due_, false);
    }
    const Status status = flush ? FlushAndTrim() : log_.ZeroSome();
    if (status.ok()) continue;
    if (status.code() != StatusCode::kNoSpace) {
      StopProcess(flush ? "store flush" : "zeroing the log reserve", status);
    }
    // The log keeps what was not flushed. A flush is due again when more was written or room is wanted.
    MutexLock lock(flush_mutex_);
    if (flush_stop_) return;
    flush_wanted_.WaitForMs(flush_mutex_, kSpaceCheckMs);
  }
}

Status Pipeline::FlushAndTrim() {
  // Read before the flush: what was applied by now is in the files afterwards.
  const uint64_t applied = released_index();
  Status flushed = store_.Flush();
  if (flushed.code() == StatusCode::kNoSpace) {
    // Refused for an earlier failure, perhaps: once more with that forgotten.
    TNT_RETURN_IF_ERROR(store_.Heal());
    flushed = store_.Flush();
  }
  TNT_RETURN_IF_ERROR(flushed);
  const uint64_t wanted = retain_from_.load(std::memory_order_relaxed);
  const uint64_t affordable = log_.FirstIndexWithin(retain_bytes_.load(std::memory_order_relaxed));
  return log_.TrimBefore(std::min(applied + 1, std::max(wanted, affordable)));
}

std::shared_ptr<const store::Snapshot> Pipeline::view() const {
  MutexLock lock(view_mutex_);
  return view_;
}

void Pipeline::WaitReleased(uint64_t index) {
  Announce();
  MutexLock lock(release_mutex_);
  while (released_index() < index) release_changed_.Wait(release_mutex_);
}

void Pipeline::SetReleaseListener(std::function<void()> listener) {
  listener_ = std::move(listener);
}

void Pipeline::AddFigures(EngineStats* stats) const {
  stats->released_index = released_index();
  stats->pending_bytes = pending_bytes_.load(std::memory_order_relaxed);
  stats->pending_bytes_max = options_.pending_bytes_max;
  MutexLock lock(sizes_mutex_);
  stats->groups = groups_;
  stats->group_entries = group_entries_;
  stats->group_sizes = group_sizes_;
}

void Pipeline::SetDurableListener(std::function<void()> listener) {
  durable_listener_ = std::move(listener);
}

std::vector<uint32_t> Pipeline::GroupSizes() const {
  MutexLock lock(sizes_mutex_);
  return {sizes_.begin(), sizes_.end()};
}

}  // namespace tenantry::partition
