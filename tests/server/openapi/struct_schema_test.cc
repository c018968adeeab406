#include "server/openapi/struct_schema.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/schema/gym.capnp.h"
#include "engine/schema/gym_input.capnp.h"
#include "engine/schema/popups_input.capnp.h"

namespace tenantry::openapi {
namespace {

TEST(StructSchemaTest, ARecordShowsWhatAnswersShow) {
  const Json schema = RecordSchema(schema::InfoOf<schema::GymMember>());
  EXPECT_FALSE(schema["properties"].contains("passwordHash")) << "internal fields stay inside";
  EXPECT_EQ(schema["properties"]["id"], Json::parse(R"({"type":"string"})"));
  EXPECT_EQ(schema["properties"]["name"], Json::parse(R"({"type":["string","null"]})"));
  EXPECT_EQ(schema["properties"]["createdAt"],
            Json::parse(R"({"type":"string","format":"date-time"})"));
  EXPECT_EQ(schema["properties"]["onboardingStep"], Json::parse(R"({"type":["integer","null"]})"));
  EXPECT_EQ(schema["properties"]["role"]["enum"],
            Json::parse(R"(["OWNER","ADMIN","TRAINER","STAFF","MEMBER"])"));
  EXPECT_EQ(schema["required"].size(), schema["properties"].size()) << "every key is always there";
}

TEST(StructSchemaTest, AnInputCarriesItsRules) {
  const Json schema = InputSchema(schema::InfoOf<schema::GymSignupInput>());
  EXPECT_EQ(schema["properties"]["email"],
            Json::parse(R"({"type":"string","maxLength":254,"format":"email"})"));
  EXPECT_EQ(schema["properties"]["password"],
            Json::parse(R"({"type":"string","minLength":8,"maxLength":1024})"));
  EXPECT_EQ(schema["required"], Json::parse(R"(["email","password","name","tenantName"])"));
  EXPECT_EQ(schema["additionalProperties"], true);
}

TEST(StructSchemaTest, ARequiredFieldMayComeUnderItsAlias) {
  const Json schema = InputSchema(schema::InfoOf<schema::GymSessionTypeInput>());
  EXPECT_TRUE(schema["properties"].contains("duration"));
  EXPECT_EQ(schema["allOf"],
            Json::parse(R"([{"anyOf":[{"required":["durationMin"]},{"required":["duration"]}]}])"));
}

TEST(StructSchemaTest, OfAPatchNothingIsRequired) {
  const Json schema = InputSchema(schema::InfoOf<schema::GymSessionTypeInput>(), true);
  EXPECT_FALSE(schema.contains("required"));
  EXPECT_FALSE(schema.contains("allOf"));
  EXPECT_EQ(schema["properties"]["name"],
            Json::parse(R"({"type":"string","minLength":1,"maxLength":100})"));
}

TEST(StructSchemaTest, AStrictInputTakesNoOtherKeysAndNestedRulesHold) {
  const Json schema = InputSchema(schema::InfoOf<schema::CreatePopupInput>());
  EXPECT_EQ(schema["additionalProperties"], false);
  const Json& design = schema["properties"]["design"];
  EXPECT_EQ(design["properties"]["width"],
            Json::parse(R"({"type":"number","minimum":200.0,"maximum":1200.0})"));
  EXPECT_EQ(design["additionalProperties"], false);
}

}  // namespace
}  // namespace tenantry::openapi
