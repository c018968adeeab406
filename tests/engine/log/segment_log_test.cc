#include "engine/log/segment_log.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/engine/log/log_fixture.h"

namespace tenantry::log {
namespace {

class SegmentLogTest : public LogTest {};

TEST_F(SegmentLogTest, StartsEmptyAndSurvivesReopeningEmpty) {
  for (int i = 0; i < 3; ++i) {
    Open();
    EXPECT_EQ(report_.created, i == 0);
    EXPECT_EQ(log_->end(), (Position{0, 0}));
    EXPECT_EQ(log_->end_chain(), GenesisChain(kCluster));
    ExpectHolds(1, 0);
    EXPECT_EQ(Files().size(), 1u);
  }
}

TEST_F(SegmentLogTest, AppendedGroupsAreReadBackAcrossReopen) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  ASSERT_TRUE(Append(1, 5000).ok());
  ASSERT_TRUE(Append(2, 0).ok());
  ExpectHolds(1, 6);
  const Hash128 chain = log_->end_chain();
  Open();
  EXPECT_EQ(log_->end_chain(), chain);
  EXPECT_EQ(report_.cut_bytes, 0u);
  EXPECT_EQ(report_.rewritten_entries, 2u);
  ExpectHolds(1, 6);
  ASSERT_TRUE(Append(4).ok());
  ExpectHolds(1, 10);
}

TEST_F(SegmentLogTest, OneAppendIsOneWriteAndOneSync) {
  Open();
  const uint64_t before = disk_.operations();
  ASSERT_TRUE(Append(50).ok());
  EXPECT_EQ(disk_.operations() - before, 2u);
}

TEST_F(SegmentLogTest, RollsOverManySegmentsAndReadsFromAnyIndex) {
  Open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Append(3, 900).ok());
  EXPECT_GT(Files().size(), 3u);
  for (uint64_t first = 1; first <= 181; ++first) {
    auto reader = log_->ReadFrom(first);
    ASSERT_TRUE(reader.ok());
    EntryView view;
    const Result<bool> more = (*reader)->Next(&view);
    ASSERT_TRUE(more.ok()) << more.status().ToString();
    ASSERT_EQ(*more, first <= 180);
    if (*more) {
      EXPECT_TRUE(SameEntry(view, TestEntry(first, 900)));
    }
  }
  ExpectHolds(1, 180);
  Open();
  ExpectHolds(1, 180);
}

TEST_F(SegmentLogTest, AGroupLargerThanASegmentGetsALargerSegment) {
  Open();
  ASSERT_TRUE(Append(5, 100'000).ok());
  ASSERT_TRUE(Append(2).ok());
  ASSERT_TRUE(Append(4, 200'000).ok());
  ExpectHolds(1, 11);
  Open();
  ExpectHolds(1, 11);
  ASSERT_TRUE(Append(1).ok());
  ExpectHolds(1, 12);
}

TEST_F(SegmentLogTest, EntriesMustContinueTheLog) {
  Open();
  ASSERT_TRUE(log_->AppendGroup(TestGroup(1, 2, 10, 3)).ok());
  const uint64_t before = disk_.operations();
  EXPECT_EQ(log_->AppendGroup(TestGroup(2, 1, 10, 3)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(log_->AppendGroup(TestGroup(4, 1, 10, 3)).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(log_->AppendGroup(TestGroup(3, 1, 10, 2)).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(log_->AppendGroup({}).ok());
  EXPECT_EQ(disk_.operations(), before) << "nothing was written";
  EXPECT_TRUE(log_->AppendGroup(TestGroup(3, 1, 10, 5)).ok());
  EXPECT_EQ(log_->end(), (Position{5, 3}));
  Open();
  EXPECT_EQ(log_->end(), (Position{5, 3}));
}

TEST_F(SegmentLogTest, TrimRemovesWholeSealedSegmentsOnly) {
  Open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Append(3, 900).ok());
  const size_t files = Files().size();
  ASSERT_TRUE(log_->TrimBefore(1).ok());
  EXPECT_EQ(Files().size(), files);
  ASSERT_TRUE(log_->TrimBefore(100).ok());
  const uint64_t first = log_->first_index();
  EXPECT_GT(first, 1u);
  EXPECT_LE(first, 100u);
  EXPECT_LT(Files().size(), files);
  EXPECT_EQ(log_->ReadFrom(first - 1).status().code(), StatusCode::kNotFound);
  ExpectHolds(first, 180);
  Open();
  ExpectHolds(first, 180);
  ASSERT_TRUE(log_->TrimBefore(UINT64_MAX).ok());
  EXPECT_EQ(log_->end().index, 180u);
  ASSERT_TRUE(Append(1, 900).ok());
  ExpectHolds(log_->first_index(), 181);
}

TEST_F(SegmentLogTest, AReaderOfATrimmedEntrySaysSo) {
  Open();
  ASSERT_TRUE(Append(1, 900).ok());
  auto reader = log_->ReadFrom(1);
  ASSERT_TRUE(reader.ok());
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Append(3, 900).ok());
  ASSERT_TRUE(log_->TrimBefore(150).ok());
  EntryView view;
  EXPECT_EQ((*reader)->Next(&view).status().code(), StatusCode::kNotFound);
}

TEST_F(SegmentLogTest, AReaderAtTheEndFindsWhatIsAppendedLater) {
  Open();
  auto reader = log_->ReadFrom(1);
  ASSERT_TRUE(reader.ok());
  EntryView view;
  EXPECT_FALSE(*(*reader)->Next(&view));
  for (uint64_t i = 1; i <= 80; ++i) {
    ASSERT_TRUE(Append(1, 3000).ok());
    ASSERT_TRUE(*(*reader)->Next(&view));
    EXPECT_TRUE(SameEntry(view, TestEntry(i, 3000)));
    EXPECT_FALSE(*(*reader)->Next(&view));
  }
  EXPECT_EQ(log_->ReadFrom(82).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(SegmentLogTest, AReaderFollowsAnEmptySegmentThatIsReplacedByALargerOne) {
  Open();
  auto reader = log_->ReadFrom(1);
  EntryView view;
  EXPECT_FALSE(*(*reader)->Next(&view));
  ASSERT_TRUE(Append(1, 200'000).ok());
  ASSERT_TRUE(*(*reader)->Next(&view));
  EXPECT_TRUE(SameEntry(view, TestEntry(1, 200'000)));
}

// Goal: readers never see an entry that is torn or not durable, while another thread appends, rolls
// and trims.
TEST_F(SegmentLogTest, ReadersRunWhileEntriesAreAppendedAndTrimmed) {
  Open();
  std::atomic<bool> done{false};
  std::thread appender([&] {
    for (int i = 0; i < 400; ++i) {
      ASSERT_TRUE(Append(1 + static_cast<uint64_t>(i) % 7, 700).ok());
      ASSERT_TRUE(log_->EnsureSpace().ok());
    }
    done = true;
  });
  std::thread trimmer([&] {
    while (!done) {
      const uint64_t end = log_->end().index;
      ASSERT_TRUE(log_->TrimBefore(end > 800 ? end - 800 : 0).ok());
      std::this_thread::yield();
    }
  });
  uint64_t seen = 0;
  uint64_t next = 1;
  while (!done || next <= log_->end().index) {
    auto reader = log_->ReadFrom(next);
    if (!reader.ok()) {
      ASSERT_EQ(reader.status().code(), StatusCode::kNotFound);
      next = log_->first_index();
      continue;
    }
    EntryView view;
    for (;;) {
      const Result<bool> more = (*reader)->Next(&view);
      if (!more.ok()) {
        ASSERT_EQ(more.status().code(), StatusCode::kNotFound) << more.status().ToString();
        next = log_->first_index();
        break;
      }
      if (!*more) break;
      ASSERT_EQ(view.header.index, next);
      ASSERT_LE(next, log_->end().index);
      ASSERT_TRUE(SameEntry(view, TestEntry(next, 700)));
      ++next;
      ++seen;
    }
  }
  appender.join();
  trimmer.join();
  EXPECT_GT(seen, 800u);
}

// Goal: the reserve's zeros follow the appends, so that a node that writes little writes few of them.
TEST_F(SegmentLogTest, TheReserveWantsZerosAsTheSegmentFills) {
  Open();
  const auto used = [this] {
    return log_->segments() == 1 ? log_->end().index * 4 * kPageBytes : 0;
  };
  while (used() + 4 * kPageBytes < kSegment / 2) {
    ASSERT_TRUE(Append(1, 3 * kPageBytes).ok());
    ASSERT_TRUE(log_->EnsureSpace().ok());
    EXPECT_FALSE(log_->wants_zeros()) << "before half";
  }
  ASSERT_TRUE(Append(1, 3 * kPageBytes).ok());
  ASSERT_TRUE(Append(1, 3 * kPageBytes).ok());
  ASSERT_TRUE(log_->EnsureSpace().ok());
  EXPECT_TRUE(log_->wants_zeros());
  while (log_->wants_zeros()) ASSERT_TRUE(log_->ZeroSome().ok());
  while (log_->segments() < 3) ASSERT_TRUE(Append(1, 3000).ok());
  ExpectHolds(1, log_->end().index);
}

// Goal: a log that rests prepares its reserve for the next burst, unless hardly anything was appended, and stops when appends
// come before it was done.
TEST_F(SegmentLogTest, AtRestTheReserveWantsAllItsZeros) {
  Open();
  ASSERT_TRUE(Append(1, 100).ok());
  ASSERT_TRUE(log_->PrepareAtRest().ok());
  EXPECT_FALSE(log_->wants_zeros()) << "before an eighth";
  EXPECT_EQ(Files().size(), 1u);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Append(1, 3000).ok());
  ASSERT_TRUE(log_->EnsureSpace().ok());
  EXPECT_FALSE(log_->wants_zeros()) << "before half, and not at rest";
  ASSERT_TRUE(log_->PrepareAtRest().ok());
  EXPECT_TRUE(log_->wants_zeros());
  ASSERT_TRUE(Append(1, 100).ok());
  ASSERT_TRUE(log_->EnsureSpace().ok());
  EXPECT_FALSE(log_->wants_zeros()) << "appends come again";
  ASSERT_TRUE(log_->PrepareAtRest().ok());
  while (log_->wants_zeros()) ASSERT_TRUE(log_->ZeroSome().ok());
  const auto file = disk_.Open("/log/next.tmp", OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  std::string reserve(kSegment, 'x');
  ASSERT_EQ(*(*file)->ReadAt(0, reserve.data(), reserve.size()), reserve.size());
  EXPECT_EQ(reserve.find_first_not_of('\0'), std::string::npos);
  ASSERT_TRUE(log_->PrepareAtRest().ok());
  EXPECT_FALSE(log_->wants_zeros()) << "twice";
  while (log_->segments() < 3) ASSERT_TRUE(Append(1, 3000).ok());
  ExpectHolds(1, log_->end().index);
}

TEST_F(SegmentLogTest, PreparingAtRestRefusesNothing) {
  Open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Append(1, 3000).ok());
  disk_.SetCapacity(kSegment);
  EXPECT_EQ(log_->PrepareAtRest().code(), StatusCode::kNoSpace);
  EXPECT_TRUE(log_->growth_possible()) << "the room is not needed yet";
  EXPECT_FALSE(log_->wants_zeros());
  EXPECT_EQ(Files().size(), 1u) << "a partial reserve is given back";
  ASSERT_TRUE(Append(1, 3000).ok());
  ExpectHolds(1, 5);
  const uint64_t operations = disk_.operations();
  EXPECT_TRUE(log_->PrepareAtRest().ok());
  EXPECT_EQ(disk_.operations(), operations) << "tried once in a segment";
}

// Goal: of the appends into blocks that were never written, few find them so.
// Method: fill the blocks of a reserve that nobody zeroed with something else, take it over, and look what is behind the first
// entry: that the append wrote.
TEST_F(SegmentLogTest, AnAppendBringsZerosForThoseBehindIt) {
  const std::string garbage = SeededRandom(7).Bytes(kSegment);
  {
    ASSERT_TRUE(disk_.MakeDirectories("/log").ok());
    const auto file = disk_.Open("/log/next.tmp", OpenMode::kCreate);
    const std::string_view part = garbage;
    ASSERT_TRUE((*file)->WriteAt(0, std::span(&part, 1)).ok());
  }
  Open();
  ASSERT_TRUE(Append(1, 100).ok());
  const auto file = disk_.Open("/log/" + SegmentFileName(1), OpenMode::kRead);
  ASSERT_TRUE(file.ok());
  std::string behind(kSegment - 2 * kPageBytes, 'x');
  ASSERT_EQ(*(*file)->ReadAt(2 * kPageBytes, behind.data(), behind.size()), behind.size());
  EXPECT_EQ(behind.find_first_not_of('\0'), std::string::npos);
  ExpectHolds(1, 1);
}

TEST_F(SegmentLogTest, ZeroingTheReserveNeverTouchesASegment) {
  Open();
  std::atomic<bool> done{false};
  std::atomic<int> zeroed{0};
  std::thread zeroer([&] {
    while (!done) {
      if (!log_->wants_zeros()) {
        std::this_thread::yield();
        continue;
      }
      ASSERT_TRUE(log_->ZeroSome().ok());
      ++zeroed;
    }
  });
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(Append(1 + static_cast<uint64_t>(i) % 7, 700).ok());
    ASSERT_TRUE(log_->EnsureSpace().ok());
    // Now and then it may finish; otherwise it races with the appends.
    while (i % 50 == 0 && log_->wants_zeros()) std::this_thread::yield();
  }
  done = true;
  zeroer.join();
  EXPECT_GT(zeroed, 0);
  ExpectHolds(1, log_->end().index);
  Open();
  ExpectHolds(1, log_->end().index);
}

TEST_F(SegmentLogTest, AClosedLogReopensWithoutAScanAndRefusesAppends) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  ASSERT_TRUE(log_->Close().ok());
  EXPECT_EQ(Append(1).code(), StatusCode::kUnavailable);
  Open();
  EXPECT_EQ(report_.rewritten_entries, 0u);
  ExpectHolds(1, 3);
  ASSERT_TRUE(log_->Close().ok());
  Open();
  ExpectHolds(1, 3);
  ASSERT_TRUE(Append(1).ok());
  ExpectHolds(1, 4);
}

TEST_F(SegmentLogTest, RestartsDoNotPileUpSegments) {
  Open();
  ASSERT_TRUE(Append(3).ok());
  for (int i = 0; i < 5; ++i) Open();
  const size_t files = Files().size();
  for (int i = 0; i < 5; ++i) Open();
  EXPECT_EQ(Files().size(), files);
  ExpectHolds(1, 3);
}

TEST_F(SegmentLogTest, AFollowerStartsBehindAFullSync) {
  LogOptions options = Options();
  options.start = LogStart{.previous = {.epoch = 4, .index = 900}, .previous_chain = {1, 2}};
  auto opened = SegmentLog::Open(disk_, "/log", options, nullptr);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ((*opened)->end(), (Position{4, 900}));
  EXPECT_EQ((*opened)->end_chain(), (Hash128{1, 2}));
  EXPECT_EQ((*opened)->first_index(), 901u);
  ASSERT_TRUE((*opened)->AppendGroup(TestGroup(901, 2, 10, 4)).ok());
  opened->reset();
  Open();
  ExpectHolds(901, 902);
}

TEST_F(SegmentLogTest, AFailedSyncIsFinal) {
  Open();
  ASSERT_TRUE(Append(1).ok());
  disk_.FailAt(disk_.operations() + 2);
  EXPECT_EQ(Append(1).code(), StatusCode::kIoError);
  EXPECT_EQ(log_->end().index, 1u);
  const uint64_t before = disk_.operations();
  EXPECT_EQ(Append(1).code(), StatusCode::kIoError);
  EXPECT_EQ(log_->EnsureSpace().code(), StatusCode::kIoError);
  EXPECT_EQ(disk_.operations(), before) << "a sync is never retried";
}

// Goal: a group that was readable from the page cache after a failed sync is made durable before it
// is served. Method: fail the sync, reopen as a restarted process would, lose power, and look
// again.
TEST_F(SegmentLogTest, WhatIsServedAfterAFailedSyncAndARestartIsDurable) {
  Open();
  ASSERT_TRUE(Append(2).ok());
  ASSERT_TRUE(Append(2).ok());
  disk_.FailAt(disk_.operations() + 2);
  ASSERT_EQ(Append(3).code(), StatusCode::kIoError);
  Open();
  EXPECT_EQ(report_.rewritten_entries, 3u);
  ExpectHolds(1, 7);
  log_.reset();
  crash::FaultFileSystem after(
      disk_.Capture(), {.mode = crash::LossMode::kDropUnsynced, .seed = 0, .journalled = ""});
  auto opened = SegmentLog::Open(after, "/log", Options(), nullptr);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ((*opened)->end().index, 7u);
}

TEST_F(SegmentLogTest, AFullDiskShowsBeforeAnAppendAndHeals) {
  Open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(Append(1, 3000).ok());
  EXPECT_TRUE(log_->EnsureSpace().ok());
  EXPECT_EQ(Files().size(), 1u) << "no reserve before half";
  disk_.SetCapacity(kSegment);
  ASSERT_TRUE(Append(1, 3000).ok());
  EXPECT_EQ(log_->EnsureSpace().code(), StatusCode::kNoSpace);
  EXPECT_FALSE(log_->growth_possible());
  EXPECT_EQ(Files().size(), 1u) << "a partial reserve is given back";
  // Deletes use what is left of the segment.
  uint64_t appended = 0;
  while (true) {
    const Status status = Append(1, 3000);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), StatusCode::kNoSpace);
      break;
    }
    ++appended;
  }
  EXPECT_GE(appended, 5u);
  ExpectHolds(1, 7 + appended);
  EXPECT_EQ(Append(1, 3000).code(), StatusCode::kNoSpace);
  disk_.SetCapacity(UINT64_MAX);
  EXPECT_TRUE(log_->EnsureSpace().ok());
  EXPECT_TRUE(log_->growth_possible());
  ASSERT_TRUE(Append(1, 3000).ok());
  ExpectHolds(1, 8 + appended);
}

TEST_F(SegmentLogTest, StartsOnAFullDiskInALittleRoom) {
  Open();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Append(1, 3000).ok());
  log_.reset();
  disk_.SetCapacity(kSegment + 5 * kPageBytes);
  Open();
  EXPECT_FALSE(log_->growth_possible());
  ExpectHolds(1, 4);
  ASSERT_TRUE(Append(1, 100).ok());
  disk_.SetCapacity(UINT64_MAX);
  EXPECT_TRUE(log_->EnsureSpace().ok());
  EXPECT_TRUE(log_->growth_possible());
  ASSERT_TRUE(Append(2, 3000).ok());
  ExpectHolds(1, 7);
}

TEST_F(SegmentLogTest, SegmentSizeIsChecked) {
  for (const uint64_t bytes : {uint64_t{0}, kSegmentBytesMin - kPageBytes, kSegmentBytesMin + 1}) {
    LogOptions options = Options();
    options.segment_bytes = bytes;
    EXPECT_EQ(SegmentLog::Open(disk_, "/log", options, nullptr).status().code(),
              StatusCode::kInvalidArgument);
  }
}

// The same on the real file system.
TEST_F(SegmentLogTest, WorksOnRealFiles) {
  PosixFileSystem files;
  const std::string folder =
      testing::TempDir() + "tenantry_segment_log_" + std::to_string(SystemRandom().Next64());
  uint64_t end = 0;
  for (int round = 0; round < 3; ++round) {
    auto log = SegmentLog::Open(files, folder, Options(), &report_);
    ASSERT_TRUE(log.ok()) << log.status().ToString();
    EXPECT_EQ((*log)->end().index, end);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE((*log)->AppendGroup(TestGroup(end + 1, 3, 2000)).ok());
      ASSERT_TRUE((*log)->EnsureSpace().ok());
      end += 3;
    }
    auto reader = (*log)->ReadFrom(1);
    ASSERT_TRUE(reader.ok());
    EntryView view;
    for (uint64_t index = 1; index <= end; ++index) {
      const Result<bool> more = (*reader)->Next(&view);
      ASSERT_TRUE(more.ok()) << more.status().ToString();
      ASSERT_TRUE(*more);
      ASSERT_TRUE(SameEntry(view, TestEntry(index, 2000)));
    }
    if (round == 1) {
      ASSERT_TRUE((*log)->Close().ok());
    }
  }
  const auto names = files.List(folder);
  ASSERT_TRUE(names.ok());
  for (const std::string& name : *names) ASSERT_TRUE(files.Remove(folder + "/" + name).ok());
  std::remove(folder.c_str());
}

}  // namespace
}  // namespace tenantry::log
