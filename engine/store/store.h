#pragma once
// Store: the state derived from the log, kept in RocksDB. It can always be rebuilt from the log, so it runs without a WAL of
// its own; each applied batch also puts `applied_index`, and a flush keeps a prefix of the batches (INV-4).
//
// Shape    one column family, keys as in engine/keys.
// Errors   kCorruption, kIoError, kNoSpace from RocksDB; kWouldBlock from a memory-only read.
// Threads  Apply, Flush and destruction from one thread at a time; snapshots and reads from any thread.
// Owns     the database and its block cache. Snapshots keep their data alive but must die before the Store.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/key_reader.h"
#include "engine/store/kind_sizes.h"

namespace tenantry::store {

struct StoreEnvironment;

struct StoreOptions {
  std::string directory;
  uint64_t block_cache_bytes = 64u << 20;
  uint64_t write_buffer_bytes = 16u << 20;
  std::shared_ptr<StoreEnvironment> environment;  // Null: the operating system's files.
};

// Memory-only reads answer kWouldBlock instead of touching a disk.
enum class Tier : uint8_t { kMemory, kDisk };

// One consistent state with the log index it reflects.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual uint64_t applied_index() const = 0;
  virtual const KeyReader& reader(Tier tier) const = 0;
};

// Collects the effects of one log group; applied at once.
class Batch {
 public:
  Batch();
  ~Batch();
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  void Clear();

 private:
  friend class Store;
  struct Body;
  std::unique_ptr<Body> body_;
};

// For metrics; bytes.
struct StoreFigures {
  uint64_t table_bytes = 0;
  uint64_t memtable_bytes = 0;
  uint64_t block_cache_bytes = 0;
  uint64_t block_cache_bytes_max = 0;
  uint64_t table_reader_bytes = 0;
  uint64_t rows_estimate = 0;
  uint64_t compaction_pending_bytes = 0;
  std::array<KindSize, kKeyKinds> kinds{};
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> Open(const StoreOptions& options);
  ~Store();

  // Index of the last log entry in the state; 0 for a fresh store.
  uint64_t applied_index() const { return applied_index_; }
  // Adds the batch and `applied_index` in one step. Ends with the batch cleared, except on kNoSpace: then nothing was
  // added, and the same batch may be tried again once Heal() was called.
  Status Apply(Batch* batch, uint64_t applied_index);
  std::shared_ptr<const Snapshot> TakeSnapshot() const;
  // Everything applied so far is in synced files when this returns OK. From any thread.
  Status Flush();
  // After a full disk: lets writes and compactions go on when there is room again. kNoSpace while there is none. From any
  // thread.
  Status Heal();
  // Everything applied so far, as hard links in a folder that must not exist yet; CheckpointIndex tells up to which entry. From
  // any thread.
  Status MakeCheckpoint(const std::string& directory);
  // From any thread; touches no disk.
  StoreFigures Figures() const;

 private:
  struct Body;
  explicit Store(std::shared_ptr<Body> body, uint64_t applied_index);
  std::shared_ptr<Body> body_;
  uint64_t applied_index_;  // Apply's thread only.
};

// Up to which entry a checkpoint goes. Opens it, so that one with a damaged table of contents is kCorruption.
Result<uint64_t> CheckpointIndex(const std::string& directory);

}  // namespace tenantry::store
