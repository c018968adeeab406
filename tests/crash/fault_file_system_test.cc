#include "tests/crash/fault_file_system.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace tenantry::crash {
namespace {

class FaultFileSystemTest : public testing::Test {
 protected:
  void Write(const std::string& path, uint64_t offset, std::string_view bytes, bool sync) {
    const bool exists = *disk_.Exists(path);
    auto file = disk_.Open(path, exists ? OpenMode::kReadWrite : OpenMode::kCreate);
    ASSERT_TRUE(file.ok()) << file.status().ToString();
    ASSERT_TRUE((*file)->WriteAt(offset, std::span(&bytes, 1)).ok());
    if (sync) {
      ASSERT_TRUE((*file)->SyncData().ok());
    }
  }

  // What is in a file after a power loss; "-" when it does not exist.
  std::string After(const std::string& path, LossMode mode, uint64_t seed = 1) {
    FaultFileSystem after(
        disk_.Capture(),
        {.mode = mode, .seed = seed, .destroy_torn = false, .journalled = journalled_});
    const auto content = ReadFile(after, path, 1 << 20);
    return content.ok() ? *content : "-";
  }

  FaultFileSystem disk_;
  std::string journalled_;
};

TEST_F(FaultFileSystemTest, OnlySyncedBytesAndNamesAreSureToSurvive) {
  Write("/a", 0, "old", true);
  EXPECT_EQ(After("/a", LossMode::kDropUnsynced), "-") << "its name was not synced";
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  EXPECT_EQ(After("/a", LossMode::kDropUnsynced), "old");
  Write("/a", 0, "new", false);
  EXPECT_EQ(After("/a", LossMode::kDropUnsynced), "old");
  EXPECT_EQ(After("/a", LossMode::kKeepAll), "new");
  EXPECT_EQ(*ReadFile(disk_, "/a", 10), "new") << "a process sees the cache";
}

TEST_F(FaultFileSystemTest, NamesAndBytesAreLostApart) {
  Write("/a", 0, "data", true);
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  Write("/b", 0, "fresh", false);
  ASSERT_TRUE(disk_.Rename("/b", "/a").ok());
  EXPECT_EQ(After("/a", LossMode::kNamesWithoutData), std::string(5, '\0'));
  EXPECT_EQ(After("/a", LossMode::kDataWithoutNames), "data");
  EXPECT_EQ(After("/b", LossMode::kNamesWithoutData), "-");
}

TEST_F(FaultFileSystemTest, ARemovedFileComesBackUntilTheFolderIsSynced) {
  Write("/a", 0, "data", true);
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  ASSERT_TRUE(disk_.Remove("/a").ok());
  EXPECT_EQ(After("/a", LossMode::kDropUnsynced), "data");
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  EXPECT_EQ(After("/a", LossMode::kDropUnsynced), "-");
}

// Goal: each mode does what its name says, and both outcomes of every coin occur. Method: many
// seeds.
TEST_F(FaultFileSystemTest, TearingAndReorderingReachTheStatesTheyName) {
  Write("/a", 0, std::string(8192, 'o'), true);
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  Write("/a", 0, std::string(8192, 'n'), false);
  Write("/a", 0, std::string(512, 'm'), false);
  bool sector_hole = false;
  bool page_hole = false;
  bool later_without_earlier = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string sectors = After("/a", LossMode::kTear512, seed);
    for (size_t at = 512; at + 512 < sectors.size(); at += 512) {
      const std::string_view sector = std::string_view(sectors).substr(at, 512);
      ASSERT_TRUE(sector == std::string(512, 'o') || sector == std::string(512, 'n'));
      sector_hole |= sector[0] == 'o' && sectors[at + 512] == 'n';
    }
    const std::string pages = After("/a", LossMode::kTear4096, seed);
    page_hole |= pages[1000] == 'o' && pages[5000] == 'n';
    const std::string reordered = After("/a", LossMode::kReorder, seed);
    later_without_earlier |= reordered[0] == 'm' && reordered[600] == 'o';
    EXPECT_EQ(After("/a", LossMode::kReorder, seed), reordered) << "deterministic";
    const std::string prefix = After("/a", LossMode::kPrefix, seed);
    EXPECT_FALSE(prefix[0] == 'm' && prefix[8191] == 'o') << "in order";
  }
  EXPECT_TRUE(sector_hole);
  EXPECT_TRUE(page_hole);
  EXPECT_TRUE(later_without_earlier);
}

TEST_F(FaultFileSystemTest, AJournalledFolderKeepsOrderAndPrefixes) {
  ASSERT_TRUE(disk_.MakeDirectories("/db").ok());
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  journalled_ = "/db";
  Write("/db/first", 0, std::string(3000, 'a'), false);
  Write("/db/first", 3000, std::string(3000, 'b'), false);
  Write("/db/second", 0, "x", false);
  for (const LossMode mode : {LossMode::kTear512, LossMode::kTear4096, LossMode::kReorder}) {
    for (uint64_t seed = 0; seed < 100; ++seed) {
      const std::string first = After("/db/first", mode, seed);
      const std::string second = After("/db/second", mode, seed);
      EXPECT_FALSE(first == "-" && second != "-") << "names in order";
      if (first == "-") continue;
      const std::string whole = std::string(3000, 'a') + std::string(3000, 'b');
      EXPECT_EQ(first, whole.substr(0, first.size())) << "a prefix";
    }
  }
}

TEST_F(FaultFileSystemTest, PowerGoesAtTheNumberedOperation) {
  Write("/a", 0, "one", true);
  const uint64_t done = disk_.operations();
  EXPECT_EQ(done, 3u) << "create, write, sync";
  disk_.StopAt(done + 1);
  auto file = disk_.Open("/a", OpenMode::kReadWrite);
  const std::string_view part = "two";
  EXPECT_EQ((*file)->WriteAt(0, std::span(&part, 1)).code(), StatusCode::kIoError);
  EXPECT_TRUE(disk_.stopped());
  EXPECT_FALSE((*file)->SyncData().ok());
  EXPECT_FALSE(disk_.List("/").ok());
  EXPECT_EQ(After("/a", LossMode::kKeepAll), "two") << "it may have reached the disk";
}

TEST_F(FaultFileSystemTest, AFailedSyncMakesNothingDurableLater) {
  Write("/a", 0, "old", true);
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  auto file = disk_.Open("/a", OpenMode::kReadWrite);
  const std::string_view lost = "new";
  ASSERT_TRUE((*file)->WriteAt(0, std::span(&lost, 1)).ok());
  disk_.FailAt(disk_.operations() + 1);
  EXPECT_EQ((*file)->SyncData().code(), StatusCode::kIoError);
  EXPECT_TRUE((*file)->SyncData().ok()) << "the second one lies";
  EXPECT_EQ(*ReadFile(disk_, "/a", 10), "new");
  EXPECT_EQ(After("/a", LossMode::kKeepAll), "old");
  const std::string_view kept = "X";
  ASSERT_TRUE((*file)->WriteAt(1, std::span(&kept, 1)).ok());
  ASSERT_TRUE((*file)->SyncData().ok());
  EXPECT_EQ(After("/a", LossMode::kDropUnsynced), "oXd");
}

TEST_F(FaultFileSystemTest, AFullDiskRefusesGrowthOnly) {
  Write("/a", 0, std::string(100, 'a'), true);
  disk_.SetCapacity(150);
  auto file = disk_.Open("/a", OpenMode::kReadWrite);
  EXPECT_EQ((*file)->Allocate(151).code(), StatusCode::kNoSpace);
  EXPECT_TRUE((*file)->Allocate(150).ok());
  const std::string_view part = "b";
  EXPECT_TRUE((*file)->WriteAt(149, std::span(&part, 1)).ok());
  EXPECT_EQ((*file)->WriteAt(150, std::span(&part, 1)).code(), StatusCode::kNoSpace);
  ASSERT_TRUE((*file)->Truncate(10).ok());
  EXPECT_TRUE((*file)->WriteAt(100, std::span(&part, 1)).ok());
}

TEST_F(FaultFileSystemTest, LinksAndFoldersWorkLikeThoseOfASystem) {
  ASSERT_TRUE(disk_.MakeDirectories("/x/y").ok());
  Write("/x/y/a", 0, "data", true);
  ASSERT_TRUE(disk_.Link("/x/y/a", "/x/b").ok());
  ASSERT_TRUE(disk_.Remove("/x/y/a").ok());
  EXPECT_EQ(*ReadFile(disk_, "/x/b", 10), "data");
  ASSERT_TRUE(disk_.Rename("/x", "/z").ok());
  EXPECT_EQ(*ReadFile(disk_, "/z/b", 10), "data");
  EXPECT_TRUE(*disk_.IsDirectory("/z/y"));
  EXPECT_FALSE(disk_.RemoveDirectory("/z").ok()) << "not empty";
  ASSERT_TRUE(disk_.RemoveDirectory("/z/y").ok());
  EXPECT_EQ(*disk_.List("/z"), std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace tenantry::crash
