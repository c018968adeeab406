// Goal: whatever operation the power fails at, and whatever the disk does with unsynced bytes and
// names, the log opens again with every acknowledged entry, whole groups only, one unbroken chain,
// and nothing it serves can be lost later. Method: one scripted run with small segments, rolls,
// trims, clean and unclean restarts; an image of the disk at every operation, lost in every mode,
// with sectors under writing destroyed. Bit rot below the watermark is a second test. Negative
// controls break one rule each and must be caught by the same checks.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/log/segment_log.h"
#include "engine/log/segment_scan.h"
#include "tests/crash/fault_file_system.h"
#include "tests/crash/test_settings.h"

namespace tenantry::crash {
namespace {

using log::Entry;
using log::EntryView;
using log::SegmentLog;

constexpr char kFolder[] = "/data/log";
constexpr uint64_t kCluster = 3;
constexpr uint64_t kSegmentBytes = 48 << 10;
constexpr int kGroups = 320;

Entry ScriptEntry(uint64_t index) {
  SeededRandom random(index);
  Entry entry;
  entry.header = {.epoch = 1 + index / 200,
                  .index = index,
                  .time_unix_ms = static_cast<int64_t>(index) * 10,
                  .space = random.Below(4),
                  .command = static_cast<uint16_t>(random.Below(9)),
                  .flags = 0};
  entry.actor = "actor" + std::to_string(random.Below(9));
  entry.request_id = random.Bytes(random.Below(20));
  // Mostly small, so that several groups share a page when padding is left out; some span pages.
  entry.payload = random.Bytes(random.Below(8) == 0 ? random.Below(9000) : random.Below(300));
  return entry;
}

// The chain hash after each entry, computed apart from the log.
std::vector<Hash128> ScriptChains(uint64_t entries) {
  std::vector<Hash128> chains = {log::GenesisChain(kCluster)};
  for (uint64_t i = 1; i <= entries; ++i) {
    Hash128 chain = chains.back();
    std::string bytes;
    log::AppendEntry(&bytes, ScriptEntry(i), &chain);
    chains.push_back(chain);
  }
  return chains;
}

// What the run had promised when the power went.
struct Ledger {
  uint64_t acknowledged = 0;
  uint64_t in_flight =
      0;  // Last entry of the group being appended; equal to `acknowledged` when there is none.
  uint64_t trim_below = 0;  // Entries below this may be gone.
};

struct Point {
  DiskImage image;
  Ledger ledger;
};

class Script {
 public:
  Script(uint64_t seed, const log::TestFaults& faults) : random_(seed), ids_(seed + 1) {
    options_.segment_bytes = kSegmentBytes;
    options_.cluster_id = kCluster;
    options_.clock = &clock_;
    options_.random = &ids_;
    options_.faults = faults;
  }

  const log::LogOptions& options() const { return options_; }

  // Runs the script to its end; an image at every operation.
  std::vector<Point> Record() {
    FaultFileSystem disk;
    std::vector<Point> points;
    disk.SetObserver([&](uint64_t, const FaultFileSystem::CaptureFunction& capture) {
      points.push_back({capture(), ledger_});
    });
    EXPECT_TRUE(disk.MakeDirectories("/data").ok());
    EXPECT_TRUE(disk.SyncDirectory("/").ok());
    std::unique_ptr<SegmentLog> log = Reopen(disk);
    for (int i = 0; i < kGroups && log != nullptr; ++i) {
      AppendOne(*log);
      EXPECT_TRUE(log->EnsureSpace().ok());
      if (random_.Below(25) == 0 && ledger_.acknowledged > 150) {
        ledger_.trim_below = std::max(ledger_.trim_below, ledger_.acknowledged - 150);
        EXPECT_TRUE(log->TrimBefore(ledger_.trim_below).ok());
      }
      const uint64_t restart = random_.Below(40);
      if (restart == 0) {
        EXPECT_TRUE(log->Close().ok());
      }
      if (restart <= 1) {
        log.reset();
        log = Reopen(disk);
      }
    }
    disk.SetObserver(nullptr);
    return points;
  }

 private:
  std::unique_ptr<SegmentLog> Reopen(FaultFileSystem& disk) {
    Result<std::unique_ptr<SegmentLog>> opened = SegmentLog::Open(disk, kFolder, options_, nullptr);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }

  void AppendOne(SegmentLog& log) {
    std::vector<Entry> group;
    const uint64_t count = 1 + random_.Below(random_.Below(10) == 0 ? 20 : 3);
    for (uint64_t i = 1; i <= count; ++i) {
      group.push_back(ScriptEntry(ledger_.acknowledged + i));
    }
    ledger_.in_flight = ledger_.acknowledged + count;
    const Status status = log.AppendGroup(group);
    EXPECT_TRUE(status.ok()) << status.ToString();
    ledger_.acknowledged = ledger_.in_flight;
  }

  SeededRandom random_;
  SeededRandom ids_;
  ManualClock clock_{1'000'000};
  log::LogOptions options_;
  Ledger ledger_;
};

// Empty when `opened` keeps every promise of the ledger, else the broken one.
std::string BrokenPromise(const SegmentLog& opened, const Ledger& ledger,
                          const std::vector<Hash128>& chains) {
  const uint64_t end = opened.end().index;
  if (end < ledger.acknowledged) {
    return "acknowledged " + std::to_string(ledger.acknowledged) + ", found " + std::to_string(end);
  }
  if (end != ledger.acknowledged && end != ledger.in_flight) {
    return "part of a group survived: " + std::to_string(end) + " between " +
           std::to_string(ledger.acknowledged) + " and " + std::to_string(ledger.in_flight);
  }
  const uint64_t first = opened.first_index();
  if (first > std::max<uint64_t>(ledger.trim_below, 1)) {
    return "entries from " + std::to_string(ledger.trim_below) + " are gone, first is " +
           std::to_string(first);
  }
  if (opened.end_chain() != chains[end]) return "chain hash at the end differs";
  Result<std::unique_ptr<log::Reader>> reader = opened.ReadFrom(first);
  if (!reader.ok()) return reader.status().ToString();
  EntryView view;
  for (uint64_t index = first; index <= end; ++index) {
    const Result<bool> more = (*reader)->Next(&view);
    if (!more.ok()) return more.status().ToString();
    if (!*more) return "entry " + std::to_string(index) + " is not readable";
    const Entry expected = ScriptEntry(index);
    const bool same = view.header.index == index && view.header.epoch == expected.header.epoch &&
                      view.header.space == expected.header.space && view.actor == expected.actor &&
                      view.request_id == expected.request_id && view.payload == expected.payload &&
                      view.chain == chains[index];
    if (!same) return "entry " + std::to_string(index) + " differs";
  }
  return {};
}

// Opens what survived, checks the ledger, then checks that what is served now survives the next
// cut, and that the log goes on.
std::string CheckSurvivor(FaultFileSystem& disk, const log::LogOptions& options,
                          const Ledger& ledger, const std::vector<Hash128>& chains) {
  Result<std::unique_ptr<SegmentLog>> opened = SegmentLog::Open(disk, kFolder, options, nullptr);
  if (!opened.ok()) return "open: " + opened.status().ToString();
  std::string broken = BrokenPromise(**opened, ledger, chains);
  if (!broken.empty()) return broken;
  const uint64_t served = (*opened)->end().index;

  FaultFileSystem dropped(disk.Capture(), {});
  const auto again = SegmentLog::Open(dropped, kFolder, options, nullptr);
  if (!again.ok()) return "second open: " + again.status().ToString();
  if ((*again)->end().index != served) {
    return "served " + std::to_string(served) + ", but a second cut left " +
           std::to_string((*again)->end().index);
  }
  const Entry next = ScriptEntry(served + 1);
  const Status appended = (*opened)->AppendGroup(std::span(&next, 1));
  if (!appended.ok()) return "append: " + appended.ToString();
  const Ledger later{served + 1, served + 1, ledger.trim_below};
  return BrokenPromise(**opened, later, chains);
}

// Cuts the power once more, somewhere inside recovery.
std::string CheckCutDuringRecovery(const DiskImage& image, const PowerLoss& loss,
                                   const log::LogOptions& options, const Ledger& ledger,
                                   const std::vector<Hash128>& chains, SeededRandom& random) {
  FaultFileSystem disk(image, loss);
  const uint64_t stop_at = 1 + random.Below(14);
  disk.StopAt(stop_at);
  (void)SegmentLog::Open(disk, kFolder, options, nullptr).ok();
  const PowerLoss second{.mode = kLossModes[random.Below(kLossModes.size())],
                         .seed = random.Next64(),
                         .destroy_torn = true,
                         .journalled = ""};
  FaultFileSystem after(disk.Capture(), second);
  std::string broken = CheckSurvivor(after, options, ledger, chains);
  if (broken.empty()) return broken;
  return "after a second cut at operation " + std::to_string(stop_at) + " of recovery, " +
         std::string(LossModeName(second.mode)) + ": " + broken;
}

struct Tally {
  uint64_t points = 0;
  uint64_t checks = 0;
  uint64_t broken = 0;
  std::string first_broken;
};

// Every operation in every mode. Stops at the first broken promise when `stop_at_first`.
Tally CutPowerEverywhere(const log::TestFaults& faults, bool stop_at_first) {
  const uint64_t seed = Setting("TNT_SEED", 1);
  Script script(seed, faults);
  const std::vector<Point> points = script.Record();
  const std::vector<Hash128> chains =
      ScriptChains(points.empty() ? 0 : points.back().ledger.in_flight + 1);
  SeededRandom random(seed + 2);
  Tally tally;
  for (const Point& point : points) {
    ++tally.points;
    for (const LossMode mode : kLossModes) {
      const PowerLoss loss{
          .mode = mode, .seed = random.Next64(), .destroy_torn = true, .journalled = ""};
      FaultFileSystem disk(point.image, loss);
      std::string broken = CheckSurvivor(disk, script.options(), point.ledger, chains);
      if (broken.empty()) {
        broken = CheckCutDuringRecovery(point.image, loss, script.options(), point.ledger, chains,
                                        random);
      }
      tally.checks += 2;
      if (broken.empty()) continue;
      if (++tally.broken == 1) {
        tally.first_broken = "seed " + std::to_string(seed) + ", operation " +
                             std::to_string(point.image.operations) + " of " +
                             std::to_string(points.size()) + ", " +
                             std::string(LossModeName(mode)) + ": " + broken;
      }
      if (stop_at_first || tally.broken >= 20) return tally;
    }
  }
  return tally;
}

TEST(LogPowerLossTest, KeepsItsPromisesAtEveryOperationInEveryMode) {
  const Tally tally = CutPowerEverywhere({}, false);
  std::printf("%lu points x %zu modes, %lu checks, %lu broken\n",
              static_cast<unsigned long>(tally.points), kLossModes.size(),
              static_cast<unsigned long>(tally.checks), static_cast<unsigned long>(tally.broken));
  EXPECT_EQ(tally.broken, 0u) << tally.first_broken;
  EXPECT_GT(tally.points, 900u);
}

void ExpectCaught(const char* name, const log::TestFaults& faults) {
  const Tally tally = CutPowerEverywhere(faults, true);
  EXPECT_EQ(tally.broken, 1u) << name << " was not noticed";
  std::printf("%s: caught at point %lu, check %lu: %s\n", name,
              static_cast<unsigned long>(tally.points), static_cast<unsigned long>(tally.checks),
              tally.first_broken.c_str());
}

TEST(LogPowerLossTest, ControlAcknowledgingBeforeTheSyncIsCaught) {
  ExpectCaught("skip_sync", {.skip_sync = true});
}

TEST(LogPowerLossTest, ControlGroupsThatShareAPageAreCaught) {
  ExpectCaught("omit_padding", {.omit_padding = true});
}

// Flips a byte of a group that a later group of the newest segment proves durable. False when there
// is none.
bool RotBelowWatermark(FaultFileSystem& disk, SeededRandom& random) {
  const auto names = disk.List(kFolder);
  if (!names.ok()) return false;
  std::string path;
  for (const std::string& name : *names) {
    if (name.ends_with(".seg")) path = std::string(kFolder) + "/" + name;
  }
  if (path.empty()) return false;
  const auto file = disk.Open(path, OpenMode::kReadWrite);
  const auto header = log::ReadSegmentHeader(**file, path);
  if (!header.ok()) return false;
  const auto scan = log::ScanSegment(**file, *header, UINT64_MAX);
  if (!scan.ok()) return false;
  const uint64_t end = scan->sealed ? scan->tail.end_offset : scan->before_last.end_offset;
  if (end == log::kSegmentHeaderBytes) return false;
  const uint64_t at = log::kSegmentHeaderBytes + random.Below(end - log::kSegmentHeaderBytes);
  char byte = 0;
  if (!(*file)->ReadAt(at, &byte, 1).ok()) return false;
  byte = static_cast<char>(byte ^ (1 << random.Below(8)));
  const std::string_view part(&byte, 1);
  return (*file)->WriteAt(at, std::span(&part, 1)).ok();
}

struct RotTally {
  uint64_t flips = 0;
  uint64_t refused = 0;   // kCorruption from Open or from a reader.
  uint64_t harmless = 0;  // Padding, or bytes already superseded.
  uint64_t lost = 0;      // Opened, and an acknowledged entry is missing without a word.
};

RotTally RotEverywhere(const log::TestFaults& faults, bool stop_at_first) {
  const uint64_t seed = Setting("TNT_SEED", 1);
  Script script(seed, faults);
  const std::vector<Point> points = script.Record();
  const std::vector<Hash128> chains = ScriptChains(points.back().ledger.in_flight + 1);
  SeededRandom random(seed + 3);
  RotTally tally;
  for (const Point& point : points) {
    for (int flip = 0; flip < 4; ++flip) {
      const PowerLoss loss{
          .mode = LossMode::kKeepAll, .seed = 0, .destroy_torn = false, .journalled = ""};
      FaultFileSystem disk(point.image, loss);
      if (!RotBelowWatermark(disk, random)) continue;
      ++tally.flips;
      const auto opened = SegmentLog::Open(disk, kFolder, script.options(), nullptr);
      if (!opened.ok()) {
        EXPECT_EQ(opened.status().code(), StatusCode::kCorruption) << opened.status().ToString();
        ++tally.refused;
        continue;
      }
      const std::string broken = BrokenPromise(**opened, point.ledger, chains);
      if (broken.empty()) {
        ++tally.harmless;
      } else if (broken.starts_with("corruption")) {
        ++tally.refused;
      } else {
        ++tally.lost;
        if (stop_at_first) return tally;
      }
    }
  }
  return tally;
}

TEST(LogPowerLossTest, BitRotBelowTheWatermarkIsNeverCutSilently) {
  const RotTally tally = RotEverywhere({}, false);
  std::printf("%lu flips: %lu refused, %lu harmless, %lu lost\n",
              static_cast<unsigned long>(tally.flips), static_cast<unsigned long>(tally.refused),
              static_cast<unsigned long>(tally.harmless), static_cast<unsigned long>(tally.lost));
  EXPECT_GT(tally.refused, 100u);
  EXPECT_EQ(tally.lost, 0u);
}

TEST(LogPowerLossTest, ControlIgnoringTheWatermarkIsCaught) {
  const RotTally tally = RotEverywhere({.ignore_watermark = true}, true);
  EXPECT_EQ(tally.lost, 1u) << "ignore_watermark was not noticed";
  std::printf("ignore_watermark: caught at flip %lu\n", static_cast<unsigned long>(tally.flips));
}

}  // namespace
}  // namespace tenantry::crash
