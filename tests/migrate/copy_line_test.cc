// Goal: a line of COPY's text format gives back the values that went in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/postgres/postgres_source.h"

namespace tenantry::postgres {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(CopyLineTest, NullsEmptyTextsAndEscapesDiffer) {
  const Result<Cells> cells = ParseCopyLine("a\\tb\\\\N\t\\N\t\t\\\\N\tx\\ny\n", 5);
  ASSERT_TRUE(cells.ok());
  EXPECT_THAT(*cells,
              ElementsAre(Optional(std::string("a\tb\\N")), std::nullopt, Optional(std::string()),
                          Optional(std::string("\\N")), Optional(std::string("x\ny"))));
}

TEST(CopyLineTest, AnotherNumberOfCellsIsAnError) {
  EXPECT_FALSE(ParseCopyLine("a\tb\n", 3).ok());
  EXPECT_FALSE(ParseCopyLine("a\tb\n", 1).ok());
}

}  // namespace
}  // namespace tenantry::postgres
