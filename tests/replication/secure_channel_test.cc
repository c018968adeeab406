#include "replication/secure_channel.h"

#include <gtest/gtest.h>

#include "engine/base/bytes.h"
#include "replication/messages.h"

namespace tenantry::replication {
namespace {

constexpr std::string_view kSecret = "a secret of this cluster";

struct Pair {
  explicit Pair(std::string_view listener_secret = kSecret)
      : connects(kSecret, SecureChannel::Side::kConnects, random),
        listens(listener_secret, SecureChannel::Side::kListens, random) {}
  // Carries what both sides wrote, `step` bytes at a time; the first error.
  Status Exchange(size_t step = 1u << 20) {
    while (!connects.output().empty() || !listens.output().empty()) {
      for (auto [from, to] : {std::pair{&connects, &listens}, std::pair{&listens, &connects}}) {
        const std::string bytes = from->output().substr(0, step);
        from->output().erase(0, bytes.size());
        if (!bytes.empty()) TNT_RETURN_IF_ERROR(to->Receive(bytes));
      }
    }
    return Status::Ok();
  }
  SystemRandom random;
  SecureChannel connects;
  SecureChannel listens;
};

std::string MustNext(SecureChannel& channel) {
  const Result<std::optional<std::string>> next = channel.Next();
  EXPECT_TRUE(next.ok()) << next.status().ToString();
  return next.ok() && *next ? **next : "(nothing)";
}

TEST(SecureChannelTest, CarriesMessagesInBothDirectionsInAnyPieces) {
  for (const size_t step : {size_t{1}, size_t{7}, size_t{1} << 20}) {
    Pair pair;
    const std::string large(100'000, 'x');
    pair.connects.Send("first");
    pair.connects.Send("");
    pair.listens.Send("hello");
    ASSERT_TRUE(pair.Exchange(step).ok());
    EXPECT_EQ(MustNext(pair.listens), "first");
    EXPECT_EQ(MustNext(pair.listens), "");
    EXPECT_EQ(MustNext(pair.listens), "(nothing)");
    EXPECT_EQ(MustNext(pair.connects), "hello");
    pair.connects.Send(large);
    ASSERT_TRUE(pair.Exchange(step).ok());
    EXPECT_EQ(MustNext(pair.listens), large);
  }
}

TEST(SecureChannelTest, NothingOpensWithoutTheSecret) {
  Pair pair("another secret");
  pair.connects.Send("hello");
  ASSERT_TRUE(pair.Exchange().ok());
  EXPECT_EQ(pair.listens.Next().status().code(), StatusCode::kCorruption);
  EXPECT_EQ(pair.listens.Receive("more").code(), StatusCode::kCorruption);
}

// Goal: no changed, dropped, repeated or reordered byte gets through.
// Method: flip each byte of a sealed frame in turn; then the same frame twice; then frames out of order.
TEST(SecureChannelTest, EveryFlippedByteIsFound) {
  for (size_t at = 4; at < 4 + 17 + 5; ++at) {
    Pair pair;
    pair.connects.Send("hello");
    ASSERT_TRUE(pair.Exchange().ok());
    MustNext(pair.listens);
    pair.connects.Send("again");
    pair.connects.output()[at] ^= 1;
    ASSERT_TRUE(pair.listens.Receive(pair.connects.output()).ok());
    EXPECT_EQ(pair.listens.Next().status().code(), StatusCode::kCorruption) << at;
  }
}

TEST(SecureChannelTest, ReplayedAndReorderedFramesAreFound) {
  Pair pair;
  ASSERT_TRUE(pair.Exchange().ok());
  pair.connects.Send("one");
  const std::string one = std::exchange(pair.connects.output(), "");
  pair.connects.Send("two");
  const std::string two = std::exchange(pair.connects.output(), "");
  ASSERT_TRUE(pair.listens.Receive(one).ok());
  EXPECT_EQ(MustNext(pair.listens), "one");
  ASSERT_TRUE(pair.listens.Receive(one).ok());
  EXPECT_FALSE(pair.listens.Next().ok());
  Pair other;
  ASSERT_TRUE(other.Exchange().ok());
  ASSERT_TRUE(other.listens.Receive(two).ok());
  EXPECT_FALSE(other.listens.Next().ok());
}

TEST(SecureChannelTest, AMirrorIsNoPeer) {
  SystemRandom random;
  SecureChannel channel(kSecret, SecureChannel::Side::kConnects, random);
  EXPECT_FALSE(channel.Receive(channel.output()).ok());
}

TEST(SecureChannelTest, OtherProtocolsAreRefusedAtTheFirstByte) {
  SystemRandom random;
  SecureChannel channel(kSecret, SecureChannel::Side::kListens, random);
  EXPECT_FALSE(channel.Receive("GET / HTTP/1.1\r\n").ok());
}

// A length is judged before a byte of its frame is kept, and strangers get less than peers.
TEST(SecureChannelTest, LargeFramesAreRefusedByTheirLength) {
  Pair stranger;
  ASSERT_TRUE(stranger.Exchange().ok());
  std::string length;
  AppendLittle(&length, static_cast<uint32_t>(kFirstFrameBytesMax + 1));
  ASSERT_TRUE(stranger.listens.Receive(length).ok());
  EXPECT_FALSE(stranger.listens.Next().ok());

  Pair peer;
  peer.connects.Send("hello");
  ASSERT_TRUE(peer.Exchange().ok());
  MustNext(peer.listens);
  length.clear();
  AppendLittle(&length, static_cast<uint32_t>(kFrameBytesMax));
  ASSERT_TRUE(peer.listens.Receive(length).ok());
  EXPECT_TRUE(peer.listens.Next().ok());
  Pair greedy;
  greedy.connects.Send("hello");
  ASSERT_TRUE(greedy.Exchange().ok());
  MustNext(greedy.listens);
  length.clear();
  AppendLittle(&length, static_cast<uint32_t>(kFrameBytesMax + 1));
  ASSERT_TRUE(greedy.listens.Receive(length).ok());
  EXPECT_FALSE(greedy.listens.Next().ok());
}

TEST(MessagesTest, DamagedBytesAreRefusedOrReadNeverACrash) {
  Hello hello;
  hello.cluster_id = 7;
  hello.end = {{3, 42}, {1, 2}};
  ASSERT_TRUE(hello.epochs.Append({1, 1}).ok());
  hello.replication_address = "127.0.0.1:1";
  const std::string good = Encode(hello);
  const Result<Message> read = Decode(good);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::get<Hello>(*read).end, hello.end);
  EXPECT_EQ(std::get<Hello>(*read).epochs, hello.epochs);
  EXPECT_EQ(std::get<Hello>(*read).replication_address, hello.replication_address);
  SeededRandom random(1);
  for (int i = 0; i < 5'000; ++i) {
    std::string bytes = good.substr(0, good.size() - 8 * random.Below(3));
    bytes[random.Below(bytes.size())] = static_cast<char>(random.Next64());
    static_cast<void>(Decode(bytes).ok());
  }
  EXPECT_FALSE(Decode("").ok());
  EXPECT_FALSE(Decode("1234567").ok());
}

}  // namespace
}  // namespace tenantry::replication
