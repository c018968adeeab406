#include "engine/base/file.h"

#include <array>
#include <filesystem>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/random.h"

namespace tenantry {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() {
    folder_ = testing::TempDir() + "tenantry_file_" + FormatIndex(SystemRandom().Next64());
    std::filesystem::create_directories(folder_);
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }

  static std::string FormatIndex(uint64_t value) { return std::to_string(value); }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  PosixFileSystem files_;
  std::string folder_;
};

TEST_F(FileTest, WritesPartsInOrderAndReadsThemBack) {
  auto file = files_.Open(Path("a"), OpenMode::kCreate);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  const std::array<std::string_view, 4> parts = {"ab", "", "cde", "f"};
  ASSERT_TRUE((*file)->WriteAt(3, parts).ok());
  ASSERT_TRUE((*file)->SyncData().ok());
  EXPECT_EQ(*(*file)->Size(), 9u);
  char buffer[16];
  EXPECT_EQ(*(*file)->ReadAt(0, buffer, sizeof buffer), 9u) << "short only at the end";
  EXPECT_EQ(std::string(buffer, 9), std::string("\0\0\0abcdef", 9));
  EXPECT_EQ(*(*file)->ReadAt(9, buffer, 1), 0u);
}

TEST_F(FileTest, MorePartsThanOneSystemCallTakes) {
  auto file = files_.Open(Path("a"), OpenMode::kCreate);
  const std::string bytes = SeededRandom(1).Bytes(5000);
  std::vector<std::string_view> parts;
  for (size_t i = 0; i < bytes.size(); ++i) parts.push_back(std::string_view(bytes).substr(i, 1));
  ASSERT_TRUE((*file)->WriteAt(0, parts).ok());
  EXPECT_EQ(*ReadFile(files_, Path("a"), 10'000), bytes);
}

TEST_F(FileTest, AllocateReservesZerosAndTruncateCuts) {
  auto file = files_.Open(Path("a"), OpenMode::kCreate);
  ASSERT_TRUE((*file)->Allocate(10'000).ok());
  EXPECT_EQ(*(*file)->Size(), 10'000u);
  EXPECT_EQ(*ReadFile(files_, Path("a"), 10'000), std::string(10'000, '\0'));
  ASSERT_TRUE((*file)->Truncate(10).ok());
  EXPECT_EQ(*(*file)->Size(), 10u);
}

TEST_F(FileTest, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(files_.Open(Path("none"), OpenMode::kRead).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Open(Path("none"), OpenMode::kReadWrite).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(files_.Open(Path("a"), OpenMode::kCreate).ok());
  EXPECT_EQ(files_.Open(Path("a"), OpenMode::kCreate).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(files_.Remove(Path("none")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.List(Path("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.SyncDirectory(Path("none")).code(), StatusCode::kNotFound);
  EXPECT_NE(files_.Remove(Path("none")).message().find(Path("none")), std::string_view::npos);
  auto read_only = files_.Open(Path("a"), OpenMode::kRead);
  const std::string_view part = "x";
  EXPECT_EQ((*read_only)->WriteAt(0, std::span(&part, 1)).code(), StatusCode::kIoError);
}

TEST_F(FileTest, AFullDiskIsNoSpace) {
  const int fd = open("/dev/full", O_RDWR);
  if (fd < 0) GTEST_SKIP() << "no /dev/full";
  close(fd);
  auto file = files_.Open("/dev/full", OpenMode::kReadWrite);
  ASSERT_TRUE(file.ok());
  const std::string_view part = "x";
  EXPECT_EQ((*file)->WriteAt(0, std::span(&part, 1)).code(), StatusCode::kNoSpace);
}

TEST_F(FileTest, FoldersAreMadeListedAndPrivate) {
  ASSERT_TRUE(files_.MakeDirectories(Path("x/y/z")).ok());
  ASSERT_TRUE(files_.MakeDirectories(Path("x/y/z")).ok());
  ASSERT_TRUE(files_.Open(Path("x/b"), OpenMode::kCreate).ok());
  ASSERT_TRUE(files_.Open(Path("x/a"), OpenMode::kCreate).ok());
  EXPECT_EQ(*files_.List(Path("x")), (std::vector<std::string>{"a", "b", "y"}));
  EXPECT_TRUE(*files_.Exists(Path("x/y")));
  EXPECT_FALSE(*files_.Exists(Path("x/q")));
  EXPECT_FALSE(*files_.Exists(Path("x/a/q")));
  ASSERT_TRUE(files_.SyncDirectory(Path("x")).ok());
  const auto mode = [](const std::string& path) {
    return std::filesystem::status(path).permissions() & std::filesystem::perms::mask;
  };
  EXPECT_EQ(mode(Path("x/y")), std::filesystem::perms::owner_all);
  EXPECT_EQ(mode(Path("x/a")),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(FileTest, RenameReplaces) {
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), "one").ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("b"), "two").ok());
  ASSERT_TRUE(files_.Rename(Path("a"), Path("b")).ok());
  EXPECT_FALSE(*files_.Exists(Path("a")));
  EXPECT_EQ(*ReadFile(files_, Path("b"), 10), "one");
}

TEST_F(FileTest, ReplaceFileSwapsTheWholeContent) {
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), std::string(1000, 'x')).ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), "short").ok());
  EXPECT_EQ(*ReadFile(files_, Path("a"), 1000), "short");
  EXPECT_EQ(*files_.List(folder_), std::vector<std::string>{"a"}) << "nothing is left beside it";
}

TEST_F(FileTest, ReplaceFileTakesOverALeftoverOfACrash) {
  ASSERT_TRUE(files_.Open(Path("a.new"), OpenMode::kCreate).ok());
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), "content").ok());
  EXPECT_EQ(*ReadFile(files_, Path("a"), 1000), "content");
}

TEST_F(FileTest, ReadFileHasALimit) {
  ASSERT_TRUE(ReplaceFile(files_, Path("a"), "12345").ok());
  EXPECT_TRUE(ReadFile(files_, Path("a"), 5).ok());
  EXPECT_EQ(ReadFile(files_, Path("a"), 4).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(FileTest, AFolderIsLockedOnce) {
  {
    Result<FolderLock> lock = FolderLock::Acquire(folder_);
    ASSERT_TRUE(lock.ok()) << lock.status().ToString();
    EXPECT_EQ(FolderLock::Acquire(folder_).status().code(), StatusCode::kUnavailable);
    const FolderLock moved = std::move(lock).value();
    EXPECT_EQ(FolderLock::Acquire(folder_).status().code(), StatusCode::kUnavailable);
  }
  EXPECT_TRUE(FolderLock::Acquire(folder_).ok()) << "released with its owner";
}

}  // namespace
}  // namespace tenantry
