// Goal: a data folder that an older program wrote opens, and holds what it held; so a follower of a version before reads what a
// leader of that version sent.
// Method: `golden/data_folder_v1` is a folder as version 1 wrote it, without its store: identity, epochs and log. A copy of it is
// opened, which replays the log, and the hashes of all rows are compared with those of the time.

#include <cstdlib>
#include <filesystem>

#include "engine/epoch_table.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/space_hashes.h"

namespace tenantry {
namespace {

namespace fs = std::filesystem;

constexpr char kGoldenFolder[] = TNT_GOLDEN_FOLDER "/data_folder_v1";
constexpr uint8_t kFamily = 250;

class DataFolderTest : public ::testing::Test {
 protected:
  std::unique_ptr<Engine> Open(const std::string& directory) {
    EngineOptions options;
    options.directory = directory;
    options.segment_bytes = 16u << 10;
    options.clock = &clock_;
    options.random = &random_;
    options.files = &files_;
    Result<std::unique_ptr<Engine>> engine = Engine::Open(options);
    EXPECT_TRUE(engine.ok()) << engine.status().ToString();
    return engine.ok() ? *std::move(engine) : nullptr;
  }
  static std::string Digest(const Engine& engine) {
    const ReadView view = engine.View();
    return FormatPosition(engine.PositionOf(view)) + "\n" + HashText(view);
  }
  // Two tenants, counters, deletes, a second epoch, and enough entries for more than one segment.
  void WriteHistory(Engine& engine) {
    for (const char* name : {"shop-one", "shop-two"}) {
      const Outcome made = engine.ExecuteDirectory(
          {10, "golden", "r"}, ReadTier::kBlocking, [&](DirectoryTransaction& tx) {
            return tenant::Directory::Create(tx, {name, schema::TenantKind::SHOP, name}).status();
          });
      ASSERT_TRUE(made.status.ok());
      engine.WaitReleased(made.release_index);
    }
    for (int i = 0; i < 12; ++i) {
      const auto shop = tenant::Directory::Find(engine.View(), i % 2 == 0 ? "shop-one" : "shop-two",
                                                schema::TenantKind::SHOP, ReadTier::kBlocking);
      ASSERT_TRUE(shop.ok());
      const Outcome outcome = engine.Execute(
          shop->ref, {1, "golden", "request"}, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
            if (i > 8) return tx.EraseCounter(kFamily, "owner", std::to_string(i - 8), 0);
            return tx.SetCounter(kFamily, "owner", std::to_string(i), 0, i * 1'000);
          });
      ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
      engine.WaitReleased(outcome.release_index);
      if (i == 6) {
        engine.StopWrites();
        ASSERT_TRUE(engine.BeginEpoch(2).ok());
      }
    }
  }
  ManualClock clock_{kTestStartMs};
  LockedRandom random_{1};
  PosixFileSystem files_;
  TemporaryFolder folder_;
};

TEST_F(DataFolderTest, AFolderOfVersion1HoldsWhatItHeld) {
  const std::string copy = folder_.path() + "/data";
  if (std::getenv("TNT_WRITE_GOLDEN") != nullptr) {
    fs::remove_all(kGoldenFolder);
    std::string digest;
    {
      const auto engine = Open(kGoldenFolder);
      ASSERT_NO_FATAL_FAILURE(WriteHistory(*engine));
      digest = Digest(*engine);
    }
    for (const char* name : {"/store", "/LOCK", "/SHOWN", "/log/next.tmp"}) {
      fs::remove_all(std::string(kGoldenFolder) + name);
    }
    ASSERT_TRUE(ReplaceFile(files_, std::string(kGoldenFolder) + "/DIGEST", digest).ok());
  }
  fs::copy(kGoldenFolder, copy, fs::copy_options::recursive);
  const auto engine = Open(copy);
  ASSERT_NE(engine, nullptr);
  EXPECT_EQ(Digest(*engine), *ReadFile(files_, copy + "/DIGEST", 4096));
  const EpochTable epochs = engine->node().epochs();
  ASSERT_EQ(epochs.rows().size(), 2u);
  EXPECT_EQ(epochs.rows()[1].epoch, 2u);
  // And goes on.
  ASSERT_TRUE(engine
                  ->ExecuteDirectory({10, "test", "r"}, ReadTier::kBlocking,
                                     [](DirectoryTransaction& tx) {
                                       return tenant::Directory::Create(
                                                  tx, {"three", schema::TenantKind::SHOP, "three"})
                                           .status();
                                     })
                  .status.ok());
}

}  // namespace
}  // namespace tenantry
