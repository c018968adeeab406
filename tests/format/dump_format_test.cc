// Golden: golden/dump_v1.tnt, the dump of a shop without anything. Its fixed parts are written again byte for byte; the payload of a
// block is whatever zstd makes of the rows, so it is only read.

#include <gtest/gtest.h>

#include "engine/base/file.h"
#include "engine/dump/format.h"
#include "engine/dump/reader.h"

namespace tenantry::dump {
namespace {

std::string Golden() {
  PosixFileSystem files;
  return ReadFile(files, TNT_GOLDEN_FOLDER "/dump_v1.tnt", 1u << 20).value();
}

TEST(DumpFormatTest, Version1IsReadAndItsPartsAreWrittenAlike) {
  const std::string golden = Golden();
  StringSource source(golden);
  DumpReader reader(source);
  ASSERT_TRUE(reader.Open().ok());
  const Header& header = reader.header();
  EXPECT_EQ(header.tenant, "golden-shop");
  EXPECT_EQ(header.position, (Position{1, 2}));
  EXPECT_FALSE(header.incremental());
  const std::string header_bytes = EncodeHeader(header);
  EXPECT_EQ(golden.substr(0, header_bytes.size()), header_bytes);

  std::vector<std::string> rows;
  Block block;
  for (;;) {
    const Result<bool> more = reader.NextBlock(&block);
    ASSERT_TRUE(more.ok()) << more.status().ToString();
    if (!*more) break;
    const std::string head = EncodeBlockHead(block.head);
    EXPECT_EQ(golden.substr(block.offset, head.size()), head);
    const Status visited = VisitRows(
        block, [&](bool /*put*/, std::string_view key, std::string_view /*value*/) -> Status {
          rows.push_back(std::to_string(block.head.space.value()) + " " + DescribeKey(key));
          return Status::Ok();
        });
    EXPECT_TRUE(visited.ok());
  }
  EXPECT_EQ(rows,
            (std::vector<std::string>{"0 tenants golden-shop", "1 meta alive", "1 meta tenant"}));
  EXPECT_EQ(golden.substr(reader.footer().offset), EncodeFooter(reader.footer()));
}

}  // namespace
}  // namespace tenantry::dump
