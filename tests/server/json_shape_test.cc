#include "server/json_shape.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tenantry::server {
namespace {

std::string Cut(std::string_view fields, std::string_view json) {
  return FieldSelection::Parse(fields).Apply(json);
}

TEST(JsonShapeTest, D3KeepsWhatIsNamedAndTheId) {
  const std::string_view popup =
      R"({"id":"1","name":"a, \"b\" }","design":{"width":3,"layout":"left"},"n":null,"x":-1.5e3})";
  EXPECT_EQ(Cut("name", popup), R"({"id":"1","name":"a, \"b\" }"})");
  EXPECT_EQ(Cut("x,n", popup), R"({"id":"1","n":null,"x":-1.5e3})");
  EXPECT_EQ(Cut("design.width", popup), R"({"id":"1","design":{"width":3}})");
  EXPECT_EQ(Cut("design", popup), R"({"id":"1","design":{"width":3,"layout":"left"}})");
  EXPECT_EQ(Cut("unknown,also.unknown", popup), R"({"id":"1"})");
  EXPECT_EQ(Cut("name.first", popup), R"({"id":"1","name":"a, \"b\" }"})") << "a text has no parts";
  EXPECT_TRUE(FieldSelection::Parse("").empty());
  EXPECT_TRUE(FieldSelection::Parse(" , ,").empty());
}

TEST(JsonShapeTest, D3TheWholeOutweighsItsParts) {
  const std::string_view json = R"({"a":{"b":1,"c":2}})";
  EXPECT_EQ(Cut("a.b,a", json), json);
  EXPECT_EQ(Cut("a,a.b", json), json);
  EXPECT_EQ(Cut("a.c,a.b", json), json);
}

TEST(JsonShapeTest, D3ReachesIntoArraysAndTheRowsOfPages) {
  EXPECT_EQ(Cut("a", R"([{"id":1,"a":2,"b":3},{"a":4,"b":5}])"), R"([{"id":1,"a":2},{"a":4}])");
  EXPECT_EQ(Cut("rows.a", R"({"rows":[{"a":1,"b":2}],"n":1})"), R"({"rows":[{"a":1}]})");
  EXPECT_EQ(Cut("type.name", R"({"data":[{"id":1,"type":{"id":2,"name":"x","y":0},"b":3}],)"
                             R"("pagination":{"page":1,"total":1}})"),
            R"({"data":[{"id":1,"type":{"id":2,"name":"x"}}],"pagination":{"page":1,"total":1}})");
  EXPECT_EQ(Cut("a", "[]"), "[]");
  EXPECT_EQ(Cut("a", "{}"), "{}");
  EXPECT_EQ(Cut("a", "null"), "null");
}

TEST(JsonShapeTest, ArraysSplitAtTheirOwnCommasOnly) {
  std::vector<std::string_view> rows;
  ASSERT_TRUE(SplitArray(R"([{"a":[1,2]}, "x,\"]", [3,4] , 5,null])", &rows));
  EXPECT_EQ(rows,
            (std::vector<std::string_view>{R"({"a":[1,2]})", R"("x,\"]")", "[3,4]", "5", "null"}));
  rows.clear();
  EXPECT_TRUE(SplitArray("[ ]", &rows));
  EXPECT_TRUE(rows.empty());
  for (const char* other : {"{}", "", "1", "[1", "[1,"}) EXPECT_FALSE(SplitArray(other, &rows));
}

// Whatever the text, the cut ends, and what it makes of our JSON is JSON.
TEST(JsonShapeTest, DamagedTextDoesNoHarm) {
  const std::string whole =
      R"({"id":"1","a":{"b":["\\\"",{"c":[]}]},"pagination":{"page":1},"data":[{"a":{"b":2}}]})";
  for (size_t size = 0; size < whole.size(); ++size) Cut("a.b.c,data", whole.substr(0, size));
  EXPECT_FALSE(nlohmann::json::parse(Cut("a.b", whole), nullptr, false).is_discarded());
}

}  // namespace
}  // namespace tenantry::server
