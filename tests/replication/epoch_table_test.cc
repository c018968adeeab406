#include "engine/epoch_table.h"

#include <gtest/gtest.h>

#include "engine/node_file.h"
#include "tests/support/engine_fixture.h"

namespace tenantry {
namespace {

EpochTable Table(const std::vector<EpochRow>& rows) {
  EpochTable table;
  for (const EpochRow& row : rows) EXPECT_TRUE(table.Append(row).ok());
  return table;
}

TEST(EpochTableTest, RowsMustRise) {
  EpochTable table = Table({{1, 1}, {3, 501}});
  EXPECT_FALSE(table.Append({3, 600}).ok());
  EXPECT_FALSE(table.Append({4, 500}).ok());
  EXPECT_FALSE(table.Append({4, 0}).ok());
  EXPECT_TRUE(table.Append({4, 501}).ok());
}

TEST(EpochTableTest, JudgesPositions) {
  const EpochTable table = Table({{1, 1}, {3, 501}, {4, 700}});
  using enum EpochTable::Standing;
  EXPECT_EQ(table.Judge({1, 500}), kKnown);
  EXPECT_EQ(table.Judge({1, 501}), kReplaced);
  EXPECT_EQ(table.Judge({2, 501}), kReplaced);
  EXPECT_EQ(table.Judge({3, 501}), kKnown);
  EXPECT_EQ(table.Judge({3, 700}), kReplaced);
  EXPECT_EQ(table.Judge({4, 99'999}), kKnown);
  EXPECT_EQ(table.Judge({5, 1}), kAhead);
  EXPECT_EQ(table.EpochOf(500), 1u);
  EXPECT_EQ(table.EpochOf(700), 4u);
}

TEST(EpochTableTest, CommonIndexIsWhereTheHistoriesPart) {
  const EpochTable leader = Table({{1, 1}, {3, 501}});
  EXPECT_EQ(EpochTable::CommonIndex(leader, 600, Table({{1, 1}}), 400), 400u);
  EXPECT_EQ(EpochTable::CommonIndex(leader, 600, Table({{1, 1}}), 500), 500u);
  // Entries of an epoch that went on after the new leader began are replaced.
  EXPECT_EQ(EpochTable::CommonIndex(leader, 600, Table({{1, 1}}), 550), 500u);
  EXPECT_EQ(EpochTable::CommonIndex(leader, 600, Table({{1, 1}, {2, 451}}), 460), 450u);
  EXPECT_EQ(EpochTable::CommonIndex(leader, 600, leader, 590), 590u);
  EXPECT_EQ(EpochTable::CommonIndex(leader, 600, EpochTable(), 0), 0u);
}

class NodeFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<NodeFile> Open(bool leads) {
    Result<std::unique_ptr<NodeFile>> opened =
        NodeFile::Open(files_, folder_.path(), random_, leads);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  PosixFileSystem files_;
  SystemRandom random_;
  TemporaryFolder folder_;
};

// Goal: what was promised is refused to lower epochs for good.
// Method: each change is read back from the disk by a second object.
TEST_F(NodeFileTest, PromisesSurviveARestartAndNeverFall) {
  uint64_t id = 0;
  {
    const auto node = Open(true);
    EXPECT_TRUE(node->leads());
    id = *node->EnsureId();
    EXPECT_TRUE(node->Begin(2, 11).ok());
    EXPECT_TRUE(node->leads());
    EXPECT_TRUE(node->Promise(5).ok());
    EXPECT_FALSE(node->leads());
  }
  const auto node = Open(true);
  EXPECT_EQ(*node->EnsureId(), id);
  EXPECT_EQ(node->promised(), 5u);
  EXPECT_FALSE(node->leads());
  EXPECT_EQ(node->Promise(4).code(), StatusCode::kConflict);
  EXPECT_EQ(node->Adopt(Table({{1, 1}, {4, 20}})).code(), StatusCode::kConflict);
  EXPECT_TRUE(node->Adopt(Table({{1, 1}, {6, 20}})).ok());
  EXPECT_EQ(node->promised(), 6u);
  EXPECT_EQ(node->Begin(6, 30).code(), StatusCode::kConflict);
  EXPECT_TRUE(node->Begin(7, 20).ok());
  // Of epoch 6 nothing ever came here.
  EXPECT_EQ(node->epochs(), Table({{1, 1}, {7, 20}}));
}

TEST_F(NodeFileTest, AForeignFileIsRefused) {
  for (const char* text : {"", "node 12\n", "node 0123456789abcdef\npromised x\n",
                           "node 0123456789abcdef\npromised 1\nled 1\nepoch 2 1\n",
                           "node 0123456789abcdef\npromised 1\nled 1\nepoch 1 1"}) {
    ASSERT_TRUE(ReplaceFile(files_, folder_.path() + "/NODE", text).ok());
    const auto opened = NodeFile::Open(files_, folder_.path(), random_, true);
    EXPECT_EQ(opened.status().code(), StatusCode::kCorruption) << text;
  }
}

}  // namespace
}  // namespace tenantry
