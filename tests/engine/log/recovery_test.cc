#include "engine/log/recovery.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/log/segment_scan.h"
#include "tests/engine/log/log_fixture.h"

namespace tenantry::log {
namespace {

class RecoveryTest : public LogTest {
 protected:
  // Copies the folder as it is now to a fresh disk, so that one log can be damaged in many ways.
  void Snapshot() {
    log_.reset();
    snapshot_.clear();
    for (const std::string& name : Files()) snapshot_[name] = ReadAll("/log/" + name);
  }

  void Restore() {
    log_.reset();
    for (const std::string& name : Files()) ASSERT_TRUE(disk_.Remove("/log/" + name).ok());
    for (const auto& [name, content] : snapshot_) {
      const auto file = disk_.Open("/log/" + name, OpenMode::kCreate);
      ASSERT_TRUE(file.ok());
      const std::string_view part = content;
      ASSERT_TRUE((*file)->WriteAt(0, std::span(&part, 1)).ok());
    }
  }

  // Where the group that starts with `index` stands in the newest segment.
  uint64_t GroupOffset(uint64_t index) {
    const auto file = disk_.Open(NewestPath(), OpenMode::kRead);
    const auto header = ReadSegmentHeader(**file, NewestPath());
    const auto scan = ScanSegment(**file, *header, index - 1);
    EXPECT_EQ(scan->tail.last.index, index - 1);
    return scan->tail.end_offset;
  }

  std::map<std::string, std::string> snapshot_;
};

// Goal: whatever part of the last, unsynced group reached the disk, it goes as a whole and nothing
// else does. Method: cut the group's bytes to zeros from every offset on.
TEST_F(RecoveryTest, ATornLastGroupIsCutAtEveryByte) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  ASSERT_TRUE(Append(2, 2500).ok());
  ASSERT_TRUE(Append(2, 2500).ok());
  const uint64_t start = GroupOffset(6);
  const uint64_t whole = kGroupHeaderBytes + 2 * EncodedEntryBytes(TestEntry(6, 2500));
  Snapshot();
  const std::string path = NewestPath();
  const uint64_t step = 7;
  for (uint64_t kept = 0; kept < whole; kept += kept < 300 || kept + 300 > whole ? 1 : step) {
    Restore();
    Overwrite(path, start + kept, std::string(whole - kept, '\0'));
    Open();
    ASSERT_FALSE(HasFatalFailure()) << kept;
    // The group's last bytes may happen to be zeros; then nothing is missing.
    if (log_->end().index == 7) {
      EXPECT_GT(kept + 4, whole);
      continue;
    }
    EXPECT_EQ(log_->end().index, 5u) << kept;
    EXPECT_EQ(report_.cut_bytes > 0, kept > 0) << kept;
    EXPECT_LE(report_.cut_bytes, kept);
    if (kept >= kGroupHeaderBytes) {
      EXPECT_EQ(report_.cut_entries, 2u);
    }
    if (kept > 0) {
      EXPECT_EQ(report_.cut_file, path);
      EXPECT_EQ(report_.cut_offset, start);
    }
    ASSERT_TRUE(Append(1).ok());
    ExpectHolds(1, 6);
  }
}

// The same with later pages of the group intact and the first ones missing.
TEST_F(RecoveryTest, ATornLastGroupWithIntactLaterPagesIsCut) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  ASSERT_TRUE(Append(6, 2500).ok());
  const uint64_t start = GroupOffset(4);
  Snapshot();
  for (uint64_t page = 0; page < 4; ++page) {
    Restore();
    Overwrite(NewestPath(), start + page * kPageBytes, std::string(kPageBytes, '\0'));
    Open();
    ASSERT_FALSE(HasFatalFailure());
    ExpectHolds(1, 3);
    EXPECT_GT(report_.cut_bytes, kPageBytes);
  }
}

// Goal: damage to anything acknowledged is refused with its place, never cut.
// Method: flip every byte (by steps) of every group but the last, which nothing in the file vouches
// for.
TEST_F(RecoveryTest, DamageInTheMiddleIsRefusedWithItsPlace) {
  Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Append(2, 300).ok());
  const std::string path = NewestPath();
  const uint64_t group_bytes = kGroupHeaderBytes + 2 * EncodedEntryBytes(TestEntry(1, 300));
  std::vector<uint64_t> starts;
  for (uint64_t first = 1; first <= 7; first += 2) starts.push_back(GroupOffset(first));
  Snapshot();
  for (size_t group = 0; group < starts.size(); ++group) {
    for (uint64_t at = 0; at < group_bytes; at += 11) {
      Restore();
      FlipByte(path, starts[group] + at);
      const Status status = OpenStatus();
      ASSERT_EQ(status.code(), StatusCode::kCorruption) << group << "+" << at;
      const std::string message(status.message());
      EXPECT_NE(message.find(path), std::string::npos) << message;
      const bool first =
          message.find("entry " + std::to_string(2 * group + 1)) != std::string::npos;
      const bool second =
          message.find("entry " + std::to_string(2 * group + 2)) != std::string::npos;
      EXPECT_TRUE(first || second) << message;
    }
  }
  Restore();
  Open();
  ExpectHolds(1, 10);
}

TEST_F(RecoveryTest, ADamagedPayloadNamesItsSpaceAndOffset) {
  Open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Append(1, 300).ok());
  const uint64_t entry = GroupOffset(2) + kGroupHeaderBytes;
  FlipByte(NewestPath(), entry + EncodedEntryBytes(TestEntry(2, 300)) - 1);
  const Status status = OpenStatus();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("offset " + std::to_string(entry) + ", entry 2 of space 2"),
            std::string_view::npos)
      << status.ToString();
}

TEST_F(RecoveryTest, AZeroedPageInTheMiddleIsDamage) {
  Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Append(2, 300).ok());
  Overwrite(NewestPath(), GroupOffset(3), std::string(kPageBytes, '\0'));
  EXPECT_EQ(OpenStatus().code(), StatusCode::kCorruption);
}

TEST_F(RecoveryTest, DamageInASealedSegmentIsFoundByItsReader) {
  Open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Append(3, 900).ok());
  const std::string first = "/log/" + SegmentFileName(1);
  FlipByte(first, kSegmentHeaderBytes + kPageBytes + kGroupHeaderBytes + 200);
  Open();
  auto reader = log_->ReadFrom(1);
  ASSERT_TRUE(reader.ok());
  EntryView view;
  Status status;
  while (status.ok()) status = (*reader)->Next(&view).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find(first), std::string_view::npos) << status.ToString();
  EXPECT_NE(status.message().find("entry 4"), std::string_view::npos) << status.ToString();
}

TEST_F(RecoveryTest, ADamagedFooterIsReplacedByAScan) {
  Open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Append(3, 900).ok());
  const std::string first = "/log/" + SegmentFileName(1);
  const uint64_t bytes = ReadAll(first).size();
  FlipByte(first, bytes - kSegmentFooterBytes + 30);
  Open();
  ExpectHolds(1, 180);
  const auto file = disk_.Open(first, OpenMode::kRead);
  const auto header = ReadSegmentHeader(**file, first);
  EXPECT_TRUE((*ReadFooter(**file, *header)).has_value()) << "it was written again";
}

TEST_F(RecoveryTest, ADamagedFooterOfAClosedLogLosesNothing) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  ASSERT_TRUE(Append(3).ok());
  ASSERT_TRUE(log_->Close().ok());
  const std::string path = NewestPath();
  FlipByte(path, ReadAll(path).size() - 10);
  const Status status = OpenStatus();
  // The file is shorter than it was created and nothing says why: refused, not guessed.
  EXPECT_EQ(status.code(), StatusCode::kCorruption) << status.ToString();
}

TEST_F(RecoveryTest, ATruncatedNewestSegmentIsDamage) {
  Open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Append(2, 300).ok());
  log_.reset();
  {
    const auto file = disk_.Open(NewestPath(), OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->Truncate(kSegmentHeaderBytes + 2 * kPageBytes).ok());
  }
  EXPECT_EQ(OpenStatus().code(), StatusCode::kCorruption);
}

TEST_F(RecoveryTest, AMissingSegmentInTheMiddleIsNamed) {
  Open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Append(3, 900).ok());
  log_.reset();
  std::vector<std::string> segments;
  for (const std::string& name : Files()) {
    if (name.ends_with(".seg")) segments.push_back(name);
  }
  ASSERT_GT(segments.size(), 3u);
  uint64_t first = 0;
  ASSERT_TRUE(ParseSegmentFileName(segments[1], &first));
  ASSERT_TRUE(disk_.Remove("/log/" + segments[1]).ok());
  const Status status = OpenStatus();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("entries " + std::to_string(first) + " to"),
            std::string_view::npos)
      << status.ToString();
}

TEST_F(RecoveryTest, SegmentsInTheWrongPlaceAreRefused) {
  Open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Append(3, 900).ok());
  log_.reset();
  std::vector<std::string> segments;
  for (const std::string& name : Files()) {
    if (name.ends_with(".seg")) segments.push_back("/log/" + name);
  }
  Snapshot();
  // Swapped names.
  ASSERT_TRUE(disk_.Rename(segments[1], "/log/x").ok());
  ASSERT_TRUE(disk_.Rename(segments[2], segments[1]).ok());
  ASSERT_TRUE(disk_.Rename("/log/x", segments[2]).ok());
  EXPECT_EQ(OpenStatus().code(), StatusCode::kCorruption);
  // A segment of a log with another history.
  Restore();
  crash::FaultFileSystem other_disk;
  auto other = SegmentLog::Open(other_disk, "/log", Options(), nullptr);
  for (uint64_t i = 0; i < 60; ++i) {
    ASSERT_TRUE((*other)->AppendGroup(TestGroup(1 + 3 * i, 3, 900, 2)).ok());
  }
  const auto foreign = ReadFile(other_disk, segments[1], 1 << 20);
  ASSERT_TRUE(foreign.ok());
  ASSERT_TRUE(disk_.Remove(segments[1]).ok());
  const auto file = disk_.Open(segments[1], OpenMode::kCreate);
  const std::string_view part = *foreign;
  ASSERT_TRUE((*file)->WriteAt(0, std::span(&part, 1)).ok());
  const Status status = OpenStatus();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("chain"), std::string_view::npos) << status.ToString();
}

TEST_F(RecoveryTest, AnotherClustersLogIsRefused) {
  Open();
  ASSERT_TRUE(Append(1).ok());
  log_.reset();
  LogOptions options = Options();
  options.cluster_id = kCluster + 1;
  const Status status = SegmentLog::Open(disk_, "/log", options, nullptr).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("cluster 7"), std::string_view::npos);
}

// Goal: blocks that held another segment's groups never count as groups of this one, nor as proof
// of damage. Method: put whole old groups, and a whole old footer, into the free room of a new
// segment.
TEST_F(RecoveryTest, ReusedBlocksNeverValidate) {
  Open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Append(1).ok());
  const std::string old = ReadAll(NewestPath());
  log_.reset();
  ASSERT_TRUE(disk_.Remove(NewestPath()).ok());
  Open();
  ASSERT_TRUE(Append(1).ok());
  ASSERT_TRUE(Append(1).ok());
  // The old groups 3 to 6 stand exactly where this segment's would.
  const uint64_t at = GroupOffset(3);
  Overwrite(NewestPath(), at, std::string_view(old).substr(at, 4 * kPageBytes));
  Open();
  ExpectHolds(1, 2);
  EXPECT_GT(report_.cut_bytes, 0u);
}

TEST_F(RecoveryTest, ACrashBetweenSealAndNextSegmentIsFine) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  ASSERT_TRUE(log_->Close().ok());
  // Not yet truncated: the footer is followed by zeros.
  const std::string path = NewestPath();
  const uint64_t bytes = ReadAll(path).size();
  Overwrite(path, kSegment - 1, std::string(1, '\0'));
  ASSERT_GT(ReadAll(path).size(), bytes);
  Open();
  ExpectHolds(1, 3);
}

TEST_F(RecoveryTest, AnUnfinishedReserveIsTakenOver) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  log_.reset();
  const auto file = disk_.Open("/log/next.tmp", OpenMode::kCreate);
  const std::string garbage = SeededRandom(5).Bytes(kSegment / 2);
  const std::string_view part = garbage;
  ASSERT_TRUE((*file)->WriteAt(0, std::span(&part, 1)).ok());
  Open();
  ExpectHolds(1, 3);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(Append(3, 900).ok());
  ExpectHolds(1, 93);
  Open();
  ExpectHolds(1, 93);
}

TEST_F(RecoveryTest, FilesOfOthersAreLeftAlone) {
  Open();
  log_.reset();
  ASSERT_TRUE(disk_.Open("/log/notes.txt", OpenMode::kCreate).ok());
  Open();
  EXPECT_TRUE(*disk_.Exists("/log/notes.txt"));
}

}  // namespace
}  // namespace tenantry::log
