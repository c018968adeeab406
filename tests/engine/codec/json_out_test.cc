#include "engine/codec/json_out.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "engine/codec/json_in.h"
#include "engine/codec/stored.h"
#include "tests/engine/codec/test_records.capnp.h"

namespace tenantry::codec {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}

std::string Number(double value) {
  std::string out;
  AppendJsonNumber(&out, value);
  return out;
}

std::string MoneyText(int64_t hundredths) {
  std::string out;
  AppendJsonMoney(&out, hundredths);
  return out;
}

TEST(JsonOutTest, EscapesWhatJsonRequires) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(Quoted("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(Quoted(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(Quoted("gr\u00fc\u00df \U0001F600"), "\"gr\u00fc\u00df \U0001F600\"");
}

// Goal: text is looked through eight bytes at a time, and no place in it is passed over.
// Method: every byte in every place of texts of every length up to three steps, against the rule byte by byte.
TEST(JsonOutTest, EveryByteIsEscapedInEveryPlace) {
  const auto expected = [](std::string_view text) {
    std::string out = "\"";
    for (const char c : text) out += Quoted({&c, 1}).substr(1, Quoted({&c, 1}).size() - 2);
    return out + "\"";
  };
  for (size_t length = 1; length <= 24; ++length) {
    for (size_t place = 0; place < length; ++place) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, 'x');
        text[place] = static_cast<char>(byte);
        text[length - 1 - place / 2] ^= '\x04';
        ASSERT_EQ(Quoted(text), expected(text)) << length << " " << place << " " << byte;
      }
    }
  }
}

TEST(JsonOutTest, NumbersAreShortAndPlain) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(-1.5), "-1.5");
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(100000), "100000");
  EXPECT_EQ(Number(1e18), "1000000000000000000");
  EXPECT_EQ(Number(1e19), "1e+19");
  EXPECT_EQ(Number(0.000001), "0.000001");
  EXPECT_EQ(Number(1e-7), "1e-07");
  EXPECT_EQ(Number(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(Number(-std::numeric_limits<double>::infinity()), "null");
  std::string text;
  AppendJsonFloat(&text, 0.1F);
  EXPECT_EQ(text, "0.1");
}

TEST(JsonOutTest, NumbersReadBackAsTheSameDouble) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(std::strtod(Number(value).c_str(), nullptr), value);
  }
}

TEST(JsonOutTest, MoneyHasTwoDecimals) {
  EXPECT_EQ(MoneyText(0), "0.00");
  EXPECT_EQ(MoneyText(1999), "19.99");
  EXPECT_EQ(MoneyText(5), "0.05");
  EXPECT_EQ(MoneyText(-5), "-0.05");
  EXPECT_EQ(MoneyText(-12345), "-123.45");
  EXPECT_EQ(MoneyText(std::numeric_limits<int64_t>::min()), "-92233720368547758.08");
}

TEST(JsonOutTest, AFreshRecordShowsDefaultsAndNulls) {
  Draft<test::Sample> sample;
  std::string out;
  AppendObject<test::Sample>(&out, sample.reader());
  EXPECT_EQ(out,
            R"({"owner":null,"seq":0,"email":null,"live":false,"color":"red","mood":null,)"
            R"("createdAt":"1970-01-01T00:00:00.000Z","endedAt":null,"price":0.00,"discount":null,)"
            R"("small":-5,"score":null,"big":0,"ratio":null,"weight":0,"tags":null,"colors":null,)"
            R"("item":null,"items":null,"meta":null,"zone":"UTC","active":true,"other_name":null,)"
            R"("code":null})");
}

TEST(JsonOutTest, AFullRecordShowsEverythingButInternalFields) {
  Draft<test::Sample> sample;
  sample->setOwner("o\"1");
  sample->setSeq(-7);
  sample->setEmail("");
  sample->setLive(true);
  sample->setColor(test::Color::DARK_BLUE);
  sample->setMood(test::Mood::BAD);
  sample->setCreatedAt(1768550400000);
  sample->setEndedAt(0);
  sample->setPrice(1999);
  sample->setDiscount(-50);
  sample->setSmall(12);
  sample->setScore(0);
  sample->setBig(std::numeric_limits<uint64_t>::max());
  sample->setRatio(0.25);
  sample->setWeight(0.1F);
  auto tags = sample->initTags(2);
  tags.set(0, "a");
  tags.set(1, "b\n");
  auto colors = sample->initColors(2);
  colors.set(0, test::Color::GREEN);
  colors.set(1, static_cast<test::Color>(99));  // From a newer build.
  sample->initItem().setTitle("t");
  auto items = sample->initItems(2);
  items[1].setPrice(250);
  sample->setMeta(R"({"k":[1]})");
  sample->setSecret("hidden");
  sample->setBlob(kj::arrayPtr(reinterpret_cast<const kj::byte*>("x"), 1));
  sample->setZone("");
  sample->setActive(false);
  sample->setRenamed("r");
  sample->setCode("c");
  std::string out;
  AppendObject<test::Sample>(&out, sample.reader());
  EXPECT_EQ(out,
            R"({"owner":"o\"1","seq":-7,"email":"","live":true,"color":"dark_blue","mood":"bad",)"
            R"("createdAt":"2026-01-16T08:00:00.000Z","endedAt":"1970-01-01T00:00:00.000Z",)"
            R"("price":19.99,"discount":-0.50,"small":12,"score":0,"big":18446744073709551615,)"
            R"("ratio":0.25,"weight":0.1,)"
            R"("tags":["a","b\n"],"colors":["green",null],)"
            R"("item":{"title":"t","quantity":0,"price":0.00,"note":null},)"
            R"("items":[{"title":null,"quantity":0,"price":0.00,"note":null},)"
            R"({"title":null,"quantity":0,"price":2.50,"note":null}],)"
            R"("meta":{"k":[1]},"zone":"","active":false,"other_name":"r","code":"c"})");
}

// Goal: what a field holds is what its JSON says, whatever the bytes of a text are.
TEST(JsonOutTest, OutputReadsBackThroughInput) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 5'000; ++i) {
    Draft<test::PatchInput> draft;
    std::string text;
    for (size_t n = random() % 40; n > 0; --n) text.push_back(static_cast<char>(random() % 128));
    draft->setOnlyHere(capnp::Text::Reader(text.data(), text.size()));
    draft->setWide(static_cast<int64_t>(random() >> 12));
    draft->setRatio(
        std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 200) - 150));
    draft->setDiscount(static_cast<int64_t>(random() % 7'000'000'000'000'000));
    draft->setWeight(static_cast<float>(random() % 100'000) / 7);
    std::string json;
    AppendObject<test::PatchInput>(&json, draft.reader());
    const Result<Input<test::PatchInput>> input = Input<test::PatchInput>::Decode(json);
    ASSERT_TRUE(input.ok()) << input.status().ToString() << json;
    const auto read = **input;
    ASSERT_EQ(std::string(read.getOnlyHere().begin(), read.getOnlyHere().size()), text);
    ASSERT_EQ(read.getWide(), draft->getWide());
    ASSERT_EQ(read.getRatio(), draft->getRatio());
    ASSERT_EQ(read.getDiscount(), draft->getDiscount());
    ASSERT_EQ(read.getWeight(), draft->getWeight());
  }
}

TEST(JsonOutTest, ObjectWriterPlacesTheCommas) {
  std::string out;
  {
    ObjectWriter object(&out);
    object.Members("");
    object.String("s", "x\ty");
    object.OptionalString("n", false, "ignored");
    object.OptionalString("o", true, "");
    object.Int("i", -3);
    object.Number("d", 1.5);
    object.Bool("b", false);
    object.Money("m", 1050);
    object.Instant("t", 1);
    object.Null("z");
    object.Raw("r", "[1]");
    object.Members(R"("a":1,"c":2)");
    object.Key("k")->append("{}");
  }
  EXPECT_EQ(out, R"({"s":"x\ty","n":null,"o":"","i":-3,"d":1.5,"b":false,"m":10.50,)"
                 R"("t":"1970-01-01T00:00:00.001Z","z":null,"r":[1],"a":1,"c":2,"k":{}})");
  out.clear();
  { ObjectWriter object(&out); }
  EXPECT_EQ(out, "{}");
}

}  // namespace
}  // namespace tenantry::codec
