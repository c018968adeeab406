#include "engine/store/store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include "engine/base/bytes.h"
#include "engine/keys/keys.h"
#include "engine/store/insert_hints.h"
#include "engine/store/rocksdb_environment.h"

namespace tenantry::store {
namespace {

rocksdb::Slice ToSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

Status ToStatus(const rocksdb::Status& status) {
  if (status.ok()) return Status::Ok();
  if (status.IsNotFound()) return NotFound("no such key");
  if (status.IsIncomplete()) return WouldBlock();
  if (status.IsNoSpace()) return NoSpace("store: " + status.ToString());
  if (status.IsCorruption()) return Corruption("store: " + status.ToString());
  if (status.IsIOError()) return IoError("store: " + status.ToString());
  return Internal("store: " + status.ToString());
}

// Of a write or flush. Incomplete: the buffers are full and a flush failed, which ends like a full disk.
Status ToWriteStatus(const rocksdb::Status& status) {
  return status.IsIncomplete() ? NoSpace("store: " + status.ToString()) : ToStatus(status);
}

constexpr int kBlockCacheShardBits = 2;

const std::string& AppliedKey() {
  static const std::string key = keys::MetaKey(kDirectorySpace, keys::kAppliedIndexMeta);
  return key;
}

// RocksDB would poll for a full disk to have room again, every five seconds and for more room than it needs. The pipeline
// does that instead, through Heal().
class HealsOnRequest final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status error,
                            bool* auto_recovery) override {
    if (error.IsNoSpace()) *auto_recovery = false;
  }
};

rocksdb::Options MakeOptions(const StoreOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  // Few shards: one must hold the largest block many times over, or memory-only reads never find it.
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes, kBlockCacheShardBits);
  // Index and filter blocks stay with their open tables, about 2 % of the data. In the cache they would compete with it, and
  // every command that misses one leaves its loop.
  table.cache_index_and_filter_blocks = false;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.format_version = 5;
  // What was just written is what is read next; a command that missed it would leave its loop.
  table.prepopulate_block_cache =
      rocksdb::BlockBasedTableOptions::PrepopulateBlockCache::kFlushOnly;

  rocksdb::Options db;
  db.create_if_missing = true;
  db.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  db.write_buffer_size = options.write_buffer_bytes;
  db.max_write_buffer_number = 4;
  // Most rows that a command reads are old, or not there at all: a memtable should say so without a search.
  db.memtable_whole_key_filtering = true;
  db.memtable_prefix_bloom_size_ratio = 0.02;
  db.memtable_insert_with_hint_prefix_extractor = MakeInsertHints();
  db.max_background_jobs = 2;
  // Fewer, larger compactions; far from where writes would be slowed down.
  db.level0_file_num_compaction_trigger = 8;
  db.level0_slowdown_writes_trigger = 40;
  db.level0_stop_writes_trigger = 60;
  db.compression = rocksdb::kLZ4Compression;
  // One writer, one memtable: the concurrent paths only add locks.
  db.allow_concurrent_memtable_write = false;
  db.enable_write_thread_adaptive_yield = false;
  db.table_properties_collector_factories.push_back(MakeKindCollectorFactory());
  db.max_open_files = -1;
  db.bytes_per_sync = 1u << 20;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.keep_log_file_num = 2;
  db.listeners.push_back(std::make_shared<HealsOnRequest>());
  // Compaction may take its time; requests may not.
  rocksdb::Env::Default()->LowerThreadPoolCPUPriority(rocksdb::Env::LOW,
                                                      rocksdb::CpuPriority::kLow);
  if (options.environment) {
    db.env = options.environment->env.get();
  } else {
    db.max_log_file_size =
        1u << 20;  // Needs a logger that knows its size, which a test's file system may lack.
  }
  return db;
}

// 0 for a fresh store.
Result<uint64_t> ReadAppliedIndex(rocksdb::DB* db) {
  std::string value;
  const rocksdb::Status found = db->Get(rocksdb::ReadOptions(), AppliedKey(), &value);
  if (found.IsNotFound()) return uint64_t{0};
  TNT_RETURN_IF_ERROR(ToStatus(found));
  if (value.size() != sizeof(uint64_t)) return Corruption("store: applied_index is malformed");
  return LoadLittle<uint64_t>(value.data());
}

}  // namespace

struct Store::Body {
  std::shared_ptr<StoreEnvironment> environment;  // Outlives db.
  std::unique_ptr<rocksdb::DB> db;
};

struct Batch::Body {
  rocksdb::WriteBatch batch;
};

Batch::Batch() : body_(std::make_unique<Body>()) {}
Batch::~Batch() = default;
void Batch::Put(std::string_view key, std::string_view value) {
  // Fails only for column families and sizes that our own limits exclude.
  TNT_CHECK(body_->batch.Put(ToSlice(key), ToSlice(value)).ok());
}
void Batch::Delete(std::string_view key) {
  TNT_CHECK(body_->batch.Delete(ToSlice(key)).ok());
}
void Batch::Clear() {
  body_->batch.Clear();
}

namespace {

class RocksCursor final : public Cursor {
 public:
  RocksCursor(rocksdb::DB* db, rocksdb::ReadOptions options, std::string_view lower,
              std::string_view upper)
      : lower_(lower), upper_(upper), lower_slice_(lower_), upper_slice_(upper_) {
    options.iterate_lower_bound = &lower_slice_;
    options.iterate_upper_bound = &upper_slice_;
    iterator_.reset(db->NewIterator(options));
  }

  void SeekToFirst() override { iterator_->SeekToFirst(); }
  void SeekToLast() override { iterator_->SeekToLast(); }
  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  void SeekBefore(std::string_view key) override {
    iterator_->SeekForPrev(ToSlice(key));
    if (iterator_->Valid() && ToView(iterator_->key()) == key) iterator_->Prev();
  }
  void Next() override { iterator_->Next(); }
  void Prev() override { iterator_->Prev(); }
  bool Valid() const override { return iterator_->Valid(); }
  Status status() const override { return ToStatus(iterator_->status()); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }

 private:
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class TierReader final : public KeyReader {
 public:
  TierReader(rocksdb::DB* db, const rocksdb::Snapshot* snapshot, Tier tier) : db_(db) {
    options_.snapshot = snapshot;
    options_.total_order_seek = true;
    if (tier == Tier::kMemory) options_.read_tier = rocksdb::kBlockCacheTier;
  }

  Status Get(std::string_view key, std::string* value) const override {
    rocksdb::PinnableSlice slice;
    const rocksdb::Status status =
        db_->Get(options_, db_->DefaultColumnFamily(), ToSlice(key), &slice);
    if (status.ok()) value->assign(slice.data(), slice.size());
    return ToStatus(status);
  }

  std::unique_ptr<Cursor> Scan(std::string_view lower, std::string_view upper) const override {
    return std::make_unique<RocksCursor>(db_, options_, lower, upper);
  }

 private:
  rocksdb::DB* const db_;
  rocksdb::ReadOptions options_;
};

class RocksSnapshot final : public Snapshot {
 public:
  RocksSnapshot(std::shared_ptr<const void> owner, rocksdb::DB* db, uint64_t applied_index)
      : owner_(std::move(owner)),
        db_(db),
        snapshot_(db->GetSnapshot()),
        applied_index_(applied_index),
        memory_(db, snapshot_, Tier::kMemory),
        disk_(db, snapshot_, Tier::kDisk) {}
  ~RocksSnapshot() override { db_->ReleaseSnapshot(snapshot_); }

  uint64_t applied_index() const override { return applied_index_; }
  const KeyReader& reader(Tier tier) const override {
    return tier == Tier::kMemory ? memory_ : disk_;
  }

 private:
  const std::shared_ptr<const void> owner_;
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
  const uint64_t applied_index_;
  const TierReader memory_;
  const TierReader disk_;
};

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  auto body = std::make_shared<Body>();
  body->environment = options.environment;
  rocksdb::DB* db = nullptr;
  TNT_RETURN_IF_ERROR(ToStatus(rocksdb::DB::Open(MakeOptions(options), options.directory, &db)));
  body->db.reset(db);

  TNT_ASSIGN_OR_RETURN(const uint64_t applied_index, ReadAppliedIndex(db));
  return std::unique_ptr<Store>(new Store(std::move(body), applied_index));
}

Store::Store(std::shared_ptr<Body> body, uint64_t applied_index)
    : body_(std::move(body)), applied_index_(applied_index) {}

Store::~Store() = default;

Status Store::Apply(Batch* batch, uint64_t applied_index) {
  TNT_CHECK(applied_index > applied_index_);
  std::string value;
  AppendLittle(&value, applied_index);
  batch->Put(AppliedKey(), value);
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const Status status = ToWriteStatus(body_->db->Write(options, &batch->body_->batch));
  if (status.code() == StatusCode::kNoSpace) return status;
  batch->Clear();
  TNT_RETURN_IF_ERROR(status);
  applied_index_ = applied_index;
  return Status::Ok();
}

std::shared_ptr<const Snapshot> Store::TakeSnapshot() const {
  return std::make_shared<RocksSnapshot>(body_, body_->db.get(), applied_index_);
}

Status Store::Flush() {
  rocksdb::FlushOptions options;
  options.wait = true;
  options.allow_write_stall = true;
  return ToWriteStatus(body_->db->Flush(options));
}

Status Store::Heal() {
  const rocksdb::Status resumed = body_->db->Resume();
  // Busy: another thread is at it.
  return resumed.IsBusy() ? Status::Ok() : ToWriteStatus(resumed);
}

Status Store::MakeCheckpoint(const std::string& directory) {
  rocksdb::Checkpoint* made = nullptr;
  TNT_RETURN_IF_ERROR(ToStatus(rocksdb::Checkpoint::Create(body_->db.get(), &made)));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // 0: what is in memory is flushed first, always; there is no WAL that would hold it.
  return ToWriteStatus(checkpoint->CreateCheckpoint(directory, 0));
}

Result<uint64_t> CheckpointIndex(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  rocksdb::Options db_options = MakeOptions(options);
  db_options.create_if_missing = false;
  rocksdb::DB* opened = nullptr;
  TNT_RETURN_IF_ERROR(ToStatus(rocksdb::DB::OpenForReadOnly(db_options, directory, &opened)));
  const std::unique_ptr<rocksdb::DB> db(opened);
  return ReadAppliedIndex(db.get());
}

StoreFigures Store::Figures() const {
  rocksdb::DB* const db = body_->db.get();
  const auto figure = [db](const std::string& property) {
    uint64_t value = 0;
    return db->GetIntProperty(property, &value) ? value : 0;
  };
  using Properties = rocksdb::DB::Properties;
  StoreFigures figures;
  figures.table_bytes = figure(Properties::kTotalSstFilesSize);
  figures.memtable_bytes = figure(Properties::kCurSizeAllMemTables);
  figures.block_cache_bytes = figure(Properties::kBlockCacheUsage);
  figures.block_cache_bytes_max = figure(Properties::kBlockCacheCapacity);
  figures.table_reader_bytes = figure(Properties::kEstimateTableReadersMem);
  figures.rows_estimate = figure(Properties::kEstimateNumKeys);
  figures.compaction_pending_bytes = figure(Properties::kEstimatePendingCompactionBytes);
  figures.kinds = ReadKindSizes(db);
  return figures;
}

}  // namespace tenantry::store
