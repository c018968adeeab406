// Goal: tables that people make are read as they meant them, or refused with the line that is wrong.

#include "tools/rows/row_file.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenantry::rows {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

std::string Text(const char* text) {
  return text;
}

TEST(CsvTest, QuotesCommasLineEndsAndNullsAreTold) {
  std::istringstream in(
      "\xEF\xBB\xBFname,note\r\n\"a,\"\"b\"\"\",\"two\nlines\"\r\n\r\n,\"\"\nlast,x");
  const auto file = RowFile::OpenCsv(in);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->columns(), ElementsAre("name", "note"));
  Cells cells;
  ASSERT_TRUE(*(*file)->Next(&cells));
  EXPECT_THAT(cells, ElementsAre(Optional(Text("a,\"b\"")), Optional(Text("two\nlines"))));
  ASSERT_TRUE(*(*file)->Next(&cells));
  EXPECT_THAT(cells, ElementsAre(std::nullopt, Optional(Text(""))));
  ASSERT_TRUE(*(*file)->Next(&cells));
  EXPECT_THAT(cells, ElementsAre(Optional(Text("last")), Optional(Text("x"))));
  EXPECT_FALSE(*(*file)->Next(&cells));
}

TEST(CsvTest, AGuardOfFormulasIsTakenAway) {
  std::istringstream in("a,b\n'=1+1,'tis\n");
  const auto file = RowFile::OpenCsv(in);
  Cells cells;
  ASSERT_TRUE(*(*file)->Next(&cells));
  EXPECT_THAT(cells, ElementsAre(Optional(Text("=1+1")), Optional(Text("'tis"))));
}

TEST(CsvTest, WhatIsWrongIsNamedByLine) {
  for (const auto& [text, what] :
       {std::pair<std::string, std::string>{"a,b\n1,2\n1\n", "line 3: 1 cells"},
        {"a,b\n1,\"2\n", "line 2: a quote has no end"},
        {"a\nx\"y\n", "line 2: a quote inside"},
        {"a\n\xff\n", "line 2: text that is not UTF-8"}}) {
    std::istringstream in(text);
    const auto file = RowFile::OpenCsv(in);
    ASSERT_TRUE(file.ok());
    Cells cells;
    Status status;
    for (bool more = true; more && status.ok();) {
      const Result<bool> next = (*file)->Next(&cells);
      status = next.status();
      more = next.ok() && *next;
    }
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  }
  std::istringstream nothing("");
  EXPECT_FALSE(RowFile::OpenCsv(nothing).ok());
}

TEST(JsonLinesTest, DocumentsStayTextAndMissingMembersAreNull) {
  std::istringstream in("{\"a\":1,\"b\":{\"x\":[1]},\"c\":\"t\"}\n\n{\"c\":null,\"a\":true}\n");
  const auto file = RowFile::OpenJsonLines(in);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->columns(), ElementsAre("a", "b", "c"));
  Cells cells;
  ASSERT_TRUE(*(*file)->Next(&cells));
  EXPECT_THAT(cells,
              ElementsAre(Optional(Text("1")), Optional(Text("{\"x\":[1]}")), Optional(Text("t"))));
  ASSERT_TRUE(*(*file)->Next(&cells));
  EXPECT_THAT(cells, ElementsAre(Optional(Text("true")), std::nullopt, std::nullopt));
  EXPECT_FALSE(*(*file)->Next(&cells));
}

TEST(JsonLinesTest, NewMembersAndBrokenLinesAreRefused) {
  for (const char* const text : {"{\"a\":1}\n{\"b\":1}\n", "{\"a\":1}\n[1]\n", "{\"a\":1}\n{\n"}) {
    std::istringstream in(text);
    const auto file = RowFile::OpenJsonLines(in);
    ASSERT_TRUE(file.ok());
    Cells cells;
    ASSERT_TRUE(*(*file)->Next(&cells));
    EXPECT_THAT(std::string((*file)->Next(&cells).status().message()), HasSubstr("line 2"));
  }
}

}  // namespace
}  // namespace tenantry::rows
