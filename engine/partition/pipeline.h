#pragma once
// Pipeline: what happens to a command's entry after its plan: open group -> log thread (append, one sync) -> apply thread
// (one batch, publish the next view) -> replies released.
//
//   Append (any thread)   adds to the open group and fixes the entry's index: order here is order in the log
//   log thread            takes the whole open group, appends it with one sync, hands it on
//   apply thread          group -> one store batch with applied_index; marks changes; publishes the view; releases
//
// Units    bytes of encoded effects; indexes from 1.
// Errors   a failed append, sync or apply stops the process: acknowledged state must never run ahead of the disk. A full
//          disk does not: what cannot be written or applied waits, unacknowledged, until there is room.
// Threads  Append, view and released_index from any thread; the two threads are its own.
// Owns     both threads. Borrows log, store, change table, mark; they must outlive it.
// Source   docs/architecture.md "the path of a write", INV-1, INV-2.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "engine/log/entry.h"
#include "engine/log/segment_log.h"
#include "engine/partition/change_table.h"
#include "engine/partition/shown_mark.h"
#include "engine/stats.h"
#include "engine/store/store.h"

namespace tenantry::partition {

struct PipelineOptions {
  uint64_t pending_bytes_max = 64u << 20;
  uint64_t flush_log_bytes = 256u << 20;
  bool replica_gate = false;  // As SetReplicaGate would leave it.
};

class Pipeline {
 public:
  Pipeline(const PipelineOptions& options, log::SegmentLog& log, store::Store& store,
           ChangeTable& changes, ShownMark& shown);
  ~Pipeline();  // Writes and applies everything appended, then stops.

  // False while the groups on their way hold too many bytes: refuse the command before it runs.
  bool HasRoom() const;
  // No entry is open, being written or being applied.
  bool idle() const { return pending_bytes_.load(std::memory_order_relaxed) == 0; }
  // False while the disk is too full for log or store: only commands that free space may run.
  bool growth_possible() const {
    return log_.growth_possible() && !store_full_.load(std::memory_order_relaxed);
  }

  struct Ticket {
    uint64_t index;
    uint64_t group;  // Sequence number of the open group that took the entry.
  };
  // Fills in epoch and index. The caller holds the partitions the entry touches, so indexes follow execution order.
  Ticket Append(log::Entry entry);
  // Between the two, what this thread appends waits for more of it, up to kEntriesWorthASync: one sync serves many commands.
  // Nobody waits for such an entry before the end, except in WaitReleased().
  void BeginBatch();
  void EndBatch() TNT_EXCLUDES(group_mutex_);
  // On a follower: entries of its leader, with their epochs and indexes, which continue what was appended before.
  void AppendReplicated(std::vector<log::Entry> entries);
  // Entries that are in the log and wait to be applied, with the gate on. Before anything else is appended.
  void AdoptDurable(std::vector<log::Entry> entries) TNT_EXCLUDES(durable_mutex_);
  // Of the entries appended from now on. Nothing may be on its way.
  void BeginEpoch(uint64_t epoch) TNT_EXCLUDES(group_mutex_);
  uint64_t epoch() const TNT_EXCLUDES(group_mutex_);
  // Of the newest entry appended, durable or not.
  uint64_t appended_index() const TNT_EXCLUDES(group_mutex_);

  std::shared_ptr<const store::Snapshot> view() const TNT_EXCLUDES(view_mutex_);
  uint64_t released_index() const { return released_.load(std::memory_order_acquire); }
  void WaitReleased(uint64_t index) TNT_EXCLUDES(release_mutex_, group_mutex_);
  // Runs on the apply thread after each release; must not block. Set before the first Append.
  void SetReleaseListener(std::function<void()> listener);
  // Runs on the log thread after each sync; must not block. Set before the first Append.
  void SetDurableListener(std::function<void()> listener);

  // While on, a group is applied only once AdvanceReplicated named its last entry, so that nobody is shown what could still
  // be lost with this node.
  void SetReplicaGate(bool on) TNT_EXCLUDES(durable_mutex_);
  void AdvanceReplicated(uint64_t index) TNT_EXCLUDES(durable_mutex_);
  // Log from `index` on is kept for followers, but at most about `bytes_max` of it.
  void RetainLog(uint64_t index, uint64_t bytes_max);

  // Flushes the store now and drops log segments it no longer needs.
  Status FlushAndTrim();
  std::vector<uint32_t> GroupSizes() const TNT_EXCLUDES(sizes_mutex_);
  // The part of the figures that the pipeline knows.
  void AddFigures(EngineStats* stats) const TNT_EXCLUDES(sizes_mutex_);

 private:
  struct Group {
    std::vector<log::Entry> entries;
    uint64_t bytes = 0;
  };
  static constexpr size_t kEntriesWorthASync = 16;

  void RunLog();
  std::unique_ptr<Group> TakeOpen(bool at_rest) TNT_EXCLUDES(group_mutex_);
  void Announce() TNT_EXCLUDES(group_mutex_);
  void AppendUntilThereIsRoom(const std::vector<log::Entry>& entries);
  void EnsureSpace(bool at_rest);
  void RunApply();
  std::unique_ptr<Group> TakeDurable() TNT_EXCLUDES(durable_mutex_);
  void RunFlush();
  bool ApplyGroup(const Group& group);
  bool ApplyUntilThereIsRoom(uint64_t last);
  void Publish(uint64_t index);

  // Constant after construction.
  const PipelineOptions options_;
  log::SegmentLog& log_;
  store::Store& store_;
  ChangeTable& changes_;
  ShownMark& shown_;
  std::function<void()> listener_;
  std::function<void()> durable_listener_;

  // Guarded by group_mutex_.
  mutable Mutex group_mutex_{"open_group", LockRank::kGroup};
  CondVar group_ready_;
  Group open_ TNT_GUARDED_BY(group_mutex_);
  bool announced_ TNT_GUARDED_BY(group_mutex_) = false;  // The open group waits for nothing more.
  uint64_t epoch_ TNT_GUARDED_BY(group_mutex_);
  uint64_t next_index_ TNT_GUARDED_BY(group_mutex_);
  uint64_t group_sequence_ TNT_GUARDED_BY(group_mutex_) = 1;
  bool stopping_ TNT_GUARDED_BY(group_mutex_) = false;

  // Guarded by durable_mutex_: groups that are synced and wait to be applied.
  Mutex durable_mutex_{"durable_groups"};
  CondVar durable_ready_;
  std::deque<std::unique_ptr<Group>> durable_ TNT_GUARDED_BY(durable_mutex_);
  bool log_done_ TNT_GUARDED_BY(durable_mutex_) = false;
  bool replica_gate_ TNT_GUARDED_BY(durable_mutex_) = false;
  uint64_t replicated_ TNT_GUARDED_BY(durable_mutex_) = 0;

  mutable Mutex view_mutex_{"view"};
  std::shared_ptr<const store::Snapshot> view_ TNT_GUARDED_BY(view_mutex_);

  Mutex release_mutex_{"release"};
  CondVar release_changed_;

  Mutex flush_mutex_{"flush"};
  CondVar flush_wanted_;
  bool flush_due_ TNT_GUARDED_BY(flush_mutex_) = false;
  bool flush_stop_ TNT_GUARDED_BY(flush_mutex_) = false;

  mutable Mutex sizes_mutex_{"group_sizes"};
  std::deque<uint32_t> sizes_ TNT_GUARDED_BY(sizes_mutex_);
  uint64_t groups_ TNT_GUARDED_BY(sizes_mutex_) = 0;
  uint64_t group_entries_ TNT_GUARDED_BY(sizes_mutex_) = 0;
  std::array<uint64_t, kGroupSizeBuckets> group_sizes_ TNT_GUARDED_BY(sizes_mutex_){};

  // Relaxed: a bound; idle() is ordered by its caller's fence.
  std::atomic<uint64_t> pending_bytes_{0};
  std::atomic<uint64_t> retain_from_{UINT64_MAX};  // Relaxed, both: bounds of the next trim.
  std::atomic<uint64_t> retain_bytes_{0};
  std::atomic<uint64_t> released_{0};    // Release after publish; pairs with released_index().
  std::atomic<bool> store_full_{false};  // Relaxed: a hint for admission.
  store::Batch batch_;                   // Apply thread only.
  uint64_t unflushed_bytes_ = 0;         // Apply thread only.

  Thread log_thread_;
  Thread apply_thread_;
  Thread flush_thread_;
};

}  // namespace tenantry::partition
