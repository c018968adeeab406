#include "engine/codec/stored.h"

#include <random>

#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "engine/codec/json_out.h"
#include "tests/engine/codec/test_records.capnp.h"

namespace tenantry::codec {
namespace {

using test::Sample;

std::string FullSample() {
  Draft<Sample> sample;
  sample->setOwner("owner");
  sample->setSeq(9);
  sample->setEmail("mail@example.org");
  auto tags = sample->initTags(2);
  tags.set(0, "first");
  tags.set(1, "second");
  sample->initColors(3);
  sample->initItem().setTitle("inner");
  auto items = sample->initItems(2);
  items[0].setTitle("one");
  items[1].setNote("two");
  sample->setBlob(kj::arrayPtr(reinterpret_cast<const kj::byte*>("blob"), 4));
  sample->setMeta("{}");
  return sample.Encode();
}

TEST(StoredTest, ReadsWhatWasWritten) {
  const std::string bytes = FullSample();
  const Result<Stored<Sample>> stored = Stored<Sample>::Decode(bytes);
  ASSERT_TRUE(stored.ok()) << stored.status().ToString();
  EXPECT_EQ(stored->bytes(), bytes);
  const Sample::Reader sample = **stored;
  EXPECT_EQ(sample.getSeq(), 9);
  EXPECT_STREQ(sample.getTags()[1].cStr(), "second");
  EXPECT_STREQ(sample.getItems()[1].getNote().cStr(), "two");
}

TEST(StoredTest, CopiesOutliveTheOriginal) {
  std::optional<Stored<Sample>> copy;
  {
    const Result<Stored<Sample>> stored = Stored<Sample>::Decode(FullSample());
    copy = *stored;
  }
  EXPECT_STREQ((*copy)->getOwner().cStr(), "owner");
}

// Goal: a cached record can be read for as long as the process lives.
// Method: read more than Cap'n Proto's own limit of 8 Mi words allows.
TEST(StoredTest, ReadingIsNotRationed) {
  Draft<Sample> draft;
  draft->setMeta(std::string(1 << 20, 'x').c_str());
  const Result<Stored<Sample>> stored = Stored<Sample>::Decode(draft.Encode());
  ASSERT_TRUE(stored.ok());
  for (int i = 0; i < 200; ++i) ASSERT_EQ((*stored)->getMeta().size(), size_t{1} << 20);
}

TEST(StoredTest, UnalignedBytesAreFine) {
  const std::string bytes = FullSample();
  for (size_t shift = 0; shift < 8; ++shift) {
    const std::string padded = std::string(shift, '#') + bytes;
    EXPECT_TRUE(Stored<Sample>::Decode(std::string_view(padded).substr(shift)).ok());
  }
}

TEST(StoredTest, EncodeLeavesNoHoles) {
  Draft<Sample> draft;
  draft->setOwner("the first, much longer value that is replaced");
  draft->setOwner("short");
  Draft<Sample> fresh;
  fresh->setOwner("short");
  EXPECT_EQ(draft.Encode(), fresh.Encode());
}

// Goal: what is not compacted reads the same, and bytes() bounds both.
TEST(StoredTest, EncodeAsWrittenReadsTheSame) {
  for (const unsigned tags : {0u, 3u, 500u}) {  // The last does not fit into the first segment.
    Draft<Sample> draft;
    draft->setOwner("owner");
    draft->initTags(tags);
    for (unsigned i = 0; i < tags; ++i) draft->getTags().set(i, std::string(100, 'a').c_str());
    draft->setEmail("mail@example.org");
    const std::string bytes = draft.EncodeAsWritten();
    const Result<Stored<Sample>> stored = Stored<Sample>::Decode(bytes);
    ASSERT_TRUE(stored.ok()) << stored.status().ToString();
    EXPECT_EQ(Draft<Sample>(*stored).Encode(), draft.Encode());
    EXPECT_EQ(bytes.size(), draft.Encode().size()) << "each field was set once";
    EXPECT_GE(draft.bytes(), bytes.size());
  }
}

TEST(StoredTest, LargeDraftsBecomeOneSegment) {
  Draft<Sample> draft;
  draft->initTags(500);
  for (unsigned i = 0; i < 500; ++i) draft->getTags().set(i, std::string(100, 'a').c_str());
  const Result<Stored<Sample>> stored = Stored<Sample>::Decode(draft.Encode());
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ((*stored)->getTags().size(), 500u);
}

TEST(StoredTest, FieldsThisBuildDoesNotKnowSurviveARewrite) {
  const Result<Stored<test::OldSample>> old = Stored<test::OldSample>::Decode(FullSample());
  ASSERT_TRUE(old.ok());
  Draft<test::OldSample> draft(*old);
  draft->setSeq(10);
  const Result<Stored<Sample>> again = Stored<Sample>::Decode(draft.Encode());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->getSeq(), 10);
  EXPECT_STREQ((*again)->getItems()[0].getTitle().cStr(), "one");
  EXPECT_EQ((*again)->getColors().size(), 3u);
}

// What is on disk stays readable: a failure here means that stored records changed.
TEST(StoredTest, GoldenBytes) {
  Draft<test::Golden> draft;
  draft->setId("abc");
  draft->setCount(8);
  draft->setAt(1768550400000);
  draft->setOn(true);
  const std::string expected =
      "0000000005000000"  // One segment of five words.
      "0000000002000100"  // Root: two data words, one pointer.
      "0f00000001000000"  // count 8 ^ 7, then the bit of `on`.
      "0080d1c59b010000"  // at
      "0100000022000000"  // id: text of four bytes, its end included.
      "6162630000000000";
  EXPECT_EQ(FormatHex(draft.Encode()), expected);
  std::string bytes;
  ASSERT_TRUE(ParseHex(expected, &bytes));
  const Result<Stored<test::Golden>> stored = Stored<test::Golden>::Decode(bytes);
  ASSERT_TRUE(stored.ok());
  std::string json;
  AppendObject<test::Golden>(&json, **stored);
  EXPECT_EQ(json, R"({"id":"abc","count":8,"at":"2026-01-16T08:00:00.000Z","on":true})");
}

TEST(StoredTest, WrongHeadersAreCorruption) {
  const std::string good = FullSample();
  const auto refuses = [](const std::string& bytes) {
    const Result<Stored<Sample>> stored = Stored<Sample>::Decode(bytes);
    return !stored.ok() && stored.status().code() == StatusCode::kCorruption;
  };
  EXPECT_TRUE(refuses(""));
  EXPECT_TRUE(refuses(good.substr(0, 8)));
  EXPECT_TRUE(refuses(good.substr(0, good.size() - 1)));
  EXPECT_TRUE(refuses(good.substr(0, good.size() - 8)));
  EXPECT_TRUE(refuses(good + std::string(8, '\0')));
  std::string two_segments = good;
  two_segments[0] = 1;
  EXPECT_TRUE(refuses(two_segments));
}

TEST(StoredTest, NestingIsBounded) {
  // A struct whose only pointer leads back to itself.
  std::string bytes;
  AppendLittle<uint32_t>(&bytes, 0);
  AppendLittle<uint32_t>(&bytes, 2);
  AppendLittle<uint64_t>(&bytes, uint64_t{1} << 48);  // Root: one pointer, right behind.
  AppendLittle<uint64_t>(&bytes, (uint64_t{1} << 48) | 0xFFFFFFFC);  // Offset -1: itself.
  EXPECT_FALSE(Message::Decode(bytes).ok());
}

TEST(StoredTest, SharedWordsDoNotMultiply) {
  // A list of many text pointers that all lead to one long text.
  constexpr uint32_t kPointers = 1000;
  constexpr uint32_t kTextWords = 1000;
  std::string bytes;
  AppendLittle<uint32_t>(&bytes, 0);
  AppendLittle<uint32_t>(&bytes, 2 + kPointers + kTextWords);
  AppendLittle<uint64_t>(&bytes, uint64_t{1} << 48);
  AppendLittle<uint64_t>(&bytes, 1 | (uint64_t{kPointers} << 3 | 6) << 32);
  for (uint32_t i = 0; i < kPointers; ++i) {
    AppendLittle<uint64_t>(
        &bytes, (uint64_t{kPointers - 1 - i} << 2 | 1) | (uint64_t{kTextWords * 8} << 3 | 2) << 32);
  }
  bytes.append(kTextWords * 8, '\0');
  const Result<std::shared_ptr<const Message>> message = Message::Decode(bytes);
  ASSERT_FALSE(message.ok());
  EXPECT_EQ(message.status().code(), StatusCode::kCorruption);
}

// Goal: whatever the bytes, Decode answers, and after a yes no getter throws.
// Method: change a few bytes of a good record at a time and read every field of what is accepted.
TEST(StoredTest, DamageIsRefusedOrHarmless) {
  const std::string good = FullSample();
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    for (size_t n = 1 + random() % 3; n > 0; --n) {
      bytes[8 + random() % (bytes.size() - 8)] = static_cast<char>(random());
    }
    const Result<Stored<Sample>> stored = Stored<Sample>::Decode(bytes);
    if (!stored.ok()) {
      ASSERT_EQ(stored.status().code(), StatusCode::kCorruption);
      ++refused;
      continue;
    }
    ++accepted;
    std::string json;
    ASSERT_NO_THROW(AppendObject<Sample>(&json, **stored));
    ASSERT_NO_THROW(static_cast<void>((*stored)->getBlob().size()));
    Draft<Sample> draft(*stored);
    ASSERT_NO_THROW(static_cast<void>(draft.Encode()));
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace tenantry::codec
