#pragma once
// What the log's tests share: a log on an in-memory disk with a fixed clock and fixed ids, entries
// that follow from their index, and a check that a log holds exactly those.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/log/segment_log.h"
#include "tests/crash/fault_file_system.h"

namespace tenantry::log {

// Entry `index`, with a payload of `payload_bytes` that depends on it.
inline Entry TestEntry(uint64_t index, size_t payload_bytes = 100, uint64_t epoch = 1) {
  Entry entry;
  entry.header = {.epoch = epoch,
                  .index = index,
                  .time_unix_ms = 1'768'557'600'000 + static_cast<int64_t>(index),
                  .space = index % 5,
                  .command = static_cast<uint16_t>(index % 7),
                  .flags = 0};
  entry.actor = "user-" + std::to_string(index % 3);
  entry.request_id = "request-" + std::to_string(index);
  entry.payload = SeededRandom(index).Bytes(payload_bytes);
  return entry;
}

inline std::vector<Entry> TestGroup(uint64_t first, uint64_t count, size_t payload_bytes = 100,
                                    uint64_t epoch = 1) {
  std::vector<Entry> group;
  for (uint64_t i = 0; i < count; ++i) group.push_back(TestEntry(first + i, payload_bytes, epoch));
  return group;
}

inline bool SameEntry(const EntryView& view, const Entry& entry) {
  const EntryHeader& a = view.header;
  const EntryHeader& b = entry.header;
  return a.epoch == b.epoch && a.index == b.index && a.time_unix_ms == b.time_unix_ms &&
         a.space == b.space && a.command == b.command && a.flags == b.flags &&
         view.actor == entry.actor && view.request_id == entry.request_id &&
         view.payload == entry.payload;
}

class LogTest : public testing::Test {
 protected:
  static constexpr uint64_t kCluster = 7;
  static constexpr uint64_t kSegment = 64 << 10;

  LogOptions Options() {
    LogOptions options;
    options.segment_bytes = kSegment;
    options.cluster_id = kCluster;
    options.clock = &clock_;
    options.random = &random_;
    return options;
  }

  // Opens or reopens; the log opened before is gone without being closed.
  void Open() {
    log_.reset();
    Result<std::unique_ptr<SegmentLog>> opened =
        SegmentLog::Open(disk_, "/log", Options(), &report_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    log_ = std::move(opened).value();
  }

  Status OpenStatus() {
    log_.reset();
    return SegmentLog::Open(disk_, "/log", Options(), &report_).status();
  }

  // Appends `count` entries as one group.
  Status Append(uint64_t count, size_t payload_bytes = 100) {
    return log_->AppendGroup(TestGroup(log_->end().index + 1, count, payload_bytes));
  }

  // The log holds TestEntry(first..last), whatever their payload size, chained and in order.
  void ExpectHolds(uint64_t first, uint64_t last) {
    EXPECT_EQ(log_->first_index(), first);
    EXPECT_EQ(log_->end().index, last);
    Result<std::unique_ptr<Reader>> reader = log_->ReadFrom(first);
    ASSERT_TRUE(reader.ok()) << reader.status().ToString();
    EntryView view;
    for (uint64_t index = first; index <= last; ++index) {
      const Result<bool> more = (*reader)->Next(&view);
      ASSERT_TRUE(more.ok()) << more.status().ToString();
      ASSERT_TRUE(*more) << "entry " << index;
      ASSERT_TRUE(SameEntry(view, TestEntry(index, view.payload.size(), view.header.epoch)));
      if (index == last) {
        EXPECT_EQ(view.chain, log_->end_chain());
      }
    }
    const Result<bool> more = (*reader)->Next(&view);
    ASSERT_TRUE(more.ok());
    EXPECT_FALSE(*more);
  }

  std::vector<std::string> Files() {
    const auto names = disk_.List("/log");
    return names.ok() ? *names : std::vector<std::string>();
  }

  // The newest segment file.
  std::string NewestPath() {
    std::string newest;
    for (const std::string& name : Files()) {
      if (name.ends_with(".seg")) newest = "/log/" + name;
    }
    return newest;
  }

  std::string ReadAll(const std::string& path) {
    const auto content = ReadFile(disk_, path, 1u << 30);
    EXPECT_TRUE(content.ok()) << content.status().ToString();
    return content.ok() ? *content : "";
  }

  void Overwrite(const std::string& path, uint64_t offset, std::string_view bytes) {
    const auto file = disk_.Open(path, OpenMode::kReadWrite);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->WriteAt(offset, std::span(&bytes, 1)).ok());
  }

  void FlipByte(const std::string& path, uint64_t offset) {
    const std::string content = ReadAll(path);
    ASSERT_LT(offset, content.size());
    const char flipped = static_cast<char>(content[offset] ^ 0x10);
    Overwrite(path, offset, {&flipped, 1});
  }

  crash::FaultFileSystem disk_;
  ManualClock clock_{1'768'557'600'000};
  SeededRandom random_{42};
  RecoveryReport report_;
  std::unique_ptr<SegmentLog> log_;
};

}  // namespace tenantry::log
