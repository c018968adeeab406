#include "engine/log/segment_format.h"

#include <string>

#include <gtest/gtest.h>

namespace tenantry::log {
namespace {

SegmentHeader SampleHeader() {
  SegmentHeader header;
  header.segment_id = 11;
  header.cluster_id = 12;
  header.previous = {.epoch = 3, .index = 41};
  header.previous_chain = {.low = 5, .high = 6};
  header.created_unix_ms = -1;
  header.room_bytes = 1 << 20;
  return header;
}

TEST(SegmentFormatTest, HeaderRoundTripsAndEveryFlippedByteIsFound) {
  const std::string page = EncodeSegmentHeader(SampleHeader());
  ASSERT_EQ(page.size(), kSegmentHeaderBytes);
  const Result<SegmentHeader> header = DecodeSegmentHeader(page, "x.seg");
  ASSERT_TRUE(header.ok()) << header.status().ToString();
  EXPECT_EQ(header->segment_id, 11u);
  EXPECT_EQ(header->cluster_id, 12u);
  EXPECT_EQ(header->previous, (Position{3, 41}));
  EXPECT_EQ(header->first_index(), 42u);
  EXPECT_EQ(header->previous_chain, (Hash128{5, 6}));
  EXPECT_EQ(header->created_unix_ms, -1);
  EXPECT_EQ(header->room_bytes, 1u << 20);
  for (size_t at = 0; at < page.size(); ++at) {
    std::string damaged = page;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_EQ(DecodeSegmentHeader(damaged, "x.seg").status().code(), StatusCode::kCorruption) << at;
  }
  EXPECT_FALSE(DecodeSegmentHeader(page.substr(1), "x.seg").ok());
}

TEST(SegmentFormatTest, FooterRoundTripsAndEveryFlippedByteIsFound) {
  SegmentTail tail = EmptyTail(SampleHeader());
  tail.AddEntry({.epoch = 4, .index = 42, .time_unix_ms = 100}, {7, 8});
  tail.AddEntry({.epoch = 4, .index = 43, .time_unix_ms = 50}, {9, 10});
  tail.AddGroup(std::string(kGroupHeaderBytes, 'h'), kPageBytes);
  const std::string page = EncodeSegmentFooter(tail, 11);
  ASSERT_EQ(page.size(), kSegmentFooterBytes);
  SegmentTail found;
  ASSERT_TRUE(DecodeSegmentFooter(page, 11, &found));
  EXPECT_EQ(found.entry_count, 2u);
  EXPECT_EQ(found.last, (Position{4, 43}));
  EXPECT_EQ(found.chain, (Hash128{9, 10}));
  EXPECT_EQ(found.time_min_unix_ms, 50);
  EXPECT_EQ(found.time_max_unix_ms, 100);
  EXPECT_EQ(found.end_offset, kSegmentHeaderBytes + kPageBytes);
  EXPECT_EQ(found.headers_hash, tail.headers_hash);
  EXPECT_FALSE(DecodeSegmentFooter(page, 12, &found)) << "another segment's footer";
  for (size_t at = 0; at < page.size(); ++at) {
    std::string damaged = page;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_FALSE(DecodeSegmentFooter(damaged, 11, &found)) << at;
  }
}

TEST(SegmentFormatTest, GroupHeaderRoundTripsAndEveryFlippedByteIsFound) {
  std::string group(kGroupHeaderBytes, '\0');
  group += std::string(100, 'e');
  GroupHeader header{.entry_count = 2, .first_index = 5, .watermark = 4, .segment_id = 11};
  header.previous_chain = {1, 2};
  FinishGroup(&group, &header, true);
  EXPECT_EQ(group.size(), kPageBytes);
  GroupHeader found;
  ASSERT_TRUE(LoadGroupHeader(group.data(), 11, &found));
  EXPECT_EQ(found.total_bytes, kPageBytes);
  EXPECT_EQ(found.entry_bytes, 100u);
  EXPECT_EQ(found.entry_count, 2u);
  EXPECT_EQ(found.first_index, 5u);
  EXPECT_EQ(found.watermark, 4u);
  EXPECT_EQ(found.previous_chain, (Hash128{1, 2}));
  EXPECT_FALSE(LoadGroupHeader(group.data(), 12, &found)) << "another segment's group";
  for (size_t at = 0; at < kGroupHeaderBytes; ++at) {
    std::string damaged = group;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    EXPECT_FALSE(LoadGroupHeader(damaged.data(), 11, &found)) << at;
  }
}

TEST(SegmentFormatTest, FileNamesSortLikeIndexes) {
  EXPECT_EQ(SegmentFileName(42), "00000000000000000042.seg");
  EXPECT_EQ(SegmentFileName(UINT64_MAX), "18446744073709551615.seg");
  EXPECT_LT(SegmentFileName(99), SegmentFileName(100));
  uint64_t index = 0;
  EXPECT_TRUE(ParseSegmentFileName("00000000000000000042.seg", &index));
  EXPECT_EQ(index, 42u);
  for (const char* name :
       {"next.tmp", "42.seg", "00000000000000000000.seg", "0000000000000000004x.seg",
        "99999999999999999999.seg", "00000000000000000042.tmp", "-0000000000000000042.seg"}) {
    EXPECT_FALSE(ParseSegmentFileName(name, &index)) << name;
  }
}

}  // namespace
}  // namespace tenantry::log
