// Calls over real sockets on the loopback, to a server of the test's own.

#include "server/outbound/caller.h"

#include <atomic>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>

namespace tenantry::outbound {
namespace {

class CallerTest : public ::testing::Test {
 protected:
  CallerTest() {
    server_.Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
      ++calls_;
      const std::lock_guard lock(mutex_);
      seen_ = request.body + "|" + request.get_header_value("webhook-id");
      response.status = code_;
      response.set_content("thanks", "text/plain");
    });
    server_.Post("/away", [](const httplib::Request&, httplib::Response& response) {
      response.set_redirect("/hook");
    });
    server_.Post("/large", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(1 << 20, 'x'), "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~CallerTest() override {
    server_.stop();
    thread_.join();
  }
  std::string Url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }
  Caller Make(const std::vector<std::string>& allowed) {
    return Caller(clock_, *AddressPolicy::Make(allowed));
  }

  ManualClock clock_{1'000'000};
  httplib::Server server_;
  std::thread thread_;
  int port_ = 0;
  std::atomic<int> code_{200};
  std::atomic<int> calls_{0};
  std::string Seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::mutex mutex_;
  std::string seen_;  // Under mutex_: a sanitizer does not see that a reply orders it.
};

TEST_F(CallerTest, SendsBodyAndHeaders) {
  Caller caller = Make({"127.0.0.0/8"});
  const Reply reply = caller.Post({Url("/hook"), "{\"a\":1}", {{"webhook-id", "msg_1"}}});
  ASSERT_TRUE(reply.status.ok()) << reply.status.ToString();
  EXPECT_EQ(reply.code, 200);
  EXPECT_EQ(reply.body, "thanks");
  EXPECT_EQ(Seen(), "{\"a\":1}|msg_1");
}

TEST_F(CallerTest, RefusesForbiddenAddressesWhenItConnects) {
  Caller caller = Make({});
  // A name that resolves to the loopback is refused like the address itself.
  for (const std::string host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001"}) {
    const Reply reply = caller.Post({Url("/hook", host), "{}", {}});
    EXPECT_EQ(reply.status.code(), StatusCode::kPermissionDenied)
        << host << reply.status.ToString();
  }
  EXPECT_EQ(calls_, 0);
}

TEST_F(CallerTest, FollowsNoRedirect) {
  Caller caller = Make({"127.0.0.0/8"});
  EXPECT_EQ(caller.Post({Url("/away"), "{}", {}}).code, 302);
  EXPECT_EQ(calls_, 0);
}

TEST_F(CallerTest, ReadsALittleOfALargeReply) {
  Caller caller = Make({"127.0.0.0/8"});
  const Reply reply = caller.Post({Url("/large"), "{}", {}});
  EXPECT_TRUE(reply.status.ok()) << reply.status.ToString();
  EXPECT_EQ(reply.code, 200);
  EXPECT_EQ(reply.body.size(), kReplyBytesMax);
}

TEST_F(CallerTest, R1ABrokenTargetIsLeftAlone) {
  Caller caller = Make({"127.0.0.0/8"});
  code_ = 500;
  for (uint32_t i = 0; i < kCallsMin; ++i)
    EXPECT_EQ(caller.Post({Url("/hook"), "{}", {}}).code, 500);
  const Reply held = caller.Post({Url("/hook"), "{}", {}});
  EXPECT_EQ(held.status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(held.breaker_wait_ms, kRetryAfterMs);
  EXPECT_EQ(calls_, static_cast<int>(kCallsMin));
  clock_.AdvanceMs(kRetryAfterMs);
  code_ = 200;
  EXPECT_EQ(caller.Post({Url("/hook"), "{}", {}}).code, 200);
  EXPECT_EQ(caller.breakers().CountOf(BreakerState::kOpen), 0u);
}

TEST_F(CallerTest, A4xxAnswerProvesTheTargetLives) {
  Caller caller = Make({"127.0.0.0/8"});
  code_ = 404;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(caller.Post({Url("/hook"), "{}", {}}).code, 404);
}

TEST_F(CallerTest, NobodyThereIsUnavailable) {
  Caller caller = Make({"127.0.0.0/8"});
  const int port = port_;
  server_.stop();
  const Reply reply = caller.Post({"http://127.0.0.1:" + std::to_string(port) + "/x", "{}", {}});
  EXPECT_EQ(reply.status.code(), StatusCode::kUnavailable);
  EXPECT_FALSE(reply.breaker_wait_ms);
}

TEST(TargetOfTest, JudgesUrls) {
  EXPECT_EQ(*TargetOf("https://Shop.Example/hooks?x=1"), "https://Shop.Example:443");
  EXPECT_EQ(*TargetOf("http://a.example:8080"), "http://a.example:8080");
  for (const std::string url : {"", "hooks", "ftp://a.example/", "file:///etc/passwd",
                                "https://user:pass@a.example/", "https://"}) {
    EXPECT_EQ(TargetOf(url).status().code(), StatusCode::kInvalidArgument) << url;
  }
  EXPECT_FALSE(TargetOf("https://a.example/" + std::string(kUrlBytesMax, 'x')).ok());
}

}  // namespace
}  // namespace tenantry::outbound
