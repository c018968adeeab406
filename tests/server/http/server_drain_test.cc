#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/http/server.h"
#include "tests/server/http/test_application.h"
#include "tests/server/http/test_client.h"

namespace tenantry::http {
namespace {

constexpr int64_t kLimitMs = 20'000;

// Until the listener is gone, which a drain does first.
bool AwaitRefusal(const std::string& address) {
  for (int i = 0; i < 100'000; ++i) {
    if (!TestClient(address).connected()) return true;
  }
  return false;
}

// Flaws: F88
TEST(ServerDrainTest, FinishesWhatIsInFlightAndRefusesTheRest) {
  TestServer server;
  const std::string address = server.address();
  TestClient working(address), parked(address), receiving(address), idle(address);
  EXPECT_EQ(idle.Call(GetText("/item/1")).status, 200);
  working.Send(PostText("/blocking", "w"));
  server.application.AwaitWaiting(1);
  parked.Send(PostText("/command", "5") + GetText("/item/never"));
  receiving.Send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nha");
  EXPECT_EQ(idle.Call(GetText("/item/1")).status, 200);  // The loop has seen all of it.
  std::thread drain([&] { server.server.Drain(kLimitMs); });
  EXPECT_TRUE(AwaitRefusal(address));
  bool closed = false;
  EXPECT_EQ(idle.ReadToEnd(&closed), "");
  EXPECT_TRUE(closed);
  receiving.Send("lf");
  const ClientReply received = receiving.Read();
  EXPECT_EQ(received.status, 201);
  EXPECT_EQ(received.headers.at("connection"), "close");
  server.application.Release(5, server.server);
  const ClientReply released = parked.Read();
  EXPECT_EQ(released.body, "done 5");
  EXPECT_EQ(released.headers.at("connection"), "close");
  EXPECT_EQ(parked.ReadToEnd(), "");
  server.application.OpenGate();
  const ClientReply worked = working.Read();
  EXPECT_EQ(worked.body, "worked on w");
  EXPECT_EQ(worked.headers.at("connection"), "close");
  for (TestClient* client : {&working, &parked, &receiving, &idle}) client->Close();
  drain.join();
  EXPECT_EQ(server.server.connections(), 0u);
}

// Goal: clients whose connection the kernel completed, but we had not accepted, are served too.
// Method: hold the only loop inside a handler while they connect and send, then drain.
TEST(ServerDrainTest, ServesTheAcceptQueue) {
  TestServer server;
  TestClient stall(server.address());
  stall.Send(PostText("/stall", "s"));
  server.application.AwaitWaiting(1);
  std::vector<TestClient> queued;
  for (int i = 0; i < 50; ++i) {
    queued.emplace_back(server.address());
    ASSERT_TRUE(queued.back().connected());
    if (i % 2 == 0) queued.back().Send(GetText("/item/" + std::to_string(i)));
  }
  std::atomic<bool> draining{false};
  std::thread drain([&] {
    draining = true;
    server.server.Drain(kLimitMs);
  });
  while (!draining) std::this_thread::yield();
  server.application.OpenGate();
  EXPECT_EQ(stall.Read().status, 200);
  for (int i = 0; i < 50; ++i) {
    if (i % 2 == 1) queued[i].Send(GetText("/item/" + std::to_string(i)));
    EXPECT_EQ(queued[i].Read().body, std::to_string(i));
    queued[i].Close();
  }
  stall.Close();
  drain.join();
}

TEST(ServerDrainTest, TheDeadlineCutsOffWhoeverIsLeft) {
  TestServer server;
  TestClient parked(server.address());
  parked.Send(PostText("/command", "5"));
  TestClient slow(server.address());
  slow.Send("GET /echo HTTP/1.1\r\n");
  EXPECT_EQ(TestClient(server.address()).Call(GetText("/item/1")).status, 200);
  server.server.Drain(50);
  EXPECT_TRUE(parked.WaitForClose());
  EXPECT_TRUE(slow.WaitForClose());
}

TEST(ServerDrainTest, StopWithoutClientsReturns) {
  TestServer server;
  server.server.Drain(kLimitMs);
  server.server.Drain(kLimitMs);
  EXPECT_FALSE(TestClient(server.address()).connected());
}

// Goal: a rolling restart under load loses no request that was answered and answers none with garbage.
// Method: clients call as fast as they can, reconnecting never; a drain begins; each ends on a whole reply.
TEST(ServerDrainTest, UnderLoadEveryReplyIsWhole) {
  ServerOptions options = TestServer::OneLoop();
  options.loops = 2;
  TestServer server(options);
  std::atomic<int> running{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      TestClient client(server.address());
      running.fetch_add(1);
      while (true) {
        const ClientReply reply = client.Call(GetText("/item/load"));
        if (reply.status == 0) {
          EXPECT_EQ(reply.head, "");
          return;
        }
        EXPECT_EQ(reply.body, "load");
        if (reply.headers.count("connection")) return;
      }
    });
  }
  while (running < 8 || server.application.handled() < 1'000) std::this_thread::yield();
  server.server.Drain(kLimitMs);
  for (std::thread& client : clients) client.join();
}

}  // namespace
}  // namespace tenantry::http
