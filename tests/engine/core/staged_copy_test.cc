#include "engine/staged_copy.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "engine/node_file.h"
#include "tests/support/engine_fixture.h"

namespace tenantry {
namespace {

namespace fs = std::filesystem;

// The real files, of which one operation fails: there the process stopped.
class StoppingFiles final : public FileSystem {
 public:
  explicit StoppingFiles(int stop_at) : left_(stop_at) {}
  bool stopped() const { return left_ < 0; }

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    return inner_.Open(path, mode);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    TNT_RETURN_IF_ERROR(Step());
    return inner_.Rename(from, to);
  }
  Status Remove(const std::string& path) override {
    TNT_RETURN_IF_ERROR(Step());
    return inner_.Remove(path);
  }
  Status MakeDirectories(const std::string& path) override { return inner_.MakeDirectories(path); }
  Status SyncDirectory(const std::string& path) override {
    TNT_RETURN_IF_ERROR(Step());
    return inner_.SyncDirectory(path);
  }
  Result<std::vector<std::string>> List(const std::string& path) override {
    return inner_.List(path);
  }
  Result<bool> Exists(const std::string& path) override { return inner_.Exists(path); }

 private:
  Status Step() { return left_-- > 0 ? Status::Ok() : IoError("stopped here"); }
  PosixFileSystem inner_;
  int left_;
};

void Write(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << text;
}

// Goal: a process that stops anywhere in an installation ends with the new data after the next, and with the old before READY.
// Method: every operation of the file system in turn is the last one.
TEST(StagedCopyTest, EveryStepMayBeTheLast) {
  SystemRandom random;
  StagedCopy copy;
  copy.end = {3, 42};
  copy.chain = {7, 8};
  ASSERT_TRUE(copy.epochs.Append({1, 1}).ok());
  ASSERT_TRUE(copy.epochs.Append({3, 40}).ok());
  bool whole = false;
  for (int stop_at = 0; !whole; ++stop_at) {
    ASSERT_LT(stop_at, 100);
    TemporaryFolder folder;
    const std::string data = folder.path() + "/data";
    Write(data + "/store/table", "old");
    Write(data + "/log/segment", "old");
    Write(data + "/sync/store/table", "new");
    StoppingFiles stopping(stop_at);
    const Status committed = CommitStagedCopy(stopping, data, copy);
    bool installed = false;
    if (committed.ok()) {
      const auto first = InstallStagedCopy(stopping, random, data);
      installed = first.ok() && first->has_value();
      whole = installed && ForgetStagedCopy(stopping, data).ok();
    }
    // The next start.
    PosixFileSystem files;
    const auto next = InstallStagedCopy(files, random, data);
    ASSERT_TRUE(next.ok()) << next.status().ToString();
    if (!*files.Exists(data + "/sync/READY") && !installed) {
      EXPECT_EQ(*ReadFile(files, data + "/store/table", 10), "old") << stop_at;
      EXPECT_EQ(*ReadFile(files, data + "/log/segment", 10), "old") << stop_at;
      continue;
    }
    EXPECT_EQ(*ReadFile(files, data + "/store/table", 10), "new") << stop_at;
    EXPECT_FALSE(*files.Exists(data + "/log")) << stop_at;
    const auto node = NodeFile::Open(files, data, random, false);
    ASSERT_TRUE(node.ok());
    EXPECT_EQ((*node)->epochs(), copy.epochs);
    EXPECT_EQ((*node)->promised(), 3u);
    if (*next) {
      EXPECT_EQ((*next)->end, copy.end);
      EXPECT_EQ((*next)->chain, copy.chain);
    }
    ASSERT_TRUE(ForgetStagedCopy(files, data).ok());
    EXPECT_FALSE(*files.Exists(data + "/sync"));
  }
}

TEST(StagedCopyTest, ADamagedReadyIsRefused) {
  TemporaryFolder folder;
  SystemRandom random;
  PosixFileSystem files;
  for (const char* text : {"", "end 1\n", "end 1 2\nchain 12\nepoch 1 1\n",
                           "end 1 2\nchain 00000000000000000000000000000000\n"}) {
    Write(folder.path() + "/sync/READY", text);
    EXPECT_EQ(InstallStagedCopy(files, random, folder.path()).status().code(),
              StatusCode::kCorruption)
        << text;
  }
}

}  // namespace
}  // namespace tenantry
