// Goal: whatever bytes arrive, the answer is a documented 4xx or a close; the server never crashes or hangs, and the others
// are served meanwhile.
// Method: the built binary, raw sockets. The framing rules one by one are in tests/server/http; here the whole server is.

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "engine/base/time_format.h"
#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/raw_connection.h"

namespace tenantry::contract {
namespace {

using nlohmann::json;

class BadInputTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    auto started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_->path(),
                                   {"--shop-auth", "open", "--rate-limit-exempt", "127.0.0.0/8"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
    port_ = std::stoi(server_->url().substr(server_->url().rfind(':') + 1));
    httplib::Client client(server_->url());
    const auto signup = client.Post("/auth/signup",
                                    R"({"email":"o@bad.example","password":"password1","name":"O",)"
                                    R"("tenantName":"Bad Input Gym"})",
                                    "application/json");
    ASSERT_TRUE(signup && signup->status == 201);
    token_ = json::parse(signup->body)["token"];
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(server_->Stop(), 0) << "the server did not end cleanly";
    server_.reset();
    folder_.reset();
  }

  // A request with a body, signed in, as text.
  static std::string Request(const std::string& method, const std::string& path,
                             const std::string& body, const std::string& more_headers = "") {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token_ +
           "\r\nContent-Type: application/json\r\n" + more_headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static RawConnection::Answer Send(const std::string& bytes) {
    RawConnection connection(port_, 15);
    connection.Write(bytes);  // The server may answer and close before the end.
    return connection.ReadAnswer();
  }
  static void ExpectAlive() {
    EXPECT_EQ(Send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<load::ServerProcess> server_;
  static int port_;
  static std::string token_;
};
std::unique_ptr<TemporaryFolder> BadInputTest::folder_;
std::unique_ptr<load::ServerProcess> BadInputTest::server_;
int BadInputTest::port_ = 0;
std::string BadInputTest::token_;

TEST_F(BadInputTest, BodiesThatAreNotTheJsonWanted) {
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  const std::string bodies[] = {"{",
                                "nonsense",
                                "[]",
                                "5",
                                "\"text\"",
                                "null",
                                "{\"name\":5}",
                                "{\"name\":\"\xff\xfe\"}",
                                "{\"name\":\"\xc0\x80\"}",
                                "{\"name\":{\"name\":[]}}",
                                "{\"name\":\"x\",}",
                                "{\"name\":1e999}",
                                std::string("{\"name\":\"a\0b\"}", 14),
                                "{\"name\":\"" + std::string(90'000, 'x') + "\"}",
                                "{\"a\":" + deep.substr(0, 40'000) + deep.substr(60'000) + "}"};
  for (const char* path : {"/locations", "/session-types", "/sessions", "/bookings", "/auth/login",
                           "/auth/refresh", "/popups", "/analytics/views", "/analytics/conversions",
                           "/discount-codes", "/email-subscribers"}) {
    for (const std::string& body : bodies) {
      const RawConnection::Answer answer = Send(Request("POST", path, body));
      EXPECT_TRUE(answer.status == 400 || answer.status == 413)
          << path << " answered " << answer.status << " to " << body.substr(0, 60);
      EXPECT_TRUE(json::accept(answer.body)) << answer.body;
    }
  }
  ExpectAlive();
}

TEST_F(BadInputTest, EveryStringMayBeHostileAndIsGivenBackWhole) {
  const std::string name = "x\"\\\n\t\u0001<script>&\u2028\U0001F600' OR 1=1 --";
  const RawConnection::Answer answer =
      Send(Request("POST", "/locations", json({{"name", name}}).dump()));
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(json::parse(answer.body)["name"], name);
}

TEST_F(BadInputTest, TooLarge) {
  EXPECT_EQ(Send(Request("POST", "/locations", std::string(10u << 20, 'x'))).status, 413);
  EXPECT_EQ(
      Send("GET /health HTTP/1.1\r\nHost: x\r\nX-Big: " + std::string(100'000, 'y') + "\r\n\r\n")
          .status,
      431);
  EXPECT_EQ(Send("POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                 "chunked\r\n\r\nffffffffffffffff\r\n")
                .status,
            413);
  std::string many = "GET /health HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 10'000; ++i) many += "h" + std::to_string(i) + ": v\r\n";
  EXPECT_EQ(Send(many + "\r\n").status, 431);
  EXPECT_EQ(Send("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n").status, 414);
  ExpectAlive();
}

TEST_F(BadInputTest, SmugglingForms) {
  const std::string forms[] = {
      "POST /locations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "POST /locations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      "POST /locations HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
      "POST /locations HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc",
      "POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
      "3\r\n\r\n0\r\n\r\n",
      "POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      "POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
      "POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
      "POST /locations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
      "GET /health HTTP/1.1\nHost: x\n\n",
      "GET /health HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
      "GET /health HTTP/1.1\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
      "GET  /health HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /health\r\n\r\n",
      std::string("GET /health HTTP/1.1\r\nHost: x\r\nA: \0b\r\n\r\n", 44)};
  for (const std::string& form : forms) {
    RawConnection connection(port_, 15);
    connection.Write(form);
    const int status = connection.ReadStatus();
    EXPECT_EQ(status, 400) << form;
    EXPECT_TRUE(connection.IsClosed()) << form;
  }
  ExpectAlive();
}

TEST_F(BadInputTest, HeadersThatMustNotReachTheApplication) {
  EXPECT_EQ(Send("GET /health HTTP/1.1\r\nHost: x\r\nREMOTE_ADDR: 1.2.3.4\r\nLOCAL_PORT: 1\r\n\r\n")
                .status,
            200);
  EXPECT_EQ(
      Send("GET /health HTTP/1.1\r\nHost: x\r\nRange: bytes=0-99999999999999999999\r\n\r\n").status,
      200);
  EXPECT_EQ(
      Send("GET /health HTTP/1.1\r\nHost: x\r\nRange: bytes=" + std::string(2000, '-') + "\r\n\r\n")
          .status,
      200);
  const std::string bomb(2'000, '\x1f');
  EXPECT_EQ(Send(Request("POST", "/locations", bomb, "Content-Encoding: gzip\r\n")).status, 415);
  ExpectAlive();
}

TEST_F(BadInputTest, ExpectContinueIsAnsweredBeforeTheBody) {
  RawConnection connection(port_);
  const std::string body = R"({"name":"expected"})";
  connection.Write(
      "POST /locations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token_ +
      "\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  connection.Write(body);
  EXPECT_EQ(connection.ReadStatus(), 201);
}

TEST_F(BadInputTest, APipelinedReadSeesTheWriteBeforeIt) {
  RawConnection connection(port_);
  connection.Write(Request("POST", "/locations", R"({"name":"pipelined"})") +
                   "GET /locations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token_ +
                   "\r\n\r\n");
  EXPECT_EQ(connection.ReadStatus(), 201);
  const RawConnection::Answer list = connection.ReadAnswer();
  EXPECT_EQ(list.status, 200);
  EXPECT_NE(list.body.find("\"pipelined\""), std::string::npos);
}

TEST_F(BadInputTest, AHalfClosedConnectionGetsItsAnswer) {
  RawConnection connection(port_);
  connection.Write(Request("POST", "/locations", R"({"name":"half closed"})"));
  connection.FinishWriting();
  EXPECT_EQ(connection.ReadStatus(), 201);
  EXPECT_TRUE(connection.IsClosed());
}

TEST_F(BadInputTest, IdleAndSlowConnectionsDoNotStopBookings) {
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 2'000; ++i) idle.push_back(std::make_unique<RawConnection>(port_));
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<RawConnection>(port_));
    // Half of them dawdle in the headers, half in the body.
    slow.back()->Write(i % 2 == 0
                           ? "POST /bookings HTTP/1.1\r\nHost: x\r\nX-Slow: "
                           : "POST /bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{");
  }
  httplib::Client client(server_->url());
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  const httplib::Headers signed_in = {{"Authorization", "Bearer " + token_}};
  const auto post = [&](const char* path, const json& body) {
    const auto answer = client.Post(path, signed_in, body.dump(), "application/json");
    EXPECT_TRUE(answer && answer->status == 201) << path << (answer ? answer->body : " no answer");
    return answer ? json::parse(answer->body) : json();
  };
  const json place = post("/locations", {{"name", "busy place"}});
  const json type =
      post("/session-types", {{"name", "busy"}, {"durationMin", 30}, {"category", "class"}});
  for (int i = 0; i < 50; ++i) {
    const int64_t start = SystemClock().NowUnixMs() + (i + 2) * 3'600'000;
    const json session = post("/sessions", {{"sessionTypeId", type["id"]},
                                            {"locationId", place["id"]},
                                            {"startTime", FormatInstant(start)}});
    const json booking = post("/bookings", {{"sessionInstanceId", session["id"]}});
    EXPECT_EQ(booking["status"], "confirmed");
    for (auto& connection : slow) connection->Write("x");
  }
}

}  // namespace
}  // namespace tenantry::contract
