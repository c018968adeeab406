// Goal: a body that is made while it is sent arrives whole, is never far ahead of its reader, and is
// visibly cut when it cannot be finished; a reply that is held leaves no earlier than it may.

#include <chrono>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/server/http/test_application.h"
#include "tests/server/http/test_client.h"

namespace tenantry::http {
namespace {

class ServerStreamTest : public testing::Test {
 protected:
  TestApplication& app() { return server_.application; }
  // Once the server has logged so many replies; a second connection's calls push it along.
  std::vector<std::string> LogOf(size_t entries) {
    TestClient other(server_.address());
    std::vector<std::string> log;
    do {
      EXPECT_EQ(other.Call(GetText("/empty")).status, 204);
      log = app().log();
      std::erase_if(log, [](const std::string& line) { return line.find("/empty") != line.npos; });
    } while (log.size() < entries);
    return log;
  }

  TestServer server_;
};

TEST_F(ServerStreamTest, PiecesArriveAsChunksAndTheConnectionGoesOn) {
  TestClient client(server_.address());
  client.Send(GetText("/stream/3") + GetText("/item/next"));  // The second is pipelined.
  const ClientReply reply = client.Read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(reply.headers.count("content-length"), 0u);
  std::string chunk;
  for (const char letter : {'a', 'b', 'c'}) {
    ASSERT_TRUE(client.ReadChunk(&chunk));
    EXPECT_EQ(chunk, std::string(TestApplication::kPieceBytes, letter));
  }
  ASSERT_TRUE(client.ReadChunk(&chunk));
  EXPECT_EQ(chunk, "");
  EXPECT_EQ(client.Read().body, "next");
  EXPECT_EQ(LogOf(2)[0],
            "GET /stream/3 200 " + std::to_string(3 * TestApplication::kPieceBytes) + " stream");
}

// 64 MiB, of which at no time more is made than was read, plus what sockets hold.
TEST_F(ServerStreamTest, NothingIsMadeFarAheadOfTheReader) {
  constexpr int kPieces = 1024;
  constexpr int kAheadMax = 256;
  TestClient client(server_.address());
  client.Send(GetText("/stream/" + std::to_string(kPieces)));
  EXPECT_EQ(client.Read().status, 200);
  std::string chunk;
  for (int read = 0; read < kPieces; ++read) {
    ASSERT_TRUE(client.ReadChunk(&chunk));
    ASSERT_LE(app().pieces(), read + kAheadMax);
  }
  ASSERT_TRUE(client.ReadChunk(&chunk));
  EXPECT_EQ(chunk, "");
}

TEST_F(ServerStreamTest, ABodyThatCannotBeFinishedIsCut) {
  TestClient client(server_.address());
  client.Send(GetText("/stream/cut"));
  EXPECT_EQ(client.Read().headers.at("transfer-encoding"), "chunked");
  std::string chunk;
  EXPECT_TRUE(client.ReadChunk(&chunk));
  EXPECT_TRUE(client.ReadChunk(&chunk));
  EXPECT_FALSE(client.ReadChunk(&chunk)) << "no last chunk";
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(ServerStreamTest, OldClientsReadToTheEndOfTheConnection) {
  TestClient client(server_.address());
  client.Send("GET /stream/2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const ClientReply reply = client.Read();
  EXPECT_EQ(reply.headers.count("transfer-encoding"), 0u);
  EXPECT_EQ(reply.headers.at("connection"), "close");
  bool closed = false;
  EXPECT_EQ(client.ReadToEnd(&closed).size(), 2 * TestApplication::kPieceBytes);
  EXPECT_TRUE(closed);
}

TEST_F(ServerStreamTest, AHeadHasNoBodyAndMakesNone) {
  TestClient client(server_.address());
  client.Send("HEAD /stream/2 HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.Read(true).status, 200);
  EXPECT_EQ(client.Call(GetText("/item/next")).body, "next");
  EXPECT_EQ(app().pieces(), 0);
}

// The client leaves in the middle; the server goes on.
TEST_F(ServerStreamTest, AClientMayGiveUp) {
  for (int i = 0; i < 20; ++i) {
    TestClient client(server_.address());
    client.Send(GetText("/stream/1000"));
    std::string chunk;
    EXPECT_EQ(client.Read().status, 200);
    EXPECT_TRUE(client.ReadChunk(&chunk));
  }
  TestClient client(server_.address());
  EXPECT_EQ(client.Call(GetText("/item/still")).body, "still");
}

// The workers' queue has two places. More answers than that may be on their way, and a full queue cuts none of them.
TEST_F(ServerStreamTest, MoreAnswersThanTheQueueHasPlacesArriveWhole) {
  constexpr int kPieces = 200;
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<TestClient>(server_.address()));
    clients.back()->Send(GetText("/stream/" + std::to_string(kPieces)));
    EXPECT_EQ(clients.back()->Read().status, 200);
  }
  std::string chunk;
  for (int piece = 0; piece < kPieces; ++piece) {
    for (const auto& client : clients) ASSERT_TRUE(client->ReadChunk(&chunk)) << piece;
  }
  for (const auto& client : clients) {
    ASSERT_TRUE(client->ReadChunk(&chunk));
    EXPECT_EQ(chunk, "");
  }
}

TEST_F(ServerStreamTest, AHeldReplyLeavesNoEarlierAndWaitsForItsEntryToo) {
  using Clock = std::chrono::steady_clock;
  TestClient client(server_.address());
  const auto start = Clock::now();
  EXPECT_EQ(client.Call(PostText("/hold", "0")).body, "held 0");
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(20));
  client.Send(PostText("/hold", "7"));
  app().Release(6, server_.server);
  TestClient other(server_.address());
  const auto sent = Clock::now();
  while (Clock::now() - sent < std::chrono::milliseconds(20)) other.Call(GetText("/echo"));
  EXPECT_FALSE(client.HasInput());
  app().Release(7, server_.server);
  EXPECT_EQ(client.Read().body, "held 7");
}

}  // namespace
}  // namespace tenantry::http
