#include "engine/log/entry.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/engine/log/log_fixture.h"

namespace tenantry::log {
namespace {

std::string Encoded(const Entry& entry, Hash128 chain) {
  std::string bytes;
  AppendEntry(&bytes, entry, &chain);
  return bytes;
}

TEST(EntryTest, RoundTripsAndMovesTheChain) {
  const Entry entry = TestEntry(9, 1000);
  Hash128 written = GenesisChain(1);
  std::string bytes;
  AppendEntry(&bytes, entry, &written);
  EXPECT_EQ(bytes.size(), EncodedEntryBytes(entry));
  bytes += "next";
  Hash128 read = GenesisChain(1);
  std::string_view rest = bytes;
  EntryView view;
  ASSERT_EQ(TakeEntry(&rest, &read, &view), EntryFault::kNone);
  EXPECT_EQ(rest, "next");
  EXPECT_TRUE(SameEntry(view, entry));
  EXPECT_EQ(view.chain, written);
  EXPECT_EQ(read, written);
  EXPECT_EQ(view.encoded.size(), bytes.size() - 4);
  EXPECT_EQ(Encoded(ToEntry(view), GenesisChain(1)), view.encoded);
}

TEST(EntryTest, ClustersDifferFromTheFirstEntryOn) {
  EXPECT_NE(GenesisChain(1), GenesisChain(2));
  EXPECT_NE(Encoded(TestEntry(1), GenesisChain(1)), Encoded(TestEntry(1), GenesisChain(2)));
}

TEST(EntryTest, EveryFlippedByteIsFound) {
  const std::string bytes = Encoded(TestEntry(3, 60), GenesisChain(1));
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::string_view rest = damaged;
    Hash128 chain = GenesisChain(1);
    EntryView view;
    EXPECT_NE(TakeEntry(&rest, &chain, &view), EntryFault::kNone) << at;
    EXPECT_EQ(rest.size(), damaged.size());
    EXPECT_EQ(chain, GenesisChain(1));
  }
}

TEST(EntryTest, ADamagedPayloadStillNamesItsEntry) {
  std::string damaged = Encoded(TestEntry(8, 60), GenesisChain(1));
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  std::string_view rest = damaged;
  Hash128 chain = GenesisChain(1);
  EntryView view;
  EXPECT_EQ(TakeEntry(&rest, &chain, &view), EntryFault::kPayload);
  EXPECT_EQ(view.header.space, TestEntry(8).header.space);
}

TEST(EntryTest, EveryCutIsALengthFault) {
  const std::string bytes = Encoded(TestEntry(3, 60), GenesisChain(1));
  for (size_t length = 0; length < bytes.size(); ++length) {
    std::string_view rest = std::string_view(bytes).substr(0, length);
    Hash128 chain = GenesisChain(1);
    EntryView view;
    EXPECT_EQ(TakeEntry(&rest, &chain, &view), EntryFault::kLength) << length;
  }
}

TEST(EntryTest, AnotherPredecessorIsAChainFault) {
  const std::string bytes = Encoded(TestEntry(3), GenesisChain(1));
  std::string_view rest = bytes;
  Hash128 chain = GenesisChain(2);
  EntryView view;
  EXPECT_EQ(TakeEntry(&rest, &chain, &view), EntryFault::kChain);
}

TEST(EntryTest, LimitsAreChecked) {
  Entry entry = TestEntry(1);
  EXPECT_TRUE(CheckEntry(entry).ok());
  entry.actor.assign(kActorBytesMax, 'a');
  entry.request_id.assign(kRequestIdBytesMax, 'r');
  EXPECT_TRUE(CheckEntry(entry).ok());
  Hash128 chain;
  std::string bytes;
  AppendEntry(&bytes, entry, &chain);
  entry.actor.push_back('a');
  EXPECT_EQ(CheckEntry(entry).code(), StatusCode::kInvalidArgument);
  entry.actor.clear();
  entry.request_id.push_back('r');
  EXPECT_EQ(CheckEntry(entry).code(), StatusCode::kInvalidArgument);
  entry.request_id.clear();
  entry.payload.resize(kPayloadBytesMax + 1);
  EXPECT_EQ(CheckEntry(entry).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tenantry::log
