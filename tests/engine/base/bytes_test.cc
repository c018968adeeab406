#include "engine/base/bytes.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/random.h"

namespace tenantry {
namespace {

TEST(BytesTest, LittleEndianIsLowByteFirst) {
  std::string out;
  AppendLittle(&out, uint32_t{0x01020304});
  EXPECT_EQ(out, std::string("\x04\x03\x02\x01"));
  EXPECT_EQ(LoadLittle<uint32_t>(out.data()), 0x01020304u);
  StoreLittle(out.data(), uint32_t{7});
  EXPECT_EQ(LoadLittle<uint32_t>(out.data()), 7u);
}

TEST(BytesTest, BigEndianSortsLikeNumbers) {
  SeededRandom random(1);
  std::vector<uint64_t> numbers = {0, 1, 255, 256, UINT64_MAX, UINT64_MAX - 1};
  for (int i = 0; i < 1000; ++i) numbers.push_back(random.Next64() >> random.Below(64));
  std::sort(numbers.begin(), numbers.end());
  std::string previous;
  for (const uint64_t number : numbers) {
    std::string key;
    AppendBig64(&key, number);
    EXPECT_EQ(LoadBig64(key.data()), number);
    EXPECT_LE(previous, key);
    previous = key;
  }
  std::string out;
  AppendBig32(&out, 0x01020304);
  AppendBig16(&out, 0x0506);
  EXPECT_EQ(out, std::string("\x01\x02\x03\x04\x05\x06"));
  EXPECT_EQ(LoadBig32(out.data()), 0x01020304u);
}

TEST(BytesTest, VarintsRoundTripAtEveryWidth) {
  SeededRandom random(2);
  std::vector<uint64_t> numbers = {0, UINT64_MAX};
  for (int bit = 0; bit < 64; ++bit) {
    numbers.insert(numbers.end(), {uint64_t{1} << bit, (uint64_t{1} << bit) - 1});
  }
  for (int i = 0; i < 10'000; ++i) numbers.push_back(random.Next64() >> random.Below(64));
  for (const uint64_t number : numbers) {
    std::string out;
    AppendVarint(&out, number);
    EXPECT_LE(out.size(), 10u);
    std::string_view in = out;
    uint64_t value = 0;
    ASSERT_TRUE(TakeVarint(&in, &value));
    EXPECT_EQ(value, number);
    EXPECT_TRUE(in.empty());
    for (size_t cut = 0; cut < out.size(); ++cut) {
      std::string_view part = std::string_view(out).substr(0, cut);
      EXPECT_FALSE(TakeVarint(&part, &value));
      EXPECT_EQ(part.size(), cut) << "the cursor moved";
    }
  }
}

TEST(BytesTest, VarintsBeyond64BitsAreRefused) {
  uint64_t value = 0;
  std::string_view eleven("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
  EXPECT_FALSE(TakeVarint(&eleven, &value));
  EXPECT_EQ(eleven.size(), 11u);
  std::string_view overflow("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
  EXPECT_FALSE(TakeVarint(&overflow, &value));
}

TEST(BytesTest, SizedBytesRoundTripAndNeverRunPastTheEnd) {
  std::string out;
  AppendSized(&out, "");
  AppendSized(&out, std::string(200, 'x'));
  std::string_view in = out;
  std::string_view first;
  std::string_view second;
  ASSERT_TRUE(TakeSized(&in, &first));
  ASSERT_TRUE(TakeSized(&in, &second));
  EXPECT_EQ(first, "");
  EXPECT_EQ(second, std::string(200, 'x'));
  EXPECT_FALSE(TakeSized(&in, &first));
  for (size_t cut = 1; cut < out.size(); ++cut) {
    std::string_view part = std::string_view(out).substr(1, cut - 1);
    const size_t before = part.size();
    EXPECT_FALSE(TakeSized(&part, &first)) << cut;
    EXPECT_EQ(part.size(), before);
  }
  std::string huge;
  AppendVarint(&huge, UINT64_MAX);
  huge += "abc";
  std::string_view part = huge;
  EXPECT_FALSE(TakeSized(&part, &first));
}

TEST(BytesTest, HexRoundTripsAndRefusesTheRest) {
  const std::string bytes = SeededRandom(9).Bytes(100);
  const std::string text = FormatHex(bytes);
  EXPECT_EQ(text.size(), 200u);
  std::string parsed;
  ASSERT_TRUE(ParseHex(text, &parsed));
  EXPECT_EQ(parsed, bytes);
  EXPECT_EQ(FormatHex(std::string("\x00\xab", 2)), "00ab");
  EXPECT_TRUE(ParseHex("AbCd", &parsed));
  EXPECT_EQ(parsed, "\xab\xcd");
  EXPECT_FALSE(ParseHex("abc", &parsed));
  EXPECT_FALSE(ParseHex("0g", &parsed));
}

}  // namespace
}  // namespace tenantry
