// Goal: after a power loss at any operation of log or store, the engine opens without help, every acknowledged command is
// there exactly once, every other one at most once and whole, and counters equal the rows they count.
// Method: a scripted run on the faulty disk, with flushes and segment changes on the way; at operations all along it the disk
// is captured, and for each loss mode an engine is opened on what survives. A disk that ignores syncs must be caught.

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "engine/engine.h"
#include "engine/store/rocksdb_environment.h"
#include "engine/tenant/directory.h"
#include "tests/crash/fault_file_system.h"
#include "tests/crash/rocksdb_fault_fs.h"
#include "tests/crash/test_settings.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::crash {
namespace {

constexpr uint8_t kFamily = 251;
// Two operations for each synced group, and the store's own: enough for the points wanted.
constexpr size_t kCommandsPerPoint = 2;
constexpr const char* kShop = "shop";
constexpr int64_t kRowsLookedAt = 20;

// Every command adds one numbered row and moves two counters.
std::string RowName(int64_t number) {
  return "op" + std::to_string(number);
}

struct Machine {
  explicit Machine(FaultFileSystem& disk) : clock(kTestStartMs), random(7) {
    environment = std::make_shared<store::StoreEnvironment>();
    environment->env = NewRocksDbFaultEnv(disk);
    options.directory = "/data";
    options.segment_bytes = 64u << 10;
    options.write_buffer_bytes = 64u << 10;
    options.block_cache_bytes = 1u << 20;
    options.clock = &clock;
    options.random = &random;
    options.files = &disk;
    options.lock_folder = false;
    options.store_environment = environment;
  }

  ManualClock clock;
  LockedRandom random;
  std::shared_ptr<store::StoreEnvironment> environment;
  EngineOptions options;
};

Result<TenantRef> FindShop(Engine& engine) {
  TNT_ASSIGN_OR_RETURN(
      const tenant::TenantEntry entry,
      tenant::Directory::Find(engine.View(), kShop, schema::TenantKind::SHOP, ReadTier::kBlocking));
  return entry.ref;
}

Status AddRow(Transaction& tx, int64_t number) {
  TNT_ASSIGN_OR_RETURN(const int64_t count, tx.Counter(kFamily, "all", "count"));
  TNT_ASSIGN_OR_RETURN(const int64_t sum, tx.Counter(kFamily, "all", "sum"));
  TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, "all", "count", 0, count + 1));
  TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, "all", "sum", 0, sum + number));
  TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, "operations", "", number, number));
  return tx.SetMeta(RowName(number), std::string(300, 'x'));
}

struct Point {
  uint64_t operation;
  DiskImage image;
  int64_t acknowledged;
};

// Runs the script and captures the disk at up to `points_max` operations, evenly.
std::vector<Point> RunScript(FaultFileSystem& disk, size_t points_max) {
  std::vector<Point> points;
  std::atomic<int64_t> acknowledged{0};
  std::mutex points_mutex;
  uint64_t every = 1;
  disk.SetObserver([&](uint64_t operation, const FaultFileSystem::CaptureFunction& capture) {
    const std::lock_guard<std::mutex> lock(points_mutex);
    if (operation % every != 0) return;
    points.push_back({operation, capture(), acknowledged.load()});
    if (points.size() <= points_max * 2) return;
    // Too many: keep every other one from here on.
    every *= 2;
    std::erase_if(points, [every](const Point& point) { return point.operation % every != 0; });
  });
  Machine machine(disk);
  Result<std::unique_ptr<Engine>> engine = Engine::Open(machine.options);
  EXPECT_TRUE(engine.ok()) << engine.status().ToString();
  const Outcome created = (*engine)->ExecuteDirectory(
      {1, "test", ""}, ReadTier::kBlocking, [](DirectoryTransaction& tx) {
        return tenant::Directory::Create(tx, {kShop, schema::TenantKind::SHOP, kShop}).status();
      });
  (*engine)->WaitReleased(created.release_index);
  const Result<TenantRef> shop = FindShop(**engine);
  EXPECT_TRUE(shop.ok());
  const auto commands = static_cast<int64_t>(points_max * kCommandsPerPoint);
  for (int64_t number = 1; number <= commands; ++number) {
    const Outcome outcome = (*engine)->Execute(*shop, {1, "test", ""}, ReadTier::kBlocking,
                                               [&](Transaction& tx) { return AddRow(tx, number); });
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    // Every fourth command leaves its group open to the next ones, so that groups hold several.
    if (number % 4 == 0) {
      (*engine)->WaitReleased(outcome.release_index);
      acknowledged.store(number);
    }
    if (number % 60 == 0) {
      EXPECT_TRUE((*engine)->FlushForTest().ok());
    }
  }
  disk.SetObserver(nullptr);
  return points;
}

// "" when the engine on the surviving disk keeps every promise.
std::string Judge(const Point& point, const PowerLoss& loss) {
  FaultFileSystem disk(point.image, loss);
  Machine machine(disk);
  Result<std::unique_ptr<Engine>> engine = Engine::Open(machine.options);
  if (!engine.ok()) return "does not open: " + engine.status().ToString();
  const Result<TenantRef> shop = FindShop(**engine);
  if (!shop.ok()) {
    return point.acknowledged == 0 ? "" : "the tenant is gone: " + shop.status().ToString();
  }
  const ReadView view = (*engine)->View();
  const SpaceReader space = view.Space(*shop, ReadTier::kBlocking);
  const Result<int64_t> count = space.Counter(kFamily, "all", "count");
  const Result<int64_t> sum = space.Counter(kFamily, "all", "sum");
  if (!count.ok() || !sum.ok()) return "the counters cannot be read";
  if (*count < point.acknowledged) {
    return "acknowledged " + std::to_string(point.acknowledged) + ", found " +
           std::to_string(*count);
  }
  if (*sum != *count * (*count + 1) / 2) return "the counters disagree";
  int64_t rows = 0;
  bool in_order = true;
  const Status scanned = space.ScanCounters(
      kFamily, "operations", [&](std::string_view, int64_t number, int64_t value) {
        in_order = in_order && number == ++rows && value == number;
        return true;
      });
  if (!scanned.ok()) return "the rows cannot be read: " + scanned.ToString();
  if (!in_order || rows != *count) return "counters and rows disagree";
  // The wide rows of the same commands, where a loss would begin.
  for (int64_t number = std::max<int64_t>(1, *count - kRowsLookedAt); number <= *count + 1;
       ++number) {
    const Result<std::optional<std::string>> row = space.Meta(RowName(number));
    if (!row.ok()) return "a row cannot be read";
    if (row->has_value() != (number <= *count)) return "a command is there in part";
  }
  // And it goes on working.
  const Outcome next = (*engine)->Execute(*shop, {1, "test", ""}, ReadTier::kBlocking,
                                          [&](Transaction& tx) { return AddRow(tx, *count + 1); });
  if (!next.status.ok()) return "takes no more commands: " + next.status.ToString();
  (*engine)->WaitReleased(next.release_index);
  return "";
}

struct Verdict {
  size_t checks = 0;
  size_t violations = 0;
  std::string first;
};

Verdict JudgeAll(const std::vector<Point>& points, bool stop_at_first) {
  Verdict verdict;
  for (const Point& point : points) {
    for (const LossMode mode : kLossModes) {
      PowerLoss loss{mode, point.operation * 31 + static_cast<uint64_t>(mode), true, "/data/store"};
      const std::string violation = Judge(point, loss);
      ++verdict.checks;
      if (violation.empty()) continue;
      if (verdict.violations++ == 0) {
        verdict.first = "operation " + std::to_string(point.operation) + ", " +
                        std::string(LossModeName(mode)) + ": " + violation;
      }
      if (stop_at_first) return verdict;
    }
  }
  return verdict;
}

TEST(EnginePowerLossTest, EveryPromiseHoldsAtEveryOperation) {
  FaultFileSystem disk;
  const size_t points_wanted = Setting("TNT_CRASH_POINTS", 400);
  const std::vector<Point> points = RunScript(disk, points_wanted);
  EXPECT_GE(points.size(), std::min<size_t>(points_wanted, 400));
  const Verdict verdict = JudgeAll(points, false);
  std::printf("power loss: %zu points x %zu modes, %zu violations\n", points.size(),
              kLossModes.size(), verdict.violations);
  EXPECT_EQ(verdict.violations, 0u) << verdict.first;
}

// Negative control.
TEST(EnginePowerLossTest, ADiskThatIgnoresSyncsIsCaught) {
  FaultFileSystem disk;
  disk.IgnoreSyncs();
  const Verdict verdict = JudgeAll(RunScript(disk, 50), true);
  EXPECT_GT(verdict.violations, 0u);
  std::printf("ignored syncs caught after %zu checks: %s\n", verdict.checks, verdict.first.c_str());
}

}  // namespace
}  // namespace tenantry::crash
