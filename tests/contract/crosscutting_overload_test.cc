// Overload as clients meet it: crosscutting.md Q1, Q3, Q4, D7, R9 on the HTTP front with handlers a test can hold, R8 on the
// real binary. Q2: tests/engine/core/query_time_test.cc.

#include <atomic>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/server/http/test_application.h"
#include "tests/server/http/test_client.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/popup_design.h"

namespace tenantry::http {
namespace {

TEST(CrosscuttingOverloadTest, Q1ARequestThatTakesTooLongIsAnswered503) {
  ServerOptions options = TestServer::OneLoop();
  options.times.request_ms = 80;
  TestServer server(options);
  TestClient client(server.address());
  client.Send(PostText("/blocking", "never"));
  EXPECT_EQ(client.Read().status, 503);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_LE(ServerOptions().times.request_ms, 300'000);
  EXPECT_LT(ServerOptions().times.head_ms, ServerOptions().times.request_ms / 5);
}

TEST(CrosscuttingOverloadTest, Q3R9WaitingRequestsAreBoundedAndTheBoundMovesWhileRunning) {
  ServerOptions options = TestServer::OneLoop();
  options.requests_max = 2;
  TestServer server(options);
  TestClient first(server.address());
  TestClient second(server.address());
  TestClient other(server.address());
  first.Send(PostText("/command", "10"));
  second.Send(PostText("/command", "10"));
  ClientReply reply = other.Call(GetText("/echo"));
  for (int i = 0; i < 1000 && reply.status == 200; ++i) reply = other.Call(GetText("/echo"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.at("retry-after"), "1");
  EXPECT_EQ(server.server.requests_waiting(), 2u);
  options.requests_max = 3;
  server.server.Adjust(options);
  EXPECT_EQ(other.Call(GetText("/echo")).status, 200);
  server.application.Release(10, server.server);
  EXPECT_EQ(first.Read().status, 201);
  EXPECT_EQ(second.Read().status, 201);
  EXPECT_EQ(server.server.requests_waiting(), 0u);
}

TEST(CrosscuttingOverloadTest, Q3TheDefaultsMeetTheGrowthTargets) {
  EXPECT_GE(ServerOptions().requests_max, 5'000u);
  EXPECT_GE(ServerOptions().connections_max, 5'000u);
}

TEST(CrosscuttingOverloadTest, Q4AFullQueueIs503WithRetryAfterAndHarmsNobodyElse) {
  ServerOptions options = TestServer::OneLoop();
  options.blocking = {.workers = 1, .queue = 1, .nice = 0};
  TestServer server(options);
  TestClient worked(server.address());
  worked.Send(PostText("/blocking", "worked"));
  server.application.AwaitWaiting(1);
  TestClient queued(server.address());
  queued.Send(PostText("/blocking", "queued"));
  while (server.server.blocking_depth() < 1) std::this_thread::yield();
  TestClient refused(server.address());
  const ClientReply reply = refused.Call(PostText("/blocking", "refused"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.at("retry-after"), "1");
  EXPECT_EQ(refused.Call(GetText("/echo")).status, 200) << "the connection lives on";
  options.blocking.queue = 2;
  server.server.Adjust(options);
  refused.Send(PostText("/blocking", "queued now"));
  server.application.OpenGate();
  for (TestClient* client : {&worked, &queued, &refused}) EXPECT_EQ(client->Read().status, 200);
}

TEST(CrosscuttingOverloadTest, D7ConnectionsAreBoundedAndIdleOnesClosed) {
  ServerOptions options = TestServer::OneLoop();
  options.connections_max = 2;
  TestServer server(options);
  TestClient first(server.address());
  TestClient second(server.address());
  EXPECT_EQ(first.Call(GetText("/echo")).status, 200);
  EXPECT_EQ(second.Call(GetText("/echo")).status, 200);
  TestClient third(server.address());
  EXPECT_EQ(third.Read().status, 503);
  EXPECT_TRUE(third.WaitForClose());
  options.connections_max = 3;
  server.server.Adjust(options);
  TestClient fourth(server.address());
  EXPECT_EQ(fourth.Call(GetText("/echo")).status, 200);

  ServerOptions impatient = TestServer::OneLoop();
  impatient.times.idle_ms = 80;
  TestServer closing(impatient);
  TestClient idle(closing.address());
  EXPECT_EQ(idle.Call(GetText("/echo")).status, 200);
  EXPECT_TRUE(idle.WaitForClose());
}

// Goal: SIGTERM answers what has arrived and loses nothing that was acknowledged.
// Method: clients send views as fast as they can while the server stops; started again, it has counted every view that was
// acknowledged, and at most the one per client whose answer was not read.
TEST(CrosscuttingOverloadTest, R8AStopFinishesWhatItHasTaken) {
  constexpr int kClients = 4;
  TemporaryFolder folder;
  const std::vector<std::string> arguments = {"--shop-auth", "open", "--rate-limit-exempt",
                                              "127.0.0.0/8"};
  std::string popup;
  std::atomic<int> acknowledged{0};
  std::atomic<int> odd{0};
  {
    auto server = load::ServerProcess::Start(TENANTRY_BINARY, folder.path(), arguments);
    ASSERT_TRUE(server.ok()) << server.status().message();
    httplib::Client maker(server->url());
    const nlohmann::json body = {{"shopId", "r8.example"},
                                 {"name", "n"},
                                 {"triggerType", "exit_intent"},
                                 {"design", PopupDesign()}};
    const auto made = maker.Post("/popups", body.dump(), "application/json");
    ASSERT_TRUE(made);
    ASSERT_EQ(made->status, 201) << made->body;
    popup = nlohmann::json::parse(made->body)["id"];
    std::vector<std::thread> clients;
    for (int c = 0; c < kClients; ++c) {
      clients.emplace_back([&] {
        httplib::Client client(server->url());
        client.set_keep_alive(true);
        while (true) {
          const auto answer = client.Post("/analytics/views", R"({"popupId":")" + popup + "\"}",
                                          "application/json");
          if (!answer) return;
          ++(answer->status == 201 ? acknowledged : odd);
        }
      });
    }
    while (acknowledged < 200) std::this_thread::yield();
    EXPECT_EQ(server->Stop(), 0);
    for (std::thread& client : clients) client.join();
  }
  EXPECT_EQ(odd, 0);
  auto again = load::ServerProcess::Start(TENANTRY_BINARY, folder.path(), arguments);
  ASSERT_TRUE(again.ok());
  httplib::Client client(again->url());
  const auto read = client.Get("/popups/" + popup + "?shopId=r8.example");
  ASSERT_TRUE(read);
  const int counted = nlohmann::json::parse(read->body)["viewCount"];
  EXPECT_GE(counted, acknowledged);
  EXPECT_LE(counted, acknowledged + kClients);
  EXPECT_EQ(again->Stop(), 0);
}

}  // namespace
}  // namespace tenantry::http
