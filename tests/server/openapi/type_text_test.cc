#include "server/openapi/type_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tenantry::openapi {
namespace {

class TypeTextTest : public ::testing::Test {
 protected:
  Result<Json> Parse(std::string_view text) const {
    return ParseType(text, [this](std::string_view name) -> const Json* {
      const auto found = named_.find(std::string(name));
      return found == named_.end() ? nullptr : &*found;
    });
  }
  void ExpectType(std::string_view text, const char* wanted) const {
    const Result<Json> type = Parse(text);
    ASSERT_TRUE(type.ok()) << type.status().ToString();
    EXPECT_EQ(*type, Json::parse(wanted)) << type->dump();
  }

  const Json named_ = Json::parse(
      R"({"Pet":{"type":"object","properties":{"id":{"type":"string"},"age":{"type":"integer"}},
          "required":["id","age"]}})");
};

TEST_F(TypeTextTest, PlainTypes) {
  ExpectType("int", R"({"type":"integer"})");
  ExpectType("time", R"({"type":"string","format":"date-time"})");
  ExpectType("any", "{}");
  ExpectType("string?", R"({"type":["string","null"]})");
  ExpectType("Pet", R"({"$ref":"#/components/schemas/Pet"})");
  ExpectType("Pet?", R"({"anyOf":[{"$ref":"#/components/schemas/Pet"},{"type":"null"}]})");
}

TEST_F(TypeTextTest, ListsChoicesAndMaps) {
  ExpectType("string[]", R"({"type":"array","items":{"type":"string"}})");
  ExpectType("(int | bool)[]",
             R"({"type":"array","items":{"anyOf":[{"type":"integer"},{"type":"boolean"}]}})");
  ExpectType(R"("a" | "b")", R"({"type":"string","enum":["a","b"]})");
  ExpectType("{*: int}", R"({"type":"object","additionalProperties":{"type":"integer"}})");
}

TEST_F(TypeTextTest, MembersMayBeAbsentOrNull) {
  ExpectType(
      "{a: int, b?: string?}",
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":["string","null"]}},
                 "required":["a"]})");
  ExpectType("{}", R"({"type":"object","properties":{},"required":[]})");
}

TEST_F(TypeTextTest, AndJoinsMembersAndTheLaterOneWins) {
  ExpectType("Pet & {age?: number, name: string}",
             R"({"type":"object","properties":{"id":{"type":"string"},"age":{"type":"number"},
                 "name":{"type":"string"}},"required":["id","name"]})");
}

TEST_F(TypeTextTest, MistakesNameTheirPlace) {
  EXPECT_EQ(Parse("Dog").status().message(),
            "type \"Dog\", character 3: expected a known name instead of Dog");
  for (const char* bad :
       {"", "{a}", "{a: int", "int]", "int[", "(int", "\"x", "int & Pet", "a b"}) {
    EXPECT_FALSE(Parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace tenantry::openapi
