// Goal: the bytes of a log segment never change under a version number, and old bytes stay
// readable. Method: write a small sealed segment with a fixed clock, fixed ids and fixed entries;
// compare it with the golden file; read the golden file through the log; check the documented
// offsets by hand.

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/log/segment_log.h"
#include "engine/log/write_set.h"
#include "tests/crash/fault_file_system.h"

namespace tenantry::log {
namespace {

constexpr char kGoldenPath[] = TNT_GOLDEN_FOLDER "/log_segment_v1.seg";
constexpr uint64_t kCluster = 0x1122334455667788;
constexpr char kSegmentPath[] = "/log/00000000000000000001.seg";

WriteSet FirstEffects() {
  WriteSet effects;
  effects.Put(std::string("\0\0\0\0\0\0\0\x05k", 9), "value");
  effects.Delete("gone");
  return effects;
}

std::vector<Entry> FixedEntries() {
  std::vector<Entry> entries(3);
  entries[0].header = {.epoch = 1,
                       .index = 1,
                       .time_unix_ms = 1'768'557'600'000,
                       .space = 5,
                       .command = 3,
                       .flags = 1};
  entries[0].actor = "user:cadmin";
  entries[0].request_id = "req-1";
  entries[0].payload = FirstEffects().Encode();
  entries[1].header = {.epoch = 1, .index = 2, .time_unix_ms = 1'768'557'599'999, .space = 0};
  entries[2].header = {.epoch = 2,
                       .index = 3,
                       .time_unix_ms = 1'768'557'600'500,
                       .space = UINT64_MAX,
                       .command = 0xFFFF};
  entries[2].actor = "system";
  entries[2].payload = std::string(5000, 'p');
  return entries;
}

LogOptions FixedOptions(const Clock& clock, Random& random) {
  LogOptions options;
  options.segment_bytes = 32 << 10;
  options.cluster_id = kCluster;
  options.clock = &clock;
  options.random = &random;
  return options;
}

// Two groups: entries 1 and 2, then entry 3.
std::string WriteSegment() {
  crash::FaultFileSystem disk;
  const ManualClock clock(1'768'557'600'000);
  SeededRandom ids(1);
  auto log = SegmentLog::Open(disk, "/log", FixedOptions(clock, ids), nullptr);
  EXPECT_TRUE(log.ok()) << log.status().ToString();
  const std::vector<Entry> entries = FixedEntries();
  EXPECT_TRUE((*log)->AppendGroup(std::span(entries).first(2)).ok());
  EXPECT_TRUE((*log)->AppendGroup(std::span(entries).last(1)).ok());
  EXPECT_TRUE((*log)->Close().ok());
  return *ReadFile(disk, kSegmentPath, 1 << 20);
}

std::string Golden() {
  PosixFileSystem files;
  const Result<std::string> golden = ReadFile(files, kGoldenPath, 1 << 20);
  EXPECT_TRUE(golden.ok()) << golden.status().ToString();
  return golden.ok() ? *golden : "";
}

TEST(LogFormatTest, TodaysWriterMakesTheGoldenBytes) {
  const std::string written = WriteSegment();
  if (std::getenv("TNT_WRITE_GOLDEN") != nullptr) {
    PosixFileSystem files;
    ASSERT_TRUE(ReplaceFile(files, kGoldenPath, written).ok());
    GTEST_SKIP() << "wrote " << kGoldenPath;
  }
  const std::string golden = Golden();
  ASSERT_EQ(written.size(), golden.size());
  for (size_t at = 0; at < golden.size(); ++at) {
    ASSERT_EQ(written[at], golden[at]) << "first difference at offset " << at;
  }
}

TEST(LogFormatTest, TheGoldenBytesAreReadable) {
  crash::FaultFileSystem disk;
  ASSERT_TRUE(disk.MakeDirectories("/log").ok());
  ASSERT_TRUE(ReplaceFile(disk, kSegmentPath, Golden()).ok());
  const ManualClock clock(0);
  SeededRandom ids(99);
  auto log = SegmentLog::Open(disk, "/log", FixedOptions(clock, ids), nullptr);
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  EXPECT_EQ((*log)->end(), (Position{2, 3}));
  auto reader = (*log)->ReadFrom(1);
  ASSERT_TRUE(reader.ok());
  EntryView view;
  for (const Entry& entry : FixedEntries()) {
    ASSERT_TRUE(*(*reader)->Next(&view));
    EXPECT_EQ(view.header.epoch, entry.header.epoch);
    EXPECT_EQ(view.header.index, entry.header.index);
    EXPECT_EQ(view.header.time_unix_ms, entry.header.time_unix_ms);
    EXPECT_EQ(view.header.space, entry.header.space);
    EXPECT_EQ(view.header.command, entry.header.command);
    EXPECT_EQ(view.header.flags, entry.header.flags);
    EXPECT_EQ(view.actor, entry.actor);
    EXPECT_EQ(view.request_id, entry.request_id);
    EXPECT_EQ(view.payload, entry.payload);
  }
  EXPECT_EQ(view.chain, (*log)->end_chain());
}

// The byte tables of docs/file-formats.md, read without the log's code.
TEST(LogFormatTest, DocumentedOffsetsHold) {
  const std::string golden = Golden();
  // Header page, a group of one page, a group of two pages, footer page.
  ASSERT_EQ(golden.size(), 5 * 4096u);
  const char* header = golden.data();
  EXPECT_EQ(golden.substr(0, 8), "TNTRYSEG");
  EXPECT_EQ(LoadLittle<uint32_t>(header + 8), 1u) << "version";
  EXPECT_EQ(LoadLittle<uint32_t>(header + 12), 4096u) << "offset of the first group";
  const auto segment_id = LoadLittle<uint64_t>(header + 16);
  EXPECT_EQ(LoadLittle<uint64_t>(header + 24), kCluster);
  EXPECT_EQ(LoadLittle<uint64_t>(header + 32), 0u) << "epoch before";
  EXPECT_EQ(LoadLittle<uint64_t>(header + 40), 1u) << "first index";
  EXPECT_EQ((Hash128{LoadLittle<uint64_t>(header + 48), LoadLittle<uint64_t>(header + 56)}),
            GenesisChain(kCluster));
  EXPECT_EQ(LoadLittle<int64_t>(header + 64), 1'768'557'600'000);
  EXPECT_EQ(LoadLittle<uint64_t>(header + 72), 32u << 10) << "room";
  EXPECT_EQ(LoadLittle<uint64_t>(header + 4088), Hash64(golden.substr(0, 4088)));

  const char* group = header + 4096;
  EXPECT_EQ(golden.substr(4096, 4), "TNTG");
  EXPECT_EQ(LoadLittle<uint32_t>(group + 4), 4096u) << "total";
  EXPECT_EQ(LoadLittle<uint32_t>(group + 12), 2u) << "entries";
  EXPECT_EQ(LoadLittle<uint64_t>(group + 16), 1u) << "first index";
  EXPECT_EQ(LoadLittle<uint64_t>(group + 24), 0u) << "watermark";
  EXPECT_EQ(LoadLittle<uint64_t>(group + 32), segment_id);
  EXPECT_EQ(LoadLittle<uint64_t>(group + 56), Hash64(golden.substr(4096, 56)));

  const char* entry = group + 64;
  const std::string payload = FirstEffects().Encode();
  EXPECT_EQ(LoadLittle<uint32_t>(entry), 56 + 11 + 5 + 16 + payload.size()) << "length";
  EXPECT_EQ(LoadLittle<uint16_t>(entry + 4), 3u) << "command";
  EXPECT_EQ(LoadLittle<uint16_t>(entry + 6), 1u) << "flags";
  EXPECT_EQ(LoadLittle<uint64_t>(entry + 8), 1u) << "epoch";
  EXPECT_EQ(LoadLittle<uint64_t>(entry + 16), 1u) << "index";
  EXPECT_EQ(LoadLittle<int64_t>(entry + 24), 1'768'557'600'000) << "time";
  EXPECT_EQ(LoadLittle<uint64_t>(entry + 32), 5u) << "space";
  EXPECT_EQ(LoadLittle<uint16_t>(entry + 40), 11u) << "actor bytes";
  EXPECT_EQ(LoadLittle<uint16_t>(entry + 42), 5u) << "request id bytes";
  EXPECT_EQ(LoadLittle<uint32_t>(entry + 44), payload.size());
  EXPECT_EQ(LoadLittle<uint64_t>(entry + 48), Hash64(payload));
  EXPECT_EQ(std::string(entry + 56, 16), "user:cadminreq-1");
  const std::string chained = golden.substr(48, 16) + std::string(entry, 72);
  EXPECT_EQ((Hash128{LoadLittle<uint64_t>(entry + 72), LoadLittle<uint64_t>(entry + 80)}),
            Hash128Of(chained));
  EXPECT_EQ(std::string(entry + 88, payload.size()), payload);

  const char* footer = header + 4 * 4096;
  EXPECT_EQ(golden.substr(4 * 4096, 8), "TNTRYEND");
  EXPECT_EQ(LoadLittle<uint32_t>(footer + 8), 1u) << "version";
  EXPECT_EQ(LoadLittle<uint64_t>(footer + 16), segment_id);
  EXPECT_EQ(LoadLittle<uint64_t>(footer + 24), 3u) << "entries";
  EXPECT_EQ(LoadLittle<uint64_t>(footer + 32), 3u) << "last index";
  EXPECT_EQ(LoadLittle<uint64_t>(footer + 40), 2u) << "last epoch";
  EXPECT_EQ(LoadLittle<int64_t>(footer + 48), 1'768'557'599'999) << "earliest";
  EXPECT_EQ(LoadLittle<int64_t>(footer + 56), 1'768'557'600'500) << "latest";
  const uint64_t headers_hash =
      Hash64(golden.substr(2 * 4096, 64), Hash64(golden.substr(4096, 64), 0));
  EXPECT_EQ(LoadLittle<uint64_t>(footer + 80), headers_hash);
  EXPECT_EQ(LoadLittle<uint64_t>(footer + 88), 4 * 4096u) << "footer offset";
}

TEST(LogFormatTest, WriteSetBytesAreFixed) {
  EXPECT_EQ(FormatHex(FirstEffects().Encode()),
            "01"  // Version.
            "02"  // Two effects.
            "01"  // Put.
            "09"
            "00000000000000056b"  // Key.
            "05"
            "76616c7565"  // Value.
            "02"          // Delete.
            "04"
            "676f6e65");
}

}  // namespace
}  // namespace tenantry::log
