#include "server/http/httplib_adapter.h"

#include <string>

#include <gtest/gtest.h>

namespace tenantry::http {
namespace {

class HttplibAdapterTest : public testing::Test {
 protected:
  // 0 when it is accepted, else what httplib answered.
  int Refusal(std::string_view path, std::string_view query = {}) {
    Request request;
    request.method = Method::kGet;
    request.method_name = "GET";
    request.path = path;
    request.query = query;
    int status = -1;
    return adapter_.Accepts(request, &status) ? 0 : status;
  }

  std::string Head(const Response& response) {
    std::string head = "before ";
    adapter_.Render(response, &head);
    return head;
  }

  HttplibAdapter adapter_;
};

TEST_F(HttplibAdapterTest, ALineIsJudgedTheSameEachTime) {
  const std::string long_path = "/" + std::string(8'185, 'a');
  const std::string unremembered = "/" + std::string(HttplibAdapter::kLineBytesMax, 'b');
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Refusal("/popups/active"), 0);
    EXPECT_EQ(Refusal("/popups/active", std::string(8'200, 'q')), 414);
    EXPECT_EQ(Refusal(long_path), 414);
    EXPECT_EQ(Refusal(unremembered), 0);
    EXPECT_EQ(Refusal("/popups\tactive"), 0) << "blanks are the framer's business";
    EXPECT_EQ(Refusal("/popups active"), 400) << "four parts";
    EXPECT_EQ(adapter_.remembered(), 2u) << "what was refused or is long is not";
  }
}

// Goal: as many lines as clients can think of neither fill memory nor get a wrong answer.
TEST_F(HttplibAdapterTest, MoreLinesThanAreRemembered) {
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < 3 * HttplibAdapter::kLinesMax; ++i) {
      const std::string path = "/members/" + std::to_string(i);
      ASSERT_EQ(Refusal(path), 0);
      ASSERT_EQ(Refusal(path + " x"), 400);
      ASSERT_LE(adapter_.remembered(), HttplibAdapter::kLinesMax);
    }
  }
}

TEST_F(HttplibAdapterTest, HeadsHaveTheirOwnStatusAndHeaders) {
  Response created = Response::Empty(201);
  created.headers = {{"Location", "/popups/7"}, {"X-Bad", "two\r\nlines"}, {"Content-Length", "3"}};
  Response refused = Response::Empty(404);
  refused.content_type = "application/json";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Head(created), "before HTTP/1.1 201 Created\r\nLocation: /popups/7\r\n");
    EXPECT_EQ(Head(refused), "before HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n");
    EXPECT_EQ(Head(Response::Empty(200)), "before HTTP/1.1 200 OK\r\n");
  }
}

}  // namespace
}  // namespace tenantry::http
