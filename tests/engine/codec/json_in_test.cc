#include "engine/codec/json_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/codec/json_out.h"
#include "tests/engine/codec/test_records.capnp.h"

namespace tenantry::codec {
namespace {

using test::PatchInput;
using test::SampleInput;
using testing::ElementsAre;
using testing::IsEmpty;

template <class T>
std::vector<std::string> Messages(std::string_view body) {
  const Result<Input<T>> input = Input<T>::Decode(body);
  if (input.ok()) return {};
  EXPECT_EQ(input.status().code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(input.status().details().empty()) << input.status().ToString();
  return input.status().details();
}

// The message of a body that is no JSON object at all.
std::string Refusal(std::string_view body) {
  const Result<Input<PatchInput>> input = Input<PatchInput>::Decode(body);
  EXPECT_FALSE(input.ok());
  EXPECT_EQ(input.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(input.status().details().empty());
  return std::string(input.status().message());
}

Input<PatchInput> Patch(std::string_view body) {
  Result<Input<PatchInput>> input = Input<PatchInput>::Decode(body);
  EXPECT_TRUE(input.ok()) << input.status().ToString();
  return std::move(input).value();
}

std::string View(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

constexpr std::string_view kGoodSample = R"({
  "name": "Jana", "email": "a@b.io", "count": 3, "price": 19.99,
  "start": "2026-01-16T10:00:00+02:00",
  "color": "dark_blue", "flag": true, "tags": ["x", "y"], "ratio": 0.5,
  "design": {"heading": "", "width": 200, "color": "red", "devices": ["green"], "item": null},
  "list": [1, {"a": "\u00e9"}], "item": {"title": "t", "quantity": 1.5, "price": 2},
  "items": [{"title": "u", "quantity": 0, "price": 0.1, "note": "n"}],
  "ref": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "colors": ["red", "dark_blue"]})";

TEST(JsonInTest, FillsEveryKindOfField) {
  Result<Input<SampleInput>> decoded = Input<SampleInput>::Decode(kGoodSample);
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  const auto sample = **decoded;
  EXPECT_EQ(View(sample.getName()), "Jana");
  EXPECT_EQ(View(sample.getEmail()), "a@b.io");
  EXPECT_EQ(sample.getCount(), 3);
  EXPECT_EQ(sample.getPrice(), 1999);
  EXPECT_EQ(sample.getStart(), 1768550400000);
  EXPECT_EQ(sample.getColor(), test::Color::DARK_BLUE);
  EXPECT_TRUE(sample.getFlag());
  ASSERT_EQ(sample.getTags().size(), 2u);
  EXPECT_EQ(View(sample.getTags()[1]), "y");
  EXPECT_EQ(sample.getRatio(), 0.5);
  EXPECT_EQ(View(sample.getDesign()),
            R"({"heading":"","width":200,"color":"red","devices":["green"],"item":null})");
  EXPECT_EQ(View(sample.getList()), "[1,{\"a\":\"\u00e9\"}]");
  EXPECT_EQ(sample.getItem().getQuantity(), 1.5);
  EXPECT_EQ(sample.getItem().getPrice(), 200);
  ASSERT_EQ(sample.getItems().size(), 1u);
  EXPECT_EQ(View(sample.getItems()[0].getNote()), "n");
  EXPECT_EQ(sample.getItems()[0].getPrice(), 10);
  ASSERT_EQ(sample.getColors().size(), 2u);
  EXPECT_EQ(sample.getColors()[1], test::Color::DARK_BLUE);
}

TEST(JsonInTest, MissingRequiredFieldsBreakAllTheirRulesInOrder) {
  const auto expected = ElementsAre(
      "name must be a string", "name should not be empty",
      "name must be longer than or equal to 2 characters",
      "name must be shorter than or equal to 5 characters", "email must be a string",
      "email must be an email", "count must be an integer number", "count must not be less than 1",
      "count must not be greater than 10",
      "price must be a number conforming to the specified constraints",
      "price must not be less than 0", "start must be a valid ISO 8601 date string",
      "color must be one of the following values: red, dark_blue, green",
      "flag must be a boolean value", "tags must be an array",
      "each value in tags must be a string",
      "ratio must be a number conforming to the specified constraints", "design must be an object",
      "list must be an array", "item must be an object", "items must be an array",
      "ref must be a string", "ref must be a UUID", "colors must be an array",
      "each value in colors must be one of the following values: red, dark_blue, green");
  EXPECT_THAT(Messages<SampleInput>(""), expected);
  EXPECT_THAT(Messages<SampleInput>("{}"), expected);
  // For a required field null is absence.
  EXPECT_THAT(Messages<SampleInput>(
                  R"({"name":null,"email":null,"count":null,"price":null,"start":null,"color":null,
                      "flag":null,"tags":null,"ratio":null,"design":null,"list":null,"item":null,
                      "items":null,"ref":null,"colors":null})"),
              expected);
}

TEST(JsonInTest, UnknownKeysOfStrictStructsComeFirst) {
  std::string body(kGoodSample);
  body.replace(1, 0, R"("zz":1,"shapes":{},"Name":2,)");
  body.replace(body.find("\"Jana\""), 6, "7");
  EXPECT_THAT(
      Messages<SampleInput>(body),
      ElementsAre("property zz should not exist", "property shapes should not exist",
                  "property Name should not exist", "name must be a string",
                  "name should not be empty", "name must be longer than or equal to 2 characters",
                  "name must be shorter than or equal to 5 characters"));
}

TEST(JsonInTest, NestedMessagesCarryTheirPath) {
  std::string body(kGoodSample);
  body.replace(body.find("\"width\": 200"), 12, "\"width\": 1, \"foo\": 1");
  body.replace(body.find("\"devices\": [\"green\"]"), 20, "\"devices\": [\"pink\"]");
  body.replace(body.find("\"item\": null"), 12, "\"item\": {\"title\": 1, \"bar\": 2}");
  body.replace(body.find("\"price\": 0.1"), 12, "\"price\": \"5\"");
  EXPECT_THAT(
      Messages<SampleInput>(body),
      ElementsAre(
          "design.property foo should not exist", "design.width must not be less than 200",
          "each value in design.devices must be one of the following values: red, dark_blue, green",
          "design.item.property bar should not exist", "design.item.title must be a string",
          "design.item.quantity must be a number conforming to the specified constraints",
          "design.item.quantity must not be less than 0",
          "design.item.price must be a number conforming to the specified constraints",
          "items.0.price must be a number conforming to the specified constraints"));
}

TEST(JsonInTest, ValuesOfTheWrongKindAreNeverCoerced) {
  EXPECT_THAT(Messages<PatchInput>(R"({"email":5})"),
              ElementsAre("email must be a string", "email must be an email"));
  EXPECT_THAT(Messages<PatchInput>(R"({"email":""})"), ElementsAre("email must be an email"));
  EXPECT_THAT(Messages<PatchInput>(R"({"score":"5"})"),
              ElementsAre("score must be an integer number", "score must not be less than 1"));
  EXPECT_THAT(Messages<PatchInput>(R"({"score":5.5})"),
              ElementsAre("score must be an integer number"));
  EXPECT_THAT(Messages<PatchInput>(R"({"score":true})"),
              ElementsAre("score must be an integer number", "score must not be less than 1"));
  EXPECT_THAT(Messages<PatchInput>(R"({"ratio":"1"})"),
              ElementsAre("ratio must be a number conforming to the specified constraints"));
  EXPECT_THAT(Messages<PatchInput>(R"({"active":"true"})"),
              ElementsAre("active must be a boolean value"));
  EXPECT_THAT(Messages<PatchInput>(R"({"active":1})"),
              ElementsAre("active must be a boolean value"));
  EXPECT_THAT(Messages<PatchInput>(R"({"endedAt":1768550400000})"),
              ElementsAre("endedAt must be a valid ISO 8601 date string"));
  EXPECT_THAT(Messages<PatchInput>(R"({"endedAt":"2026-01-16T10:00:00"})"),
              ElementsAre("endedAt must be a valid ISO 8601 date string"));
  EXPECT_THAT(Messages<PatchInput>(R"({"tags":"a"})"),
              ElementsAre("tags must be an array", "each value in tags must be a string"));
  EXPECT_THAT(Messages<PatchInput>(R"({"tags":["a",null]})"),
              ElementsAre("each value in tags must be a string"));
  EXPECT_THAT(Messages<PatchInput>(R"({"meta":5})"),
              ElementsAre("meta must be an object or an array"));
  EXPECT_THAT(Messages<PatchInput>(R"({"meta":"no json"})"),
              ElementsAre("meta must be an object or an array"));
  EXPECT_THAT(Messages<PatchInput>(R"({"meta":"5"})"),
              ElementsAre("meta must be an object or an array"));
  EXPECT_THAT(Messages<PatchInput>(R"({"design":"x"})"),
              ElementsAre("design must be an object",
                          "nested property design must be either object or array"));
  EXPECT_THAT(Messages<PatchInput>(R"({"design":[]})"), ElementsAre("design must be an object"));
  EXPECT_THAT(
      Messages<PatchInput>(R"({"item":3})"),
      ElementsAre("item must be an object", "nested property item must be either object or array"));
  EXPECT_THAT(Messages<PatchInput>(R"({"items":3})"),
              ElementsAre("items must be an array",
                          "nested property items must be either object or array"));
  EXPECT_THAT(Messages<PatchInput>(R"({"items":{}})"), ElementsAre("items must be an array"));
  EXPECT_THAT(Messages<PatchInput>(R"({"items":[3]})"),
              ElementsAre("each value in nested property items must be either object or array"));
}

TEST(JsonInTest, NumbersOutsideTheTypeAreRefused) {
  EXPECT_THAT(Messages<PatchInput>(R"({"small":32768})"),
              ElementsAre("small must not be greater than 32767"));
  EXPECT_THAT(Messages<PatchInput>(R"({"small":-32769})"),
              ElementsAre("small must not be less than -32768"));
  EXPECT_THAT(Messages<PatchInput>(R"({"big":-1})"), ElementsAre("big must not be less than 0"));
  EXPECT_THAT(Messages<PatchInput>(R"({"wide":9007199254740992})"),
              ElementsAre("wide must not be greater than 9007199254740991"));
  EXPECT_THAT(Messages<PatchInput>(R"({"wide":1e300})"),
              ElementsAre("wide must not be greater than 9007199254740991"));
  EXPECT_THAT(Messages<PatchInput>(R"({"weight":1e39})"),
              ElementsAre("weight must not be greater than 3.4028235e+38"));
  EXPECT_THAT(Messages<PatchInput>(R"({"price":90000000000001})"),
              ElementsAre("price must not be greater than 90000000000000"));
  EXPECT_THAT(Messages<PatchInput>(R"({"price":-90000000000001})"),
              ElementsAre("price must not be less than -90000000000000"));
  const Input<PatchInput> input = Patch(
      R"({"small":-32768,"big":9007199254740991,"wide":-9007199254740991,"score":2147483647,
          "price":1e2})");
  EXPECT_EQ((*input).getSmall(), -32768);
  EXPECT_EQ((*input).getBig(), 9007199254740991u);
  EXPECT_EQ((*input).getWide(), -9007199254740991);
  EXPECT_EQ((*input).getScore(), 2147483647);
  EXPECT_EQ((*input).getPrice(), 10000);
}

TEST(JsonInTest, WholeNumbersMayBeWrittenAsDecimals) {
  EXPECT_EQ((*Patch(R"({"score":5.0})")).getScore(), 5);
  EXPECT_EQ((*Patch(R"({"score":1e3})")).getScore(), 1000);
}

TEST(JsonInTest, RemembersWhatWasSentAndWhatWasNull) {
  const Input<PatchInput> input =
      Patch(R"({"email":null,"score":4,"endedAt":null,"nobody":1,"meta":null,"secret":"x"})");
  EXPECT_TRUE(input.Sent("email"));
  EXPECT_TRUE(input.Sent("score"));
  EXPECT_TRUE(input.Sent("endedAt"));
  EXPECT_FALSE(input.Sent("price"));
  EXPECT_FALSE(input.Sent("secret"));
  const schema::StructInfo& info = schema::InfoOf<PatchInput>();
  EXPECT_TRUE(input.fields().null[info.FindField("email")->ordinal]);
  EXPECT_FALSE(input.fields().null[info.FindField("score")->ordinal]);
  EXPECT_EQ(input.fields().sent.count(), 4u);
  EXPECT_EQ((*input).getEndedAt(), std::numeric_limits<int64_t>::min());
  EXPECT_FALSE((*input).hasEmail());
  EXPECT_FALSE((*input).hasSecret());
}

TEST(JsonInTest, AliasCountsOnlyWithoutTheName) {
  EXPECT_EQ((*Patch(R"({"points":7})")).getScore(), 7);
  EXPECT_TRUE(Patch(R"({"points":7})").Sent("score"));
  EXPECT_EQ((*Patch(R"({"points":7,"score":8})")).getScore(), 8);
  EXPECT_EQ((*Patch(R"({"score":8,"points":7})")).getScore(), 8);
}

TEST(JsonInTest, LastOfEqualKeysWins) {
  EXPECT_EQ((*Patch(R"({"score":7,"score":8})")).getScore(), 8);
  EXPECT_THAT(Messages<PatchInput>(R"({"score":8,"score":"x"})"),
              ElementsAre("score must be an integer number", "score must not be less than 1"));
}

TEST(JsonInTest, TextFormsTakeDocumentsInStrings) {
  EXPECT_EQ(View((*Patch(R"({"meta":[1, 2]})")).getMeta()), "[1,2]");
  EXPECT_EQ(View((*Patch(R"({"meta":"[1, {\"a\" : null}]"})")).getMeta()), "[1,{\"a\":null}]");
}

TEST(JsonInTest, NullOfAnEnumIsNotOffered) {
  EXPECT_THAT(Messages<PatchInput>(R"({"mood":"unknown"})"),
              ElementsAre("mood must be one of the following values: good, bad"));
  EXPECT_EQ((*Patch(R"({"mood":"bad"})")).getMood(), test::Mood::BAD);
}

TEST(JsonInTest, LengthsCountCharactersNotBytes) {
  std::string body(kGoodSample);
  body.replace(body.find("\"Jana\""), 6, "\"\u00e4\u20ac\U0001F600xy\"");
  EXPECT_THAT(Messages<SampleInput>(body), IsEmpty());
  body.replace(body.find("xy\""), 3, "xyz\"");
  EXPECT_THAT(Messages<SampleInput>(body),
              ElementsAre("name must be shorter than or equal to 5 characters"));
}

TEST(JsonInTest, BlankIsEmpty) {
  std::string body(kGoodSample);
  body.replace(body.find("\"Jana\""), 6, "\" \\t \"");
  EXPECT_THAT(Messages<SampleInput>(body), ElementsAre("name should not be empty"));
}

TEST(JsonInTest, BodiesThatAreNoObjectGiveOneMessage) {
  EXPECT_EQ(Refusal("{"), "the body is not valid JSON");
  EXPECT_EQ(Refusal(" "), "the body is not valid JSON");
  EXPECT_EQ(Refusal("{} x"), "the body is not valid JSON");
  EXPECT_EQ(Refusal(R"({"score":01})"),
            "the JSON body holds a number that is malformed or too large");
  EXPECT_EQ(Refusal(R"({"nobody":100000000000000000000})"),
            "the JSON body holds a number that is malformed or too large");
  EXPECT_EQ(Refusal(R"({"nobody":1e999})"),
            "the JSON body holds a number that is malformed or too large");
  EXPECT_EQ(Refusal(R"({"email":"\ud800"})"), "the body is not valid JSON");
  EXPECT_EQ(Refusal("[]"), "the JSON body must be an object");
  EXPECT_EQ(Refusal("null"), "the JSON body must be an object");
  EXPECT_EQ(Refusal("\"x\""), "the JSON body must be an object");
  EXPECT_EQ(Refusal("{\"email\":\"\xff\"}"), "the body is not valid UTF-8");
  EXPECT_EQ(Refusal(std::string(kJsonBytesMax + 1, ' ')), "the JSON body is too large");
}

TEST(JsonInTest, DepthIsBoundedExactly) {
  const auto nested = [](size_t depth) {
    return "{\"meta\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(Input<PatchInput>::Decode(nested(kJsonDepthMax - 1)).ok());
  EXPECT_EQ(Refusal(nested(kJsonDepthMax + 1)), "the JSON body is nested too deeply");
  EXPECT_EQ(Refusal(nested(10'000)), "the JSON body is nested too deeply");
}

TEST(JsonInTest, MessagesAreBoundedInNumberAndLength) {
  std::string body = "{";
  for (int i = 0; i < 1000; ++i) body += "\"k" + std::to_string(i) + "\":1,";
  body += "\"" + std::string(5000, 'x') + "\":1}";
  EXPECT_EQ(Messages<SampleInput>(body).size(), 100u);
  const std::vector<std::string> one =
      Messages<SampleInput>("{\"" + std::string(5000, 'x') + "\":1}");
  EXPECT_EQ(one[0], "property " + std::string(100, 'x') + " should not exist");
}

TEST(JsonInTest, ALargeBodyDoesNotSpoilTheNextOnes) {
  const std::string large = "{\"onlyHere\":\"" + std::string(500'000, 'x') + "\"}";
  EXPECT_EQ((*Patch(large)).getOnlyHere().size(), 500'000u);
  EXPECT_EQ((*Patch(R"({"score":3})")).getScore(), 3);
}

// Goal: PATCH changes what was sent, clears what was null and leaves the rest.
TEST(JsonInTest, CopySentChangesOnlyWhatWasSent) {
  Draft<test::Sample> record;
  record->setEmail("old@x.io");
  record->setScore(5);
  record->setEndedAt(9);
  record->setDiscount(100);
  record->setCode("keep");
  record->setZone("CET");
  const Input<PatchInput> input = Patch(
      R"({"email":"new@x.io","score":null,"discount":2.5,"zone":null,"onlyHere":"x","tags":["a"],
          "items":[{"title":"t","quantity":1,"price":1}],"mood":"good"})");
  CopySent(input, &record);
  EXPECT_EQ(View(record->getEmail()), "new@x.io");
  EXPECT_EQ(record->getScore(), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(record->getEndedAt(), 9);
  EXPECT_EQ(record->getDiscount(), 250);
  EXPECT_EQ(View(record->getCode()), "keep");
  EXPECT_EQ(View(record->getZone()), "UTC");
  EXPECT_EQ(record->getTags().size(), 1u);
  EXPECT_EQ(View(record->getItems()[0].getTitle()), "t");
  EXPECT_EQ(record->getMood(), test::Mood::GOOD);
}

}  // namespace
}  // namespace tenantry::codec
