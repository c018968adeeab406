// What holds for every request of both APIs: a bound of query time, CORS, and errors that say nothing of the inside
// (crosscutting.md Q2, Q6, Q9).

#include "tests/contract/limits_api.h"

namespace tenantry::contract {
namespace {

class CrosscuttingRequestsTest : public LimitsTest {
 protected:
  using LimitsTest::LimitsTest;

  // Headers of somebody who owns a gym and likes so many kinds of sessions.
  std::string MemberWhoLikes(int count) const {
    const json owner = {{"email", "p" + std::to_string(count) + "@mail.example"},
                        {"password", "Password123"},
                        {"name", "P"},
                        {"tenantName", "Gym of " + std::to_string(count)}};
    const json made = Ask(Request("POST", "/auth/signup", owner.dump())).body;
    const std::string headers = "Authorization: Bearer " + made["token"].get<std::string>() +
                                "\r\nx-tenant-id: " + made["tenant"]["id"].get<std::string>() +
                                "\r\n";
    for (int i = 0; i < count; ++i) {
      const json type = {
          {"name", "Kind " + std::to_string(i)}, {"durationMin", 30}, {"category", "class"}};
      const json kind = Ask(Request("POST", "/session-types", type.dump(), headers)).body;
      const std::string path = "/my/favorites/" + kind["id"].get<std::string>();
      EXPECT_EQ(Ask(Request("POST", path, "{}", headers)).status, 201);
    }
    return headers;
  }
};

// Goal: a query that takes too long is refused, and neither shorter ones nor other requests are.
// Method: the clock stands still, so with no time at all the first look at it refuses.
TEST_F(CrosscuttingRequestsTest, Q2AQueryBeyondItsTimeIs503AndOthersAreAnswered) {
  limits::LimitSettings settings;
  settings.rates.default_class = 0;
  Apply(settings);
  const std::string many = MemberWhoLikes(40);
  const std::string few = MemberWhoLikes(3);
  EXPECT_EQ(Get("/my/account/export", many).status, 200);
  settings.query_ms = 0;
  Apply(settings);
  const LimitsAnswer refused = Get("/my/account/export", many);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("Retry-After"), "1");
  EXPECT_EQ(refused.body["statusCode"], 503);
  EXPECT_NE(refused.body["message"].get<std::string>().find("takes too long"), std::string::npos);
  EXPECT_EQ(Get("/my/account/export", few).status, 200);
  EXPECT_EQ(Get("/my/favorites", many).status, 200) << "reads in memory";
  EXPECT_EQ(limits::LimitSettings().query_ms, 5'000);
}

std::string From(const std::string& origin) {
  return "Origin: " + origin + "\r\n";
}
std::string Preflight(const std::string& path, const std::string& method,
                      const std::string& origin) {
  return "OPTIONS " + path + " HTTP/1.1\r\nHost: h\r\n" + From(origin) +
         "Access-Control-Request-Method: " + method +
         "\r\nAccess-Control-Request-Headers: authorization,x-tenant-id\r\n\r\n";
}
constexpr const char* kAllowOrigin = "Access-Control-Allow-Origin";

TEST_F(CrosscuttingRequestsTest, Q6PreflightGoesBeforeTenantAndAuthOfBothFamilies) {
  for (const auto& [path, method] : {std::pair{"/members", "GET"},
                                     {"/sessions/available", "GET"},
                                     {"/bookings", "POST"},
                                     {"/popups", "POST"},
                                     {"/analytics/views", "POST"},
                                     {"/no/such/path", "GET"}}) {
    SCOPED_TRACE(path);
    const LimitsAnswer answer = Ask(Preflight(path, method, "https://app.example"));
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.Header(kAllowOrigin), "https://app.example");
    EXPECT_EQ(answer.Header("Access-Control-Max-Age"), "86400");
    EXPECT_EQ(answer.Header("Access-Control-Allow-Methods"), "GET,POST,PUT,PATCH,DELETE,OPTIONS");
    for (const char* name : {"x-tenant-id", "Authorization", "Content-Type", "If-None-Match"}) {
      EXPECT_NE(answer.Header("Access-Control-Allow-Headers").find(name), std::string::npos);
    }
    EXPECT_EQ(answer.Header("Access-Control-Allow-Credentials"), "") << "no client sends cookies";
    EXPECT_NE(answer.Header("Vary").find("Origin"), std::string::npos);
  }
}

TEST_F(CrosscuttingRequestsTest, Q6AnswersAndErrorsMayBeReadByPages) {
  for (const char* path : {"/popups?shopId=x", "/popups", "/members", "/no/such/path", "/"}) {
    const LimitsAnswer answer = Get(path, From("https://app.example"));
    EXPECT_EQ(answer.Header(kAllowOrigin), "https://app.example") << path;
    EXPECT_NE(answer.Header("Access-Control-Expose-Headers").find("ETag"), std::string::npos);
    EXPECT_EQ(Get(path).Header(kAllowOrigin), "") << path;
    EXPECT_NE(Get(path).Header("Vary").find("Origin"), std::string::npos) << path;
  }
  EXPECT_EQ(Get("/scripts/popup.js?shopId=x", From("https://a.example")).Header(kAllowOrigin), "*");
}

class ManagementOriginsTest : public CrosscuttingRequestsTest {
 protected:
  ManagementOriginsTest() : CrosscuttingRequestsTest({"https://admin.example"}) {}
};

TEST_F(ManagementOriginsTest, Q6ManagementIsForTheNamedOriginsAndStorefrontsForAll) {
  for (const char* path : {"/popups?shopId=x", "/members", "/no/such/path"}) {
    EXPECT_EQ(Get(path, From("https://evil.example")).Header(kAllowOrigin), "") << path;
    EXPECT_EQ(Get(path, From("https://admin.example")).Header(kAllowOrigin),
              "https://admin.example")
        << path;
  }
  EXPECT_EQ(Get("/popups/active?shopId=x", From("https://shop.example")).Header(kAllowOrigin),
            "https://shop.example");
  // The path is the same, the method decides.
  const auto allowed = [&](const std::string& path, const std::string& method) {
    const LimitsAnswer answer = Ask(Preflight(path, method, "https://shop.example"));
    EXPECT_EQ(answer.status, 204);
    return !answer.Header(kAllowOrigin).empty();
  };
  EXPECT_TRUE(allowed("/email-subscribers", "POST"));
  EXPECT_FALSE(allowed("/email-subscribers", "GET"));
  EXPECT_FALSE(allowed("/popups", "POST"));
  EXPECT_TRUE(allowed("/analytics/views", "POST"));
}

// Goal: whatever is wrong, the answer is JSON with a status and a message, and tells nothing of how we are built.
TEST_F(CrosscuttingRequestsTest, Q9ErrorsAreJsonWithoutInternals) {
  const std::string deep = std::string(5000, '[');
  const std::string long_path = "/" + std::string(20'000, 'x');
  const std::vector<std::pair<std::string, int>> cases = {
      {Request("GET", "/no/such/path"), 404},
      {Request("GET", "/popups"), 400},
      {Request("GET", "/members"), 400},
      {Request("GET", "/members", "", "x-tenant-id: cabcdefghijklmnopqrstuvwx\r\n"), 400},
      {Request("GET", "/popups/5d0c5a54-3a2f-4a58-9f33-5a8a0e5b6f11?shopId=x"), 404},
      {Request("DELETE", "/popups"), 404},
      {Request("POST", "/popups", "{"), 400},
      {Request("POST", "/popups", "\xff\xfe"), 400},
      {Request("POST", "/popups", deep), 400},
      {Request("POST", "/auth/login", R"({"email":5,"password":[]})"), 400},
      {Request("POST", "/analytics/views", R"({"popupId":"' OR 1=1 --"})"), 404},
      {Request("BREW", "/popups"), 501},
      {Request("GET", long_path), 414},
      {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400},
      {"POST /popups HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n", 413},
      {"GET / HTTP/9.9\r\nHost: h\r\n\r\n", 505},
      {"nonsense\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : cases) {
    SCOPED_TRACE(bytes.substr(0, 80));
    const LimitsAnswer answer = Ask(bytes);
    EXPECT_EQ(answer.status, status);
    EXPECT_NE(answer.Header("Content-Type").find("application/json"), std::string::npos);
    ASSERT_TRUE(answer.body.is_object());
    EXPECT_EQ(answer.body["statusCode"], answer.status);
    EXPECT_TRUE(answer.body["message"].is_string() || answer.body["message"].is_array());
    const std::string text = answer.body.dump();
    for (const char* inside : {".cc:", ".h:", "std::", "kj::", "capnp", "rocksdb", "exception",
                               "what():", "/work", "/tmp", "0x"}) {
      EXPECT_EQ(text.find(inside), std::string::npos) << text;
    }
  }
  EXPECT_EQ(Get("/health").status, 200);
}

}  // namespace
}  // namespace tenantry::contract
