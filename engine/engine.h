#pragma once
// Engine: the database. Commands change it, views read it, the log underneath is the truth.
//
// Shape    one log; P tenant partitions plus the directory; one published view at a time (docs/architecture.md).
// Units    log indexes count entries from 1.
// Errors   Open: kCorruption naming file, offset and index; kUnavailable when another process holds the folder.
//          Execute: the plan's refusal, or kUnavailable (queues full), kNoSpace (disk full), kNotFound (tenant gone),
//          kWouldBlock (inline tier, block not cached: call again with ReadTier::kBlocking).
// Threads  everything from any thread. Execute runs the plan on the calling thread, holding the tenant's partition.
// Owns     log, store, partitions and three threads; the destructor stops them. Borrows clock, random and file system.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/checksum.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/node_file.h"
#include "engine/rule_trace.h"
#include "engine/space_reader.h"
#include "engine/stats.h"
#include "engine/transaction.h"

namespace tenantry {

namespace log {
class SegmentLog;
struct Entry;
}  // namespace log
namespace store {
struct StoreEnvironment;
}
namespace tenant {
class Directory;
}
class CommandObserver;

struct EngineOptions {
  std::string directory;    // Data folder; created when missing.
  uint32_t partitions = 1;  // Fixed per data folder only by hashing; any value opens any folder.
  uint64_t segment_bytes = 64u << 20;
  uint64_t block_cache_bytes = 64u << 20;
  uint64_t write_buffer_bytes = 16u << 20;
  uint64_t pending_bytes_max =
      64u << 20;  // Open plus waiting groups; beyond it commands get kUnavailable.
  uint64_t flush_log_bytes = 256u << 20;  // Replay bound: flush the store after this much log.
  const Clock* clock = nullptr;           // Required.
  Random* random = nullptr;               // Required.
  FileSystem* files = nullptr;            // Required; holds the log.
  bool follower = false;                  // Commands are refused; entries come from a leader.
  // What the log holds and nobody was shown yet waits for AdvanceReplicated, as with SetReplicaGate.
  bool hold_unconfirmed = false;
  uint64_t new_cluster_id = 0;  // Of a folder without data: the cluster it joins; 0 makes one.
  bool lock_folder = true;      // Off only where `directory` is not a real folder.
  const CommandObserver* observer = nullptr;  // Hears of changes of tenants that are observed.
  std::shared_ptr<store::StoreEnvironment>
      store_environment;  // Tests put RocksDB on a faulty disk.
};

// Proof that a tenant was looked up; the only way to name a space to the engine. Made by tenant::Directory.
class TenantRef {
 public:
  SpaceId space() const { return space_; }

 private:
  friend class tenant::Directory;
  friend class EngineTestPeer;
  explicit TenantRef(SpaceId space) : space_(space) {}
  SpaceId space_;
};

// What every command leaves in the audit trail.
struct CommandInfo {
  uint16_t command = 0;    // engine/commands.h
  std::string_view actor;  // Member id, key id or "system".
  std::string_view request_id;
  bool frees_space = false;  // Deletes go on while a full disk refuses growth.
};

struct Outcome {
  Status status;
  // The reply, acceptance or refusal, may be shown once the engine has released this index.
  uint64_t release_index = 0;
  RuleTrace trace;
};

class Engine;

struct SpaceHash {
  SpaceId space;
  uint64_t rows = 0;
  Hash128 hash;
};

// One consistent state. Cheap to copy; keeps its snapshot alive.
class ReadView {
 public:
  uint64_t applied_index() const;
  // One hash of all rows of each space, in order of spaces: equal on every node that shows the same index.
  Result<std::vector<SpaceHash>> HashSpaces() const;
  // Every row with a key in [lower, upper), below all rules: for dumps and verification. May wait for a disk; the view must
  // outlive it.
  std::unique_ptr<Cursor> Rows(std::string_view lower, std::string_view upper) const;
  // Both keep the view's state alive by themselves.
  SpaceReader Space(const TenantRef& tenant, ReadTier tier) const;
  SpaceReader DirectorySpace(ReadTier tier) const;

 private:
  friend class Engine;
  struct State;
  explicit ReadView(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// While one lives, every View() of this engine on this thread is the state of its start, so that whatever a request asks
// comes from one snapshot. Pins do not nest; commands are not affected.
class ViewPin {
 public:
  explicit ViewPin(const Engine& engine);
  ~ViewPin();
  ViewPin(const ViewPin&) = delete;
  ViewPin& operator=(const ViewPin&) = delete;
  const ReadView& view() const { return view_; }

 private:
  ReadView view_;
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options);
  ~Engine();

  using Plan = std::function<Status(Transaction&)>;
  using DirectoryPlan = std::function<Status(DirectoryTransaction&)>;
  Outcome Execute(const TenantRef& tenant, const CommandInfo& info, ReadTier tier,
                  const Plan& plan);
  Outcome ExecuteDirectory(const CommandInfo& info, ReadTier tier, const DirectoryPlan& plan);

  // Between the two, commands of this thread share syncs: the log waits for some of them, or for the end.
  void BeginBatch();
  void EndBatch();

  // The newest published view.
  ReadView View() const;
  // For caches: the newest applied index that touched this collection of this space (0: counters, sketches, meta rows).
  // Hashed into a fixed table, so it may name a later index than the true one, never an earlier one. It rises a moment before a
  // view shows the change: compare it with the applied_index() of what you read, not with what it was when you read.
  uint64_t LastChange(SpaceId space, uint16_t collection) const;
  // Whether nothing that a ReadRecorder noted in these slots changed after `index`. Read released_index() first and then
  // build the answer; while this is true, a new answer would read the same. ADR 0003.
  bool UnchangedSince(std::span<const uint32_t> slots, uint64_t index) const;

  // Highest index whose replies may leave: applied, and durable as promised.
  uint64_t released_index() const;
  // Nothing is on its way to the disk. While it is false, released_index() has yet to rise.
  bool idle() const;
  // Called from the apply thread after each publish; must not block. Set before commands run.
  void SetReleaseListener(std::function<void()> listener);
  // Waits until `index` is released. For tools, tests and the blocking lane.
  void WaitReleased(uint64_t index);

  Position position() const;
  // Of the entries written now.
  uint64_t epoch() const;
  // (epoch, index) of the newest entry that a view shows.
  Position PositionOf(const ReadView& view) const;

  // -- What replication needs (replication/ and its wiring are the only users; docs/replication.md). --

  // False on a follower, and while leadership is handed over: commands are refused with kUnavailable.
  bool writable() const;
  uint64_t cluster_id() const;
  const log::SegmentLog& log() const;
  NodeFile& node();
  // Entries of the leader, checked against the chain by the caller; synced and applied like our own.
  void AppendReplicated(std::vector<log::Entry>* entries);
  // Of everything appended, synced or not.
  uint64_t appended_index() const;
  // Called from the log thread after each sync; must not block. Set before anything is appended.
  void SetDurableListener(std::function<void()> listener);
  // Durability `replica`: groups are applied up to what AdvanceReplicated names.
  void SetReplicaGate(bool on);
  void AdvanceReplicated(uint64_t index);
  // Keeps log from `index` on for followers, at most about `bytes_max` of it.
  void RetainLog(uint64_t index, uint64_t bytes_max);
  // Refuses new commands, and returns when none is under way.
  void StopWrites();
  // Takes back StopWrites, while this node leads still.
  void ResumeWrites();
  // Leads from here on: everything in the log must be applied. The epoch is on the disk when this returns OK.
  Status BeginEpoch(uint64_t epoch);
  // A follower takes over its leader's table of epochs.
  Status AdoptEpochs(const EpochTable& table);
  // Looking at it is noted by a ReadRecorder.
  // A copy of what is applied now, in hard links: files of `directory`, which must not exist. Flushes, so it may take a while.
  // Returns the newest entry in it.
  Result<uint64_t> MakeCheckpoint(const std::string& directory);
  FileSystem& files();
  const std::string& directory() const;
  const Clock& clock() const;
  Random& random();
  // For metrics and readiness; cheap enough for every probe.
  EngineStats Stats() const;
  // False while the disk is full: only commands that free space run.
  bool growth_possible() const;

  // How many entries each synced group held, newest last, at most 4096; for tests and metrics.
  std::vector<uint32_t> GroupSizesForTest() const;
  // Blocks until everything applied is flushed to the store's files and older log may be trimmed.
  Status FlushForTest();

 private:
  class Core;
  explicit Engine(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// The newest entry in the files that MakeCheckpoint made here or elsewhere. kCorruption when they do not open.
Result<uint64_t> CheckpointIndex(const std::string& directory);

}  // namespace tenantry
