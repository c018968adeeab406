#include "server/log_url.h"

#include <gtest/gtest.h>

namespace tenantry::server {
namespace {

http::Route Row(std::string_view path) {
  return {http::Method::kGet,
          path,
          path,
          http::Module::kGym,
          http::Permission::kOpen,
          http::RateClass::kDefault,
          http::CacheClass::kNone,
          http::Lane::kInline,
          nullptr};
}

class LogUrlTest : public ::testing::Test {
 protected:
  std::string Shown(int route, std::string_view target) const {
    std::string out;
    url_.Append(&out, route < 0 ? nullptr : &routes_[static_cast<size_t>(route)], target);
    return out;
  }
  const std::vector<http::Route> routes_ = {Row("/"), Row("/sessions/:id/checkin"),
                                            Row("/discount-codes/code/:code")};
  const LogUrl url_{routes_};
};

TEST_F(LogUrlTest, O5_ShowsIdsThatWeHandOutAndNothingElseThatWasSent) {
  EXPECT_EQ(Shown(0, "/"), "/");
  EXPECT_EQ(Shown(1, "/sessions/c0123456789abcdef01234567/checkin?token=secret"),
            "/sessions/c0123456789abcdef01234567/checkin");
  EXPECT_EQ(Shown(1, "/SESSIONS/alice@mail.example/checkin/"), "/sessions/:id/checkin");
  EXPECT_EQ(Shown(2, "/discount-codes/code/Password123"), "/discount-codes/code/:code");
}

TEST_F(LogUrlTest, O5_AnUnknownPathShowsOnlyWordsOfTheRouteTable) {
  EXPECT_EQ(Shown(-1, "/sessions/alice@mail.example/Checkin/now?x=1"), "/sessions/*/checkin/*");
  EXPECT_EQ(Shown(-1, "/Password123"), "/*");
  EXPECT_EQ(Shown(-1, "/%73essions//x"), "/*/*/*");
  EXPECT_EQ(Shown(-1, ""), "/");
  EXPECT_EQ(Shown(-1, "no-slash"), "/*");
}

}  // namespace
}  // namespace tenantry::server
