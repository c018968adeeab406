// Goal: with its WAL off, RocksDB recovers exactly the state after its first `applied_index`
// batches, and that index is never below one that a waiting Flush confirmed. The engine replays its
// own log from `applied_index`; without this property it could not. Method: one column family, 64
// KiB memtables with up to six in flight, background and explicit flushes, compactions. An image of
// the disk is taken at each operation; a sample of them loses power in every loss mode, is
// reopened, and is compared key by key with a model that applied the same batches to a std::map.

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "engine/base/bytes.h"
#include "engine/base/random.h"
#include "tests/crash/rocksdb_fault_fs.h"
#include "tests/crash/test_settings.h"

namespace tenantry::crash {
namespace {

using Model = std::map<std::string, std::string>;

constexpr char kFolder[] = "/db";
constexpr char kAppliedKey[] = "applied_index";
constexpr uint64_t kBatches = 3000;
constexpr uint64_t kKeys = 400;

struct Effect {
  std::string key;
  std::optional<std::string> value;
};

// Batch `index` is a function of the seed, so that a model of any prefix can be made again.
std::vector<Effect> BatchEffects(uint64_t seed, uint64_t index) {
  SeededRandom random(seed * 1'000'003 + index);
  std::vector<Effect> effects;
  const uint64_t count = 1 + random.Below(8);
  for (uint64_t i = 0; i < count; ++i) {
    Effect effect{.key = "key" + std::to_string(random.Below(kKeys)), .value = {}};
    if (random.Below(5) != 0) {
      effect.value = std::to_string(index) + ":" + random.Bytes(20 + random.Below(600));
    }
    effects.push_back(std::move(effect));
  }
  effects.push_back({kAppliedKey, std::to_string(index)});
  return effects;
}

// Models of rising prefixes of one run.
class ModelAt {
 public:
  explicit ModelAt(uint64_t seed) : seed_(seed) { saved_[0] = {}; }

  const Model& Get(uint64_t batches) {
    auto [start, model] = *std::prev(saved_.upper_bound(batches));
    for (uint64_t i = start + 1; i <= batches; ++i) {
      for (Effect& effect : BatchEffects(seed_, i)) {
        if (effect.value.has_value()) {
          model[effect.key] = std::move(*effect.value);
        } else {
          model.erase(effect.key);
        }
      }
      if (i % 50 == 0) saved_[i] = model;
    }
    current_ = std::move(model);
    return current_;
  }

 private:
  const uint64_t seed_;
  std::map<uint64_t, Model> saved_;
  Model current_;
};

// Shapes that put different work in flight.
struct Shape {
  const char* name;
  int background_jobs;
  int merge_min;
  uint64_t flush_every;    // Batches between waiting flushes.
  uint64_t compact_every;  // Batches between manual compactions; 0 for none.
};
constexpr Shape kShapes[] = {
    {"one background job, rare flush", 2, 1, 400, 0},
    {"parallel flushes", 8, 1, 150, 0},
    {"merged memtables", 4, 2, 90, 0},
    {"manual compaction", 4, 1, 60, 350},
};

rocksdb::Options DbOptions(const Shape& shape, rocksdb::Env* env) {
  rocksdb::Options options;
  options.env = env;
  options.create_if_missing = true;
  options.write_buffer_size = 64 << 10;
  options.max_write_buffer_number = 6;
  options.min_write_buffer_number_to_merge = shape.merge_min;
  options.max_background_jobs = shape.background_jobs;
  options.level0_file_num_compaction_trigger = 4;
  options.target_file_size_base = 128 << 10;
  options.max_bytes_for_level_base = 512 << 10;
  options.compression = rocksdb::kNoCompression;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

struct Point {
  DiskImage image;
  uint64_t flushed = 0;  // Confirmed by a waiting Flush before this operation.
};

// Runs all batches, taking an image at every operation.
std::vector<Point> Record(const Shape& shape, uint64_t seed, bool ignore_syncs) {
  FaultFileSystem disk;
  if (ignore_syncs) disk.IgnoreSyncs();
  EXPECT_TRUE(disk.MakeDirectories(kFolder).ok());
  EXPECT_TRUE(disk.SyncDirectory("/").ok());
  std::vector<Point> points;
  std::atomic<uint64_t> flushed{0};
  disk.SetObserver([&](uint64_t, const FaultFileSystem::CaptureFunction& capture) {
    points.push_back({capture(), flushed.load()});
  });
  const std::unique_ptr<rocksdb::Env> env = NewRocksDbFaultEnv(disk);
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(DbOptions(shape, env.get()), kFolder, &raw);
  EXPECT_TRUE(opened.ok()) << opened.ToString();
  std::unique_ptr<rocksdb::DB> db(raw);
  rocksdb::WriteOptions write;
  write.disableWAL = true;
  for (uint64_t i = 1; i <= kBatches; ++i) {
    rocksdb::WriteBatch batch;
    for (const Effect& effect : BatchEffects(seed, i)) {
      if (effect.value.has_value()) {
        batch.Put(effect.key, *effect.value);
      } else {
        batch.Delete(effect.key);
      }
    }
    EXPECT_TRUE(db->Write(write, &batch).ok());
    if (i % shape.flush_every == 0) {
      EXPECT_TRUE(db->Flush(rocksdb::FlushOptions()).ok());
      flushed.store(i);
    }
    if (shape.compact_every > 0 && i % shape.compact_every == 0) {
      EXPECT_TRUE(db->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr).ok());
    }
  }
  EXPECT_TRUE(db->Flush(rocksdb::FlushOptions()).ok());
  flushed.store(kBatches);
  db.reset();
  disk.SetObserver(nullptr);
  return points;
}

enum class Outcome { kPrefix, kRefused, kWrong };
struct Finding {
  Outcome outcome = Outcome::kPrefix;
  std::string what;
};

// Opens what survived and compares it with the model.
Finding Reopen(const Shape& shape, const Point& point, const PowerLoss& loss, ModelAt* models,
               uint64_t* applied) {
  FaultFileSystem disk(point.image, loss);
  const std::unique_ptr<rocksdb::Env> env = NewRocksDbFaultEnv(disk);
  rocksdb::DB* raw = nullptr;
  rocksdb::Options options = DbOptions(shape, env.get());
  options.disable_auto_compactions = true;
  const rocksdb::Status opened = rocksdb::DB::Open(options, kFolder, &raw);
  if (!opened.ok()) return {Outcome::kRefused, "open: " + opened.ToString()};
  const std::unique_ptr<rocksdb::DB> db(raw);
  Model found;
  rocksdb::ReadOptions read;
  read.verify_checksums = true;
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(read));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    found[it->key().ToString()] = it->value().ToString();
  }
  if (!it->status().ok()) return {Outcome::kRefused, "scan: " + it->status().ToString()};
  const auto index = found.find(kAppliedKey);
  *applied = index == found.end() ? 0 : std::stoull(index->second);
  if (*applied < point.flushed) {
    return {Outcome::kWrong, "applied_index " + std::to_string(*applied) + " is below flushed " +
                                 std::to_string(point.flushed)};
  }
  if (found != models->Get(*applied)) {
    return {Outcome::kWrong, "not the state after " + std::to_string(*applied) + " batches"};
  }
  return {};
}

// What the checks of one kind of disk found.
struct Tally {
  uint64_t points = 0;
  uint64_t checks = 0;
  uint64_t ahead = 0;    // More survived than the last confirmed flush: background flushes count.
  uint64_t refused = 0;  // RocksDB did not open, or a read failed.
  uint64_t wrong = 0;    // It opened on something that is not such a prefix.
};

// Cuts the power at `wanted` points in every mode; `journalled` as in PowerLoss. Wrong states are
// failures.
Tally CutPower(uint64_t wanted, const std::string& journalled, bool ignore_syncs = false) {
  const uint64_t base_seed = Setting("TNT_SEED", 1);
  Tally tally;
  for (uint64_t round = 0; tally.points < wanted && tally.wrong < 20; ++round) {
    const Shape& shape = kShapes[round % std::size(kShapes)];
    const uint64_t seed = base_seed * 1'000 + round;
    const std::vector<Point> points = Record(shape, seed, ignore_syncs);
    ModelAt models(seed);
    SeededRandom random(seed);
    const uint64_t share = std::max<uint64_t>(1, wanted / std::size(kShapes));
    const uint64_t take = std::min({wanted - tally.points, share, uint64_t{points.size()}});
    for (uint64_t i = 0; i < take; ++i) {
      // One random point in each of `take` equal stretches of the run.
      const uint64_t from = points.size() * i / take;
      const uint64_t to = points.size() * (i + 1) / take;
      const Point& point = points[from + random.Below(to - from)];
      for (const LossMode mode : kLossModes) {
        const PowerLoss loss{.mode = mode, .seed = random.Next64(), .journalled = journalled};
        uint64_t applied = 0;
        const Finding finding = Reopen(shape, point, loss, &models, &applied);
        ++tally.checks;
        if (applied > point.flushed) ++tally.ahead;
        if (finding.outcome == Outcome::kPrefix) continue;
        ++(finding.outcome == Outcome::kRefused ? tally.refused : tally.wrong);
        const std::string place = std::string(shape.name) + ", seed " + std::to_string(seed) +
                                  ", operation " + std::to_string(point.image.operations) + " of " +
                                  std::to_string(points.size()) + ", " +
                                  std::string(LossModeName(mode)) + ": " + finding.what;
        if (ignore_syncs) continue;
        if (finding.outcome == Outcome::kWrong) ADD_FAILURE() << place;
        if (finding.outcome == Outcome::kRefused) std::printf("refused: %s\n", place.c_str());
      }
    }
    tally.points += take;
  }
  std::printf(
      "TNT_SEED=%lu: %lu points, %lu checks, %lu ahead of the confirmed flush, %lu refused, %lu "
      "wrong\n",
      static_cast<unsigned long>(base_seed), static_cast<unsigned long>(tally.points),
      static_cast<unsigned long>(tally.checks), static_cast<unsigned long>(tally.ahead),
      static_cast<unsigned long>(tally.refused), static_cast<unsigned long>(tally.wrong));
  return tally;
}

// On a journalling file system every cut is survived.
TEST(RocksDbPrefixTest, RecoversAPrefixAtEveryPowerCutOnAJournallingDisk) {
  const Tally tally = CutPower(Setting("TNT_CRASH_POINTS", 400), "/");
  EXPECT_EQ(tally.refused, 0u);
  EXPECT_EQ(tally.wrong, 0u);
  EXPECT_GT(tally.ahead, 0u) << "no cut fell between flushes: the run is too tame";
}

// On a disk that keeps any set of unsynced names and sectors, RocksDB may refuse to open (it
// appends to the MANIFEST without a length it can trust, and renames CURRENT before the new
// MANIFEST's name is synced): the engine then rebuilds from a checkpoint and the log. What it must
// never do is open on another state.
TEST(RocksDbPrefixTest, NeverOpensOnAnotherStateOnAnyDisk) {
  const Tally tally = CutPower(Setting("TNT_CRASH_POINTS", 400), "");
  EXPECT_EQ(tally.wrong, 0u);
  EXPECT_LT(tally.refused, tally.checks / 20);
}

// Negative control: on a disk whose syncs do nothing, the same checks must fail, or they prove
// nothing.
TEST(RocksDbPrefixTest, ControlADiskThatIgnoresSyncsIsCaught) {
  const Tally tally = CutPower(8, "/", true);
  EXPECT_GT(tally.refused + tally.wrong, 0u);
}

}  // namespace
}  // namespace tenantry::crash
