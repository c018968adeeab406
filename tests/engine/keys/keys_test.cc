#include "engine/keys/keys.h"

#include <algorithm>
#include <limits>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"

namespace tenantry::keys {
namespace {

using Tuple = std::vector<Part>;

std::string Encoded(const Tuple& tuple) {
  std::string key;
  AppendTuple(&key, tuple);
  return key;
}

std::string Text(std::string_view text) {
  std::string key;
  AppendPart(&key, text);
  return key;
}

std::string Int(int64_t value) {
  std::string key;
  AppendPart(&key, value);
  return key;
}

// Texts from few bytes, so that prefixes, zeros and FF tails collide often.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::string NextText() {
    static constexpr char kBytes[] = {'\0', '\x01', '\x02', 'a', '\x7f', '\x80', '\xfe', '\xff'};
    std::string text;
    for (size_t n = random_() % 6; n > 0; --n) text.push_back(kBytes[random_() % sizeof kBytes]);
    return text;
  }
  int64_t NextInt() {
    switch (random_() % 4) {
      case 0:
        return static_cast<int64_t>(random_());
      case 1:
        return static_cast<int64_t>(random_() % 7) - 3;
      case 2:
        return std::numeric_limits<int64_t>::min() + static_cast<int64_t>(random_() % 3);
      default:
        return std::numeric_limits<int64_t>::max() - static_cast<int64_t>(random_() % 3);
    }
  }
  uint64_t Next() { return random_(); }

 private:
  std::mt19937_64 random_;
};

uint64_t NewSeed() {
  return std::random_device{}();
}

// Goal: encoded tuples sort like their values, compared part by part.
TEST(KeysTest, TuplesSortLikeTheirValues) {
  const uint64_t seed = NewSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator next(seed);
  for (int i = 0; i < 100'000; ++i) {
    const std::string t1 = next.NextText(), t2 = next.NextText(), t3 = next.NextText(),
                      t4 = next.NextText();
    // Half of the pairs share their first parts, so that the later ones decide.
    const int64_t i1 = next.NextInt();
    const int64_t i2 = next.Next() % 2 == 0 ? i1 : next.NextInt();
    const bool same = next.Next() % 2 == 0;
    const auto a = std::tuple<std::string, int64_t, std::string>(t1, i1, t2);
    const auto b = std::tuple<std::string, int64_t, std::string>(same ? t1 : t3, i2, t4);
    const std::string ka = Encoded({std::string_view(t1), i1, std::string_view(t2)});
    const std::string kb = Encoded({std::string_view(same ? t1 : t3), i2, std::string_view(t4)});
    ASSERT_EQ(a < b, ka < kb) << FormatHex(ka) << " " << FormatHex(kb);
    ASSERT_EQ(a == b, ka == kb) << FormatHex(ka) << " " << FormatHex(kb);
  }
}

TEST(KeysTest, PartsComeBack) {
  const uint64_t seed = NewSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator next(seed);
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = next.NextText();
    const int64_t number = next.NextInt();
    const std::string key = Text(text) + Int(number) + Text("") + "rest";
    std::string_view in = key;
    std::string got_text = "junk";
    int64_t got_number = 0;
    ASSERT_TRUE(TakeText(&in, &got_text));
    ASSERT_EQ(got_text, text);
    ASSERT_TRUE(TakeInt(&in, &got_number));
    ASSERT_EQ(got_number, number);
    ASSERT_TRUE(TakeText(&in, &got_text));
    ASSERT_EQ(got_text, "");
    ASSERT_EQ(in, "rest");
  }
}

TEST(KeysTest, BrokenPartsAreRefusedAndTakeNothing) {
  using namespace std::string_view_literals;
  for (const std::string_view bad :
       {""sv, "a"sv, "a\0"sv, "a\0\x02"sv, "a\0\xff"sv, "\0\0\0\x01"sv}) {
    std::string_view in = bad;
    std::string text = "kept";
    EXPECT_FALSE(TakeText(&in, &text)) << FormatHex(bad);
    EXPECT_EQ(in, bad);
    EXPECT_EQ(text, "kept");
  }
  std::string_view in = "1234567";
  int64_t number = 5;
  EXPECT_FALSE(TakeInt(&in, &number));
  EXPECT_EQ(in.size(), 7u);
  EXPECT_EQ(number, 5);
}

// Goal: a text is never a prefix of another one's encoding, so a prefix scan over one value meets
// no other.
TEST(KeysTest, NoEncodedTextStartsAnother) {
  const uint64_t seed = NewSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator next(seed);
  for (int i = 0; i < 100'000; ++i) {
    const std::string a = next.NextText();
    const std::string b = next.NextText();
    if (a == b) continue;
    ASSERT_FALSE(Text(a).starts_with(Text(b))) << FormatHex(a) << " " << FormatHex(b);
  }
}

// Goal: [prefix, PrefixEnd(prefix)) holds exactly the keys that start with the prefix.
TEST(KeysTest, PrefixRangeHoldsExactlyThePrefix) {
  const uint64_t seed = NewSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator next(seed);
  for (int i = 0; i < 100'000; ++i) {
    const std::string prefix = next.NextText();
    const std::string key = next.Next() % 2 == 0 ? prefix + next.NextText() : next.NextText();
    const std::string end = PrefixEnd(prefix);
    const bool inside = key >= prefix && (end.empty() || key < end);
    ASSERT_EQ(inside, key.starts_with(prefix)) << FormatHex(key) << " " << FormatHex(prefix);
  }
  EXPECT_EQ(PrefixEnd("a"), "b");
  EXPECT_EQ(PrefixEnd("a\xff\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

// Goal: no key of one space lies in a prefix range of its neighbour, whatever kind and bytes
// follow.
TEST(KeysTest, AdjacentSpacesNeverMeet) {
  const uint64_t seed = NewSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Generator next(seed);
  constexpr Kind kKinds[] = {Kind::kMeta,  Kind::kRecord,  Kind::kUnique,
                             Kind::kIndex, Kind::kCounter, Kind::kSketch};
  const uint64_t bases[] = {0, 1, 0xFE, 0xFF, 0xFFFF, 0xFFFFFFFF, (uint64_t{1} << 63) - 1};
  const auto any_key = [&](SpaceId space) {
    switch (next.Next() % 5) {
      case 0:
        return MetaKey(space, next.NextText());
      case 1:
        return RecordKey(space, static_cast<uint16_t>(next.Next()), Text(next.NextText()));
      case 2:
        return IndexPrefix(space, Kind::kIndex, static_cast<uint16_t>(next.Next()),
                           static_cast<uint8_t>(next.Next())) +
               next.NextText();
      case 3:
        return CounterKey(space, 0xFF, next.NextText(), next.NextText(), next.NextInt());
      default:
        return SketchKey(space, 0xFF, next.NextText(), next.NextInt(), 0xFF);
    }
  };
  for (int i = 0; i < 50'000; ++i) {
    const uint64_t base = bases[next.Next() % std::size(bases)];
    const SpaceId low(base);
    const SpaceId high(base + 1);
    const std::string low_key = any_key(low);
    const std::string high_key = any_key(high);
    ASSERT_LT(low_key, high_key);
    for (const Kind kind : kKinds) {
      const std::string start = SpacePrefix(low, kind);
      const std::string end = PrefixEnd(start);
      ASSERT_FALSE(high_key >= start && high_key < end);
      const std::string other = SpacePrefix(high, kind);
      ASSERT_FALSE(low_key >= other && low_key < PrefixEnd(other));
    }
  }
}

TEST(KeysTest, HeadsComeBack) {
  const SpaceId space(0x0102030405060708);
  KeyHead head;
  const std::string record = RecordKey(space, 0xABCD, Text("id"));
  ASSERT_TRUE(SplitHead(record, &head));
  EXPECT_EQ(head.space, space);
  EXPECT_EQ(head.kind, Kind::kRecord);
  EXPECT_EQ(head.collection, 0xABCD);
  EXPECT_EQ(head.rest, Text("id"));
  const std::string index = IndexPrefix(space, Kind::kUnique, 9, 0xFE) + Int(4);
  ASSERT_TRUE(SplitHead(index, &head));
  EXPECT_EQ(head.kind, Kind::kUnique);
  EXPECT_EQ(head.collection, 9);
  EXPECT_EQ(head.rest, "\xFE" + Int(4));
  const std::string meta = MetaKey(space, "applied_index");
  ASSERT_TRUE(SplitHead(meta, &head));
  EXPECT_EQ(head.kind, Kind::kMeta);
  EXPECT_EQ(head.collection, 0);
  EXPECT_EQ(head.rest, "applied_index");
  for (size_t n = 0; n < 9; ++n)
    EXPECT_FALSE(SplitHead(std::string_view(meta).substr(0, n), &head));
  for (size_t n = 0; n < 11; ++n) {
    EXPECT_FALSE(SplitHead(std::string_view(index).substr(0, n), &head));
  }
}

// What is on disk stays where it is: a failure here means that stored keys moved.
TEST(KeysTest, GoldenBytes) {
  const SpaceId space(258);
  const std::string id = Text(std::string_view("a\0b", 3));
  EXPECT_EQ(FormatHex(Int(0)), "8000000000000000");
  EXPECT_EQ(FormatHex(Int(-1)), "7fffffffffffffff");
  EXPECT_EQ(FormatHex(Int(std::numeric_limits<int64_t>::min())), "0000000000000000");
  EXPECT_EQ(FormatHex(id), "6100ff620001");
  EXPECT_EQ(FormatHex(MetaKey(space, "m")), "0000000000000102016d");
  EXPECT_EQ(FormatHex(RecordKey(space, 0x1234, id)), "00000000000001021012346100ff620001");
  EXPECT_EQ(FormatHex(RecordPrefix(space, 7)), "0000000000000102100007");
  EXPECT_EQ(FormatHex(IndexPrefix(space, Kind::kUnique, 7, 1) + Int(1)),
            "0000000000000102200007018000000000000001");
  EXPECT_EQ(FormatHex(IndexPrefix(space, Kind::kIndex, 7, 255)),
            "000000000000010230"
            "0007ff");
  EXPECT_EQ(FormatHex(CounterKey(space, 3, "p", "views", 15)),
            "000000000000010240"
            "03"
            "700001"
            "76696577730001"
            "800000000000000f");
  EXPECT_EQ(FormatHex(SketchKey(space, 4, "p", -1, 63)),
            "000000000000010248"
            "04"
            "700001"
            "7fffffffffffffff"
            "3f");
}

}  // namespace
}  // namespace tenantry::keys
