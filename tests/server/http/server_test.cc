#include "server/http/server.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/http/loop.h"
#include "tests/server/http/test_application.h"
#include "tests/server/http/test_client.h"

namespace tenantry::http {
namespace {

using testing::Test;

class ServerTest : public Test {
 protected:
  // Everything sent before this call has been handled when it returns.
  void Settle() {
    TestClient other(server_.address());
    EXPECT_EQ(other.Call(GetText("/item/settle")).status, 200);
  }
  TestApplication& app() { return server_.application; }

  TestServer server_;
};

TEST_F(ServerTest, AnswersWithTheHeadersOfEveryReply) {
  TestClient client(server_.address());
  const ClientReply reply = client.Call(GetText("/item/a%20b?x=1"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "a b");
  EXPECT_TRUE(reply.head.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(reply.headers.at("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(reply.headers.at("content-length"), "3");
  EXPECT_EQ(reply.headers.at("x-decorated"), "request,item");
  EXPECT_EQ(reply.headers.at("date").size(), std::string("Sun, 06 Nov 1994 08:49:37 GMT").size());
  EXPECT_EQ(reply.headers.at("x-request-id").size(), 16u);
  EXPECT_EQ(reply.headers.count("connection"), 0u);
  EXPECT_EQ(reply.headers.count("keep-alive"), 0u);
  EXPECT_EQ(reply.headers.size(), 5u);
}

TEST_F(ServerTest, RequestIdsAreUniqueOrTheClientsOwn) {
  TestClient client(server_.address());
  const std::string first = client.Call(GetText("/echo")).headers.at("x-request-id");
  EXPECT_NE(client.Call(GetText("/echo")).headers.at("x-request-id"), first);
  const ClientReply own = client.Call(GetText("/echo", "x-request-id: Abc.1_2-3\r\n"));
  EXPECT_EQ(own.headers.at("x-request-id"), "Abc.1_2-3");
  EXPECT_NE(own.body.find("\nid=Abc.1_2-3\n"), std::string::npos);
  for (const std::string& bad : {std::string("a b"), std::string(65, 'a'), std::string("a\"")}) {
    EXPECT_NE(
        client.Call(GetText("/echo", "X-Request-Id: " + bad + "\r\n")).headers.at("x-request-id"),
        bad);
  }
}

TEST_F(ServerTest, HandlersSeeTheRequestAsSent) {
  TestClient client(server_.address());
  const ClientReply reply =
      client.Call(PostText("/ECHO/?a=%41&b=1?c",
                           "bo\xff"
                           "dy",
                           "X-Percent: 100%41\r\nRange: bytes=0-999999999999\r\n"
                           "Empty:\r\nAccept-Encoding: br\r\n"));
  EXPECT_EQ(reply.status, 201);
  for (const char* expected : {"method=POST\n", "target=/ECHO/?a=%41&b=1?c\n", "path=/ECHO/\n",
                               "query=a=%41&b=1?c\n", "peer=127.0.0.1\n", "X-Percent=100%41\n",
                               "Range=bytes=0-999999999999\n", "Empty=\n", "Accept-Encoding=br\n",
                               "body=bo\xff"
                               "dy"}) {
    EXPECT_NE(reply.body.find(expected), std::string::npos) << expected;
  }
  EXPECT_EQ(reply.headers.count("content-range"), 0u);
  EXPECT_EQ(reply.headers.count("content-encoding"), 0u);
}

TEST_F(ServerTest, TheClientCannotNameItsOwnAddress) {
  TestClient client(server_.address());
  const ClientReply reply =
      client.Call(GetText("/echo", "REMOTE_ADDR: 10.9.8.7\r\nREMOTE_PORT: 1\r\nLOCAL_ADDR: x\r\n"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("peer=127.0.0.1\n"), std::string::npos);
}

TEST_F(ServerTest, ChunkedBodiesArriveWhole) {
  TestClient client(server_.address());
  client.Send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki");
  client.Send("\r\n5;ext=1\r\npedia\r\n0\r\nTrailer: x\r\n\r\n" + GetText("/item/next"));
  EXPECT_NE(client.Read().body.find("body=wikipedia"), std::string::npos);
  EXPECT_EQ(client.Read().body, "next");
}

TEST_F(ServerTest, RepliesWithoutBodies) {
  TestClient client(server_.address());
  client.Send("HEAD /item/abc HTTP/1.1\r\nHost: h\r\n\r\n");
  const ClientReply head = client.Read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "3");
  EXPECT_EQ(head.headers.count("accept-ranges"), 0u);
  const ClientReply empty = client.Call(GetText("/empty"));
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.headers.count("content-length"), 0u);
  const ClientReply same = client.Call(GetText("/same"));
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.headers.count("content-length"), 0u);
  EXPECT_EQ(client.Call(GetText("/item/still-in-step")).body, "still-in-step");
}

TEST_F(ServerTest, LargeSharedBodiesArriveWhole) {
  TestClient client(server_.address());
  client.Send(GetText("/large") + GetText("/large") + GetText("/item/z"));
  EXPECT_EQ(client.Read().body, std::string(1024 * 1024, 'L'));
  EXPECT_EQ(client.Read().body.size(), 1024u * 1024);
  EXPECT_EQ(client.Read().body, "z");
}

TEST_F(ServerTest, HandlersCannotBreakFraming) {
  TestClient client(server_.address());
  const ClientReply reply = client.Call(GetText("/headers"));
  EXPECT_EQ(reply.headers.at("content-length"), "1");
  EXPECT_EQ(reply.headers.at("x-ok"), "100% fine");
  EXPECT_EQ(reply.headers.count("injected"), 0u);
  EXPECT_EQ(reply.headers.count("keep-alive"), 0u);
  EXPECT_NE(reply.headers.at("date"), "never");
  EXPECT_EQ(client.Call(GetText("/item/1")).status, 200);
}

TEST_F(ServerTest, UnknownPathsAndMethods) {
  TestClient client(server_.address());
  EXPECT_EQ(client.Call(GetText("/nothing?x=1")).body, "Cannot GET /nothing?x=1");
  const ClientReply wrong = client.Call("DELETE /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD, POST");
  EXPECT_EQ(client.Call("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
  EXPECT_EQ(client.Call("BREW /echo HTTP/1.1\r\nHost: h\r\n\r\n").status, 501);
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(ServerTest, ExceptionsBecomeAnAnonymous500WithTheRequestId) {
  TestClient client(server_.address());
  const ClientReply reply = client.Call(GetText("/throw", "X-Request-Id: my-id\r\n"));
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "Internal server error|/throw|my-id");
  EXPECT_EQ(client.Call(PostText("/worker-throw", "")).status, 500);
  EXPECT_EQ(client.Call(PostText("/worker-tick", "")).status, 500);
  EXPECT_EQ(client.Call(GetText("/item/alive")).status, 200);
  const std::vector<std::string> log = app().log();
  EXPECT_NE(std::find(log.begin(), log.end(), "exception secret"), log.end());
}

TEST_F(ServerTest, WhatAdmissionNotedStaysWithItsRequest) {
  TestClient client(server_.address());
  EXPECT_EQ(client.Call(GetText("/item/a", "X-Admit: 7\r\n")).headers.at("x-admitted"), "7");
  EXPECT_EQ(client.Call(GetText("/item/a")).headers.count("x-admitted"), 0u);
  EXPECT_EQ(client.Call(GetText("/cold", "X-Admit: 8\r\n")).headers.at("x-admitted"), "8");
  EXPECT_EQ(client.Call(GetText("/nowhere", "X-Admit: 9\r\n")).headers.at("x-admitted"), "9");
  EXPECT_EQ(client.Call(PostText("/tick", "now", "X-Admit: 5\r\n")).headers.at("x-admitted"), "5");
  const int handled = app().handled();
  for (const char* path : {"/item/a", "/cold", "/nowhere"}) {
    EXPECT_EQ(client.Call(GetText(path, "X-Admit: no\r\n")).status, 403) << path;
  }
  EXPECT_EQ(app().handled(), handled);
}

TEST_F(ServerTest, PipelinedRepliesKeepTheirOrder) {
  TestClient client(server_.address());
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests +=
        i % 7 == 3 ? PostText("/worker-command", "0") : GetText("/item/" + std::to_string(i));
  }
  client.Send(requests);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(client.Read().body, i % 7 == 3 ? "done 0" : std::to_string(i));
  }
}

// Goal: a GET pipelined behind a parked command is not even started before the command's reply
// leaves.
TEST_F(ServerTest, NothingOvertakesAParkedCommand) {
  TestClient client(server_.address());
  client.Send(PostText("/command", "5") + GetText("/item/behind"));
  Settle();
  EXPECT_EQ(app().handled(), 2);  // The command and Settle's own request.
  EXPECT_FALSE(client.HasInput());
  app().Release(4, server_.server);
  Settle();
  EXPECT_FALSE(client.HasInput());
  app().Release(5, server_.server);
  const ClientReply reply = client.Read();
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "done 5");
  EXPECT_EQ(client.Read().body, "behind");
}

TEST_F(ServerTest, ReleasesGoOutInIndexOrderAcrossConnections) {
  std::vector<TestClient> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server_.address());
    clients.back().Send(PostText("/command", std::to_string(100 - i)));
  }
  Settle();
  app().Release(90, server_.server);
  for (int i = 10; i < 20; ++i) EXPECT_EQ(clients[i].Read().status, 201);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(clients[i].HasInput());
  app().Release(100, server_.server);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(clients[i].Read().status, 201);
}

TEST_F(ServerTest, AReplyThatIsAlreadyReleasedDoesNotWait) {
  app().Release(7, server_.server);
  TestClient client(server_.address());
  EXPECT_EQ(client.Call(PostText("/command", "7")).status, 201);
}

TEST_F(ServerTest, AReplyParkedByAWorkerWaitsToo) {
  TestClient client(server_.address());
  client.Send(PostText("/worker-command", "3"));
  app().Release(3, server_.server);
  EXPECT_EQ(client.Read().body, "done 3");
}

TEST_F(ServerTest, TheTickDecidesHeldReplies) {
  TestClient kept(server_.address()), gone(server_.address()), forgotten(server_.address());
  EXPECT_EQ(kept.Call(PostText("/tick", "kept")).body, "counted");
  const ClientReply replaced = gone.Call(PostText("/tick", "gone"));
  EXPECT_EQ(replaced.status, 404);
  EXPECT_EQ(replaced.body, "gone after all");
  EXPECT_EQ(replaced.headers.at("x-decorated"), "request,tick");
  EXPECT_EQ(forgotten.Call(PostText("/tick", "forgotten")).status, 500);
  EXPECT_GE(app().ticks(), 1);
  EXPECT_EQ(kept.Call(PostText("/tick", "gone") + GetText("/item/x")).status, 404);
  EXPECT_EQ(kept.Read().body, "x");
}

TEST_F(ServerTest, TicksThatAreParkedWaitForTheirIndex) {
  TestClient client(server_.address());
  client.Send(PostText("/tick", "later"));
  Settle();
  EXPECT_FALSE(client.HasInput());
  app().Release(10, server_.server);
  EXPECT_EQ(client.Read().status, 201);
}

TEST_F(ServerTest, ATickStaysOpenWhileTheLogIsBusyUntilTheNextRelease) {
  app().SetIdle(false);
  TestClient first(server_.address()), second(server_.address());
  first.Send(PostText("/tick", "kept"));
  Settle();
  second.Send(PostText("/tick", "kept"));
  Settle();
  EXPECT_EQ(app().ticks(), 0);
  app().Release(1, server_.server);
  EXPECT_EQ(first.Read().status, 201);
  EXPECT_EQ(second.Read().status, 201);
  EXPECT_EQ(app().ticks(), 1);
}

TEST_F(ServerTest, AFullTickDoesNotWaitForTheLog) {
  app().SetIdle(false);
  std::vector<TestClient> clients;
  for (size_t i = 0; i < Loop::kTickRequests; ++i) clients.emplace_back(server_.address());
  for (TestClient& client : clients) client.Send(PostText("/tick", "kept"));
  for (TestClient& client : clients) EXPECT_EQ(client.Read().status, 201);
}

TEST_F(ServerTest, TicketsOfClosedConnectionsAreHarmless) {
  for (int i = 0; i < 50; ++i) {
    TestClient client(server_.address());
    client.Send(PostText("/tick", i % 2 ? "later" : "gone"));
    linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  Settle();
  app().Release(10, server_.server);
  Settle();
}

TEST_F(ServerTest, ColdReadsRunAgainOnAWorker) {
  TestClient client(server_.address());
  const ClientReply reply = client.Call(GetText("/cold?a=1", "X-Request-Id: one\r\nA: b\r\n"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("blocking=yes\n"), std::string::npos);
  EXPECT_NE(reply.body.find("query=a=1\n"), std::string::npos);
  EXPECT_NE(reply.body.find("id=one\n"), std::string::npos);
  EXPECT_NE(reply.body.find("A=b\n"), std::string::npos);
  EXPECT_EQ(reply.headers.at("x-request-id"), "one");
}

// Goal: a full queue answers 503 at once, and neither it nor busy workers hold up inline requests.
TEST_F(ServerTest, FullLanesRefuseAndInlineRequestsGoOn) {
  std::vector<TestClient> busy;
  for (int i = 0; i < 4; ++i) {  // Two workers, two places in the queue.
    busy.emplace_back(server_.address());
    busy.back().Send(PostText("/blocking", std::to_string(i)));
    if (i < 2) app().AwaitWaiting(i + 1);
  }
  Settle();
  TestClient fifth(server_.address());
  const ClientReply refused = fifth.Call(PostText("/blocking", "5"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  EXPECT_EQ(fifth.Call(GetText("/cold")).status, 503);
  EXPECT_EQ(fifth.Call(GetText("/item/inline")).body, "inline");
  EXPECT_EQ(server_.server.blocking_depth(), 2u);
  fifth.Send(PostText("/hashing", "own lane"));
  app().AwaitWaiting(3);
  app().OpenGate();
  EXPECT_EQ(fifth.Read().body, "worked on own lane");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(busy[i].Read().body, "worked on " + std::to_string(i));
}

TEST_F(ServerTest, AWorkersReplyToAClosedConnectionIsDropped) {
  {
    TestClient client(server_.address());
    client.Send(PostText("/blocking", "x"));
    app().AwaitWaiting(1);
    linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  Settle();
  TestClient next(server_.address());  // Probably in the same slot, with the same descriptor.
  next.Send(PostText("/command", "9"));
  Settle();
  app().OpenGate();
  Settle();
  app().Release(9, server_.server);
  EXPECT_EQ(next.Read().body, "done 9");
}

TEST_F(ServerTest, HalfClosedClientsStillGetTheirReplies) {
  TestClient client(server_.address());
  client.Send(GetText("/item/1") + PostText("/command", "5") + GetText("/item/2"));
  client.CloseWriteSide();
  Settle();
  EXPECT_EQ(client.Read().body, "1");
  app().Release(5, server_.server);
  EXPECT_EQ(client.Read().body, "done 5");
  EXPECT_EQ(client.Read().body, "2");
  bool closed = false;
  EXPECT_EQ(client.ReadToEnd(&closed), "");
  EXPECT_TRUE(closed);
}

TEST_F(ServerTest, ACutOffRequestIsDropped) {
  TestClient client(server_.address());
  client.Send(GetText("/item/1") +
              "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
  client.CloseWriteSide();
  EXPECT_EQ(client.Read().body, "1");
  bool closed = false;
  EXPECT_EQ(client.ReadToEnd(&closed), "");
  EXPECT_TRUE(closed);
  EXPECT_EQ(app().handled(), 1);
}

TEST_F(ServerTest, ConnectionCloseAndHttp10) {
  TestClient close(server_.address());
  const ClientReply last = close.Call(GetText("/item/1", "Connection: close\r\n"));
  EXPECT_EQ(last.headers.at("connection"), "close");
  bool closed = false;
  close.ReadToEnd(&closed);
  EXPECT_TRUE(closed);
  TestClient old(server_.address());
  EXPECT_EQ(old.Call("GET /item/1 HTTP/1.0\r\n\r\n").headers.at("connection"), "close");
  EXPECT_TRUE(old.WaitForClose());
  TestClient kept(server_.address());
  for (int i = 0; i < 3; ++i) {
    const ClientReply reply = kept.Call("GET /item/1 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("connection"), "keep-alive");
  }
}

TEST_F(ServerTest, InvitesABodyThatTheClientHoldsBack) {
  TestClient client(server_.address());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  const ClientReply invited = client.Read();
  EXPECT_EQ(invited.status, 100);
  EXPECT_TRUE(invited.headers.empty());
  client.Send("ok");
  EXPECT_NE(client.Read().body.find("body=ok"), std::string::npos);
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 999999\r\n\r\n");
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(ServerTest, LogsOneLinePerReply) {
  TestClient client(server_.address());
  client.Call(GetText("/item/abc?x=1"));
  client.Call(PostText("/tick", "kept"));
  client.Send("HEAD /item/abc HTTP/1.1\r\nHost: h\r\n\r\n");
  client.Read(true);
  client.Call("GET /bad HTTP/3.1\r\n\r\n");
  const std::vector<std::string> expected = {"GET /item/abc?x=1 200 3 item",
                                             "POST /tick 201 7 tick", "HEAD /item/abc 200 0 item"};
  std::vector<std::string> log = app().log();
  ASSERT_EQ(log.size(), 4u);
  EXPECT_EQ(std::vector<std::string>(log.begin(), log.begin() + 3), expected);
  EXPECT_TRUE(log[3].find(" 505 ") != std::string::npos) << log[3];
}

TEST(ServerStartTest, ListensOnSeveralAddressesAndReportsThem) {
  ServerOptions options = TestServer::OneLoop();
  options.loops = 2;
  options.listen = {"127.0.0.1:0", "localhost:0", "[::1]:0"};
  TestServer server(options);
  ASSERT_EQ(server.server.addresses().size(), 3u);
  EXPECT_TRUE(server.server.addresses()[2].starts_with("[::1]:"));
  TestClient client(server.server.addresses()[0]);
  EXPECT_EQ(client.Call(GetText("/item/1")).status, 200);
}

TEST(ServerStartTest, RefusesAPortInUseAndBadAddresses) {
  TestServer first;
  ServerOptions options = TestServer::OneLoop();
  SystemClock clock;
  TestApplication application;
  const std::vector<Route> routes = application.Routes();
  const auto start = [&](const std::string& address) {
    options.listen = {"127.0.0.1:0", address};
    Server server(options, routes, &application, &clock);
    return server.Start();
  };
  const Status in_use = start(first.address());
  EXPECT_EQ(in_use.code(), StatusCode::kUnavailable);
  EXPECT_NE(in_use.ToString().find("address in use"), std::string::npos) << in_use.ToString();
  for (const char* bad : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:99999", "::1:80",
                          "127.0.0.1:8x", "no such host.invalid:80"}) {
    EXPECT_EQ(start(bad).code(), StatusCode::kInvalidArgument) << bad;
  }
  std::vector<Route> twice = {routes[0], routes[0]};
  Server shadowed(options, twice, &application, &clock);
  EXPECT_EQ(shadowed.Start().code(), StatusCode::kInvalidArgument);
}

TEST(ServerStartTest, APortIsFreeAgainAfterStop) {
  std::string address;
  {
    TestServer first;
    address = first.address();
    TestClient client(address);
    EXPECT_EQ(client.Call(GetText("/item/1")).status, 200);
  }
  ServerOptions options = TestServer::OneLoop();
  options.listen = {address};
  TestServer second(options);
  TestClient client(address);
  EXPECT_EQ(client.Call(GetText("/item/1")).status, 200);
}

// Goal: releases from another thread are never lost, however they fall between parking and
// sleeping. Method: two loops, eight clients; a thread raises the index as fast as commands ask for
// it.
TEST(ServerReleaseTest, NoReleaseIsLost) {
  ServerOptions options = TestServer::OneLoop();
  options.loops = 2;
  TestServer server(options);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wanted{0};
  std::thread releaser([&] {
    uint64_t done = 0;
    while (!stop) {
      const uint64_t index = wanted.load();
      if (index == done) {
        std::this_thread::yield();
        continue;
      }
      server.application.Release(done = index, server.server);
    }
  });
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      TestClient client(server.address());
      for (int n = 0; n < 300; ++n) {
        const uint64_t index = wanted.fetch_add(1) + 1;
        if (client.Call(PostText("/command", std::to_string(index))).status != 201) return;
        answered.fetch_add(1);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  stop = true;
  releaser.join();
  EXPECT_EQ(answered.load(), 8 * 300);
}

}  // namespace
}  // namespace tenantry::http
