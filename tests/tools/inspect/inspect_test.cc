// Goal: whoever looks at bytes at night reads what they name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/keys/keys.h"
#include "tests/support/engine_fixture.h"
#include "tools/inspect/describe_key.h"
#include "tools/inspect/log_walk.h"

namespace tenantry::inspect {
namespace {

using nlohmann::json;

TEST(DescribeKeyTest, RecordsCountersAndMetaRowsAreNamed) {
  std::string tuple;
  keys::AppendPart(&tuple, std::string_view("popup-1"));
  keys::AppendPart(&tuple, int64_t{1700000000000});
  keys::AppendPart(&tuple, std::string_view("view-1"));
  const Result<json> view = DescribeKey(keys::RecordKey(SpaceId(7), 51, tuple));
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->at("space"), 7);
  EXPECT_EQ(view->at("kind"), "record");
  EXPECT_EQ(view->at("collection"), "popupViews");
  EXPECT_EQ(view->at("key"),
            json({{"popupId", "popup-1"}, {"viewedAt", 1700000000000}, {"id", "view-1"}}));

  const Result<json> counter = DescribeKey(keys::CounterKey(SpaceId(7), 2, "popup-1", "views", 42));
  ASSERT_TRUE(counter.ok());
  EXPECT_EQ(*counter, json({{"space", 7},
                            {"kind", "counter"},
                            {"family", 2},
                            {"owner", "popup-1"},
                            {"metric", "views"},
                            {"bucket", 42}}));
  const Result<json> meta = DescribeKey(keys::MetaKey(SpaceId(7), "alive"));
  ASSERT_TRUE(meta.ok());
  EXPECT_EQ(meta->at("name"), "alive");
}

TEST(DescribeKeyTest, IndexRowsShowValuesAndTheirRecord) {
  std::string key = keys::IndexPrefix(SpaceId(3), keys::Kind::kIndex, 25, 2);
  keys::AppendPart(&key, std::string_view("member-1"));
  keys::AppendPart(&key, int64_t{5});
  keys::AppendPart(&key, std::string_view("booking-1"));
  const Result<json> row = DescribeKey(key);
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->at("collection"), "gymBookings");
  EXPECT_EQ(row->at("index"), 2);
  EXPECT_EQ(row->at("values"), json({{"memberId", "member-1"}, {"createdAt", 5}}));
  EXPECT_EQ(row->at("key"), json({{"id", "booking-1"}}));
}

TEST(DescribeKeyTest, WhatIsNoKeyIsRefused) {
  EXPECT_EQ(DescribeKey("short").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(DescribeKey(std::string(9, '\x7f')).status().code(), StatusCode::kInvalidArgument);
}

class LogWalkTest : public EngineFixture {};

TEST_F(LogWalkTest, EntriesComeInOrderFromAnyIndexBesideTheEngine) {
  for (const char* shop : {"shop-1", "shop-2", "shop-3"}) CreateTenant(shop);
  std::vector<uint64_t> indexes;
  const auto note = [&indexes](const log::EntryView& entry, const EntryPlace& place) {
    EXPECT_TRUE(place.path.ends_with(".seg"));
    indexes.push_back(entry.header.index);
    return indexes.size() < 2;
  };
  ASSERT_TRUE(WalkLog(files_, options_.directory, 2, note).ok());
  EXPECT_THAT(indexes, testing::ElementsAre(2, 3));
  indexes.clear();
  ASSERT_TRUE(WalkLog(files_, options_.directory, 1000, note).ok());
  EXPECT_THAT(indexes, testing::IsEmpty());
  const TemporaryFolder none;
  EXPECT_EQ(WalkLog(files_, none.path(), 1, note).code(), StatusCode::kNotFound);
}

TEST_F(LogWalkTest, ADamagedEntryIsNamed) {
  CreateTenant("shop-1");
  engine_.reset();
  const Result<std::vector<std::string>> paths = SegmentPaths(files_, options_.directory);
  ASSERT_TRUE(paths.ok());
  Result<std::unique_ptr<File>> file = files_.Open(paths->front(), OpenMode::kReadWrite);
  ASSERT_TRUE(file.ok());
  // In the first entry: behind the header page and the group's header.
  const std::string_view bytes = "damage";
  ASSERT_TRUE((*file)->WriteAt(4096 + 64 + 8, {&bytes, 1}).ok());
  const Status walked = WalkLog(files_, options_.directory, 1,
                                [](const log::EntryView&, const EntryPlace&) { return true; });
  EXPECT_EQ(walked.code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(walked.message()), testing::HasSubstr("at byte 4096"));
}

TEST(CommandNameTest, KnownAndUnknownCommandsHaveNames) {
  EXPECT_EQ(CommandName(130), "gym booking create");
  EXPECT_EQ(CommandName(9999), "command 9999");
}

}  // namespace
}  // namespace tenantry::inspect
