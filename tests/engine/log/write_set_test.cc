#include "engine/log/write_set.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace tenantry::log {
namespace {

WriteSet Sample() {
  WriteSet set;
  set.Put("a", "1");
  set.Delete("bb");
  set.Put(std::string("k\0y", 3), std::string(300, 'v'));
  set.Put("", "");
  return set;
}

TEST(WriteSetTest, EncodesAndDecodesInOrder) {
  const WriteSet set = Sample();
  const std::string encoded = set.Encode();
  EXPECT_EQ(encoded.size(), set.bytes());
  const Result<WriteSet> decoded = WriteSet::Decode(encoded);
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  const std::vector<Effect> effects = decoded->ops();
  ASSERT_EQ(effects.size(), 4u);
  EXPECT_EQ(effects[0].key, "a");
  EXPECT_EQ(effects[0].value, "1");
  EXPECT_EQ(effects[1].kind, EffectKind::kDelete);
  EXPECT_EQ(effects[1].key, "bb");
  EXPECT_EQ(effects[2].key, std::string_view("k\0y", 3));
  EXPECT_EQ(effects[2].value.size(), 300u);
  EXPECT_EQ(effects[3].kind, EffectKind::kPut);
  EXPECT_EQ(decoded->Encode(), encoded);
}

TEST(WriteSetTest, AnEmptySetIsTwoBytes) {
  EXPECT_EQ(WriteSet().Encode(), std::string("\x01\x00", 2));
  EXPECT_TRUE(WriteSet::Decode(WriteSet().Encode())->empty());
}

TEST(WriteSetTest, BytesCountsTheCountItself) {
  WriteSet set;
  for (int i = 0; i < 300; ++i) {
    set.Delete("k");
    ASSERT_EQ(set.bytes(), set.Encode().size());
  }
}

TEST(WriteSetTest, EveryCutIsCorruption) {
  const std::string encoded = Sample().Encode();
  for (size_t bytes = 0; bytes < encoded.size(); ++bytes) {
    const Result<WriteSet> decoded = WriteSet::Decode(std::string_view(encoded).substr(0, bytes));
    ASSERT_FALSE(decoded.ok()) << bytes;
    EXPECT_EQ(decoded.status().code(), StatusCode::kCorruption);
  }
  EXPECT_EQ(WriteSet::Decode(encoded + "x").status().code(), StatusCode::kCorruption);
}

TEST(WriteSetTest, UnknownVersionAndKindAreCorruption) {
  std::string encoded = Sample().Encode();
  encoded[0] = 2;
  EXPECT_EQ(WriteSet::Decode(encoded).status().code(), StatusCode::kCorruption);
  encoded[0] = 1;
  encoded[2] = 9;
  EXPECT_EQ(WriteSet::Decode(encoded).status().code(), StatusCode::kCorruption);
}

TEST(WriteSetTest, AHugeCountIsRefusedBeforeAnythingIsReserved) {
  std::string encoded(1, '\x01');
  AppendVarint(&encoded, UINT64_MAX);
  encoded += "\x02\x01k";
  EXPECT_EQ(WriteSet::Decode(encoded).status().code(), StatusCode::kCorruption);
}

// Goal: no bytes make the decoder crash or read outside. Method: damaged real sets; the sanitizer
// builds watch.
TEST(WriteSetTest, DamagedBytesNeverCrash) {
  SeededRandom random(11);
  const std::string encoded = Sample().Encode();
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = encoded;
    for (uint64_t i = 1 + random.Below(4); i > 0; --i) {
      damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    }
    const Result<WriteSet> decoded = WriteSet::Decode(damaged);
    if (decoded.ok()) {
      EXPECT_LE(decoded->bytes(), damaged.size() + 10);
    }
  }
}

}  // namespace
}  // namespace tenantry::log
