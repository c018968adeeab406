// Rate limits as clients meet them: crosscutting.md L1-L10, Q8.

#include <chrono>
#include <future>

#include "tests/contract/limits_api.h"

namespace tenantry::contract {
namespace {

using Statuses = std::map<int, int>;

class CrosscuttingLimitsTest : public LimitsTest {};

TEST_F(CrosscuttingLimitsTest, L1AHundredAMinuteByDefault) {
  EXPECT_EQ(Flood(300, Request("GET", "/popups?shopId=x")), (Statuses{{200, 100}, {429, 200}}));
  // One class: other routes and unknown paths draw on the same hundred.
  EXPECT_EQ(Get("/locations").status, 429);
  EXPECT_EQ(Get("/no/such/path").status, 429);
}

// Acceptance of issue 3: exactly 1,000 of 3,000 simultaneous requests, six times a minute apart.
TEST_F(CrosscuttingLimitsTest, L2L5L6ExactlyAThousandViewsPassEveryMinute) {
  const std::string popup = MakePopup("views.example");
  const std::string view = Request("POST", "/analytics/views", R"({"popupId":")" + popup + "\"}");
  for (int minute = 0; minute < 6; ++minute) {
    EXPECT_EQ(Flood(3000, view), (Statuses{{201, 1000}, {429, 2000}})) << minute;
    clock_.AdvanceMs(kMinuteMs);
  }
  EXPECT_EQ(Get("/popups/" + popup + "?shopId=views.example").body["viewCount"], 6000);
}

TEST_F(CrosscuttingLimitsTest, L3FiveHundredConversions) {
  const std::string popup = MakePopup("sales.example");
  const std::string body = R"({"popupId":")" + popup + R"(","type":"email_signup"})";
  const Statuses statuses = Flood(600, Request("POST", "/analytics/conversions", body));
  EXPECT_EQ(statuses.at(429), 100);
  EXPECT_EQ(Get("/analytics/popup/" + popup).status, 200);
}

TEST_F(CrosscuttingLimitsTest, L4AHundredStats) {
  MakePopup("stats.example");
  EXPECT_EQ(Flood(150, Request("GET", "/analytics/shop/stats.example")),
            (Statuses{{200, 100}, {429, 50}}));
  EXPECT_EQ(Get("/popups?shopId=stats.example").status, 200) << "another class";
}

TEST_F(CrosscuttingLimitsTest, L5AWindowEndsAMinuteAfterItsFirstRequest) {
  EXPECT_EQ(Get("/popups?shopId=x").Header("X-RateLimit-Reset"), "60");
  clock_.AdvanceMs(45'000);
  EXPECT_EQ(Flood(120, Request("GET", "/popups?shopId=x")), (Statuses{{200, 99}, {429, 21}}));
  clock_.AdvanceMs(14'999);
  const LimitsAnswer refused = Get("/popups?shopId=x");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("Retry-After"), "1");
  clock_.AdvanceMs(1);
  EXPECT_EQ(Get("/popups?shopId=x").Header("X-RateLimit-Remaining"), "99");
}

TEST_F(CrosscuttingLimitsTest, L6ClientsAreCountedApart) {
  Apply(TrustingUs());
  const auto from = [](const std::string& client) {
    return Request("GET", "/popups?shopId=x", "", "X-Forwarded-For: " + client + "\r\n");
  };
  EXPECT_EQ(Flood(120, from("203.0.113.1")), (Statuses{{200, 100}, {429, 20}}));
  EXPECT_EQ(Ask(from("203.0.113.2")).status, 200);
  // One IPv6 /64 is one client.
  EXPECT_EQ(Flood(120, from("2001:db8::1")), (Statuses{{200, 100}, {429, 20}}));
  EXPECT_EQ(Ask(from("2001:db8::ffff:0:2")).status, 429);
  EXPECT_EQ(Ask(from("2001:db8:0:1::1")).status, 200);
}

TEST_F(CrosscuttingLimitsTest, L7RefusalsHaveTheFamilysBody) {
  Flood(120, Request("GET", "/popups?shopId=x"));
  const LimitsAnswer popup = Get("/popups?shopId=x");
  EXPECT_EQ(popup.status, 429);
  EXPECT_EQ(popup.body,
            (json{{"statusCode", 429}, {"message", "Too many requests, please try again later"}}));
  const LimitsAnswer gym = Get("/sessions/available?page=2");
  EXPECT_EQ(gym.status, 429);
  EXPECT_EQ(gym.body, (json{{"statusCode", 429},
                            {"message", "Too many requests, please try again later"},
                            {"error", "Too Many Requests"},
                            {"timestamp", "2026-03-02T09:00:00.000Z"},
                            {"path", "/sessions/available?page=2"}}));
  for (const LimitsAnswer& answer : {popup, gym}) {
    EXPECT_EQ(answer.Header("Retry-After"), "60");
    EXPECT_EQ(answer.Header("X-RateLimit-Limit"), "100");
    EXPECT_EQ(answer.Header("X-RateLimit-Remaining"), "0");
    EXPECT_EQ(answer.Header("X-RateLimit-Reset"), "60");
    EXPECT_EQ(answer.Header("RateLimit"), "\"default\";r=0;t=60");
  }
}

TEST_F(CrosscuttingLimitsTest, L7AllowedAnswersCarryTheHeadersToo) {
  const std::string popup = MakePopup("headers.example");
  const LimitsAnswer read = Get("/popups?shopId=headers.example", "Origin: https://shop\r\n");
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.Header("X-RateLimit-Limit"), "100");
  EXPECT_EQ(read.Header("X-RateLimit-Remaining"), "98");
  EXPECT_EQ(read.Header("X-RateLimit-Reset"), "60");
  EXPECT_EQ(read.Header("RateLimit-Policy"), "\"default\";q=100;w=60");
  EXPECT_EQ(read.Header("RateLimit"), "\"default\";r=98;t=60");
  EXPECT_EQ(read.Header("Retry-After"), "");
  for (const char* name : {"X-RateLimit-Reset", "RateLimit", "RateLimit-Policy", "Retry-After"}) {
    EXPECT_NE(read.Header("Access-Control-Expose-Headers").find(name), std::string::npos) << name;
  }
  // Also when a tick, a worker or nobody made the answer.
  const LimitsAnswer view =
      Ask(Request("POST", "/analytics/views", R"({"popupId":")" + popup + "\"}"));
  EXPECT_EQ(view.status, 201);
  EXPECT_EQ(view.Header("RateLimit"), "\"views\";r=999;t=60");
  const LimitsAnswer login =
      Ask(Request("POST", "/auth/login", R"({"email":"a@b.example","password":"Password123"})",
                  "x-tenant-id: cabcdefghijklmnopqrstuvwx\r\n"));
  EXPECT_EQ(login.Header("RateLimit"), "\"default\";r=97;t=60");
  EXPECT_EQ(Get("/nowhere").Header("RateLimit"), "\"default\";r=96;t=60");
}

TEST_F(CrosscuttingLimitsTest, L8ForwardedAddressesOfStrangersAreIgnored) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(
        Get("/popups?shopId=x", "X-Forwarded-For: 203.0.113." + std::to_string(i) + "\r\n").status,
        200);
  }
  EXPECT_EQ(Get("/popups?shopId=x", "X-Forwarded-For: 198.51.100.1\r\n").status, 429);
  Apply(TrustingUs());
  EXPECT_EQ(Get("/popups?shopId=x", "X-Forwarded-For: 198.51.100.1\r\n").status, 200);
  EXPECT_EQ(Get("/popups?shopId=x", "X-Forwarded-For: 203.0.113.1, 127.0.0.1\r\n").status, 200);
}

// Who guesses passwords is held up, not everybody behind the same proxy.
TEST_F(CrosscuttingLimitsTest, L8PasswordGuessersAreToldApartBehindAProxy) {
  limits::LimitSettings settings = TrustingUs();
  settings.rates.default_class = 0;
  Apply(settings);
  const json gym = {{"email", "eve@mail.example"},
                    {"password", "Password123"},
                    {"name", "Eve"},
                    {"tenantName", "Guarded"}};
  ASSERT_EQ(Ask(Request("POST", "/auth/signup", gym.dump())).status, 201);
  const auto log_in = [&](const std::string& password, const std::string& from) {
    const json body = {{"email", "eve@mail.example"}, {"password", password}};
    return Ask(Request("POST", "/auth/login", body.dump(), "X-Forwarded-For: " + from + "\r\n"))
        .status;
  };
  for (int i = 0; i < 10; ++i) ASSERT_EQ(log_in("wrong", "203.0.113.1"), 401) << i;
  EXPECT_EQ(log_in("Password123", "203.0.113.1"), 429);
  // Answers about this account are held back by now, whoever asks; the clock has to move.
  std::future<int> owner =
      std::async(std::launch::async, [&] { return log_in("Password123", "203.0.113.2"); });
  while (owner.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
    clock_.AdvanceMs(100);
  }
  EXPECT_EQ(owner.get(), 200);
}

TEST_F(CrosscuttingLimitsTest, L9HealthPreflightAndExemptNetworksAreNotCounted) {
  const std::string preflight = Request(
      "OPTIONS", "/popups", "", "Origin: https://shop\r\nAccess-Control-Request-Method: POST\r\n");
  EXPECT_EQ(Flood(300, preflight), (Statuses{{204, 300}}));
  for (const char* path : {"/health", "/health/live", "/health/ready", "/livez", "/readyz"}) {
    EXPECT_EQ(Flood(150, Request("GET", path)), (Statuses{{200, 150}})) << path;
    EXPECT_EQ(Get(path).Header("X-RateLimit-Limit"), "") << path;
  }
  limits::LimitSettings settings;
  settings.exempt = {"127.0.0.0/8", "::1/128"};
  Apply(settings);
  EXPECT_EQ(Flood(600, Request("GET", "/popups?shopId=x")), (Statuses{{200, 600}}));
}

// Acceptance of issue 3: the analytics page asks once per popup, up to a hundred at once.
TEST_F(CrosscuttingLimitsTest, L9AHundredAndOneCallsOfTheAnalyticsPagePass) {
  limits::LimitSettings roomy;
  roomy.rates.default_class = 0;
  Apply(roomy);
  std::string page;
  std::string first;
  for (int i = 0; i < 101; ++i) {
    const std::string popup = MakePopup("page.example");
    if (i == 0) first = popup;
    page += Request("GET", "/analytics/popup/" + popup);
  }
  Apply({});
  for (int load = 0; load < 3; ++load) {
    RawConnection connection(server_->port());
    ASSERT_TRUE(connection.Write(page));
    for (int i = 0; i < 101; ++i) ASSERT_EQ(Read(connection).status, 200) << load << " " << i;
  }
  // One popup alone is limited to a hundred, three of which the page took.
  const std::string one = Request("GET", "/analytics/popup/" + first);
  EXPECT_EQ(Flood(150, one), (Statuses{{200, 97}, {429, 53}}));
  EXPECT_EQ(Ask(one).Header("RateLimit"), "\"popup-stats-each\";r=0;t=60");
  // Pages of different popups: 1,000 in all.
  clock_.AdvanceMs(kMinuteMs);
  Statuses statuses;
  for (int load = 0; load < 10; ++load) {
    RawConnection connection(server_->port());
    ASSERT_TRUE(connection.Write(page));
    for (int i = 0; i < 101; ++i) ++statuses[Read(connection).status];
  }
  EXPECT_EQ(statuses, (Statuses{{200, 1000}, {429, 10}}));
}

TEST_F(CrosscuttingLimitsTest, L9StorefrontReadsMayHaveAClassOfTheirOwn) {
  MakePopup("front.example");
  limits::LimitSettings settings;
  settings.rates.storefront = 200;
  Apply(settings);
  EXPECT_EQ(Flood(300, Request("GET", "/popups/active?shopId=front.example")),
            (Statuses{{200, 200}, {429, 100}}));
  EXPECT_EQ(Get("/popups?shopId=front.example").status, 200);
}

TEST_F(CrosscuttingLimitsTest, L10HitsAreCountedPerClass) {
  Flood(120, Request("GET", "/popups?shopId=x"));
  Flood(150, Request("GET", "/analytics/shop/nobody.example"));
  const limits::GateCounts counts = gate_.counts();
  const auto of = [&](limits::RateScope scope) {
    return counts.scopes[static_cast<size_t>(scope)];
  };
  EXPECT_EQ(of(limits::RateScope::kDefault).passed, 100u);
  EXPECT_EQ(of(limits::RateScope::kDefault).refused, 20u);
  EXPECT_EQ(of(limits::RateScope::kStats).passed, 100u);
  EXPECT_EQ(of(limits::RateScope::kStats).refused, 50u);
}

// K9: off by default; then a member is counted wherever the requests come from, and others are not concerned.
TEST_F(CrosscuttingLimitsTest, L10RefreshesAreLimitedPerMember) {
  limits::LimitSettings settings = TrustingUs();
  settings.rates.default_class = 0;
  Apply(settings);
  const auto sign_up = [&](const std::string& name) {
    const json body = {{"email", name + "@mail.example"},
                       {"password", "Password123"},
                       {"name", name},
                       {"tenantName", name + " gym"}};
    return Ask(Request("POST", "/auth/signup", body.dump())).body;
  };
  const json ann = sign_up("ann");
  const json bob = sign_up("bob");
  std::map<std::string, std::string> tokens = {{"ann", ann["refreshToken"]},
                                               {"bob", bob["refreshToken"]}};
  int address = 0;
  const auto refresh = [&](const std::string& who) {
    const LimitsAnswer answer =
        Ask(Request("POST", "/auth/refresh", json{{"refreshToken", tokens[who]}}.dump(),
                    "X-Forwarded-For: 203.0.113." + std::to_string(++address) + "\r\n"));
    if (answer.status == 200) tokens[who] = answer.body["refreshToken"];
    return answer;
  };
  for (int i = 0; i < 30; ++i) ASSERT_EQ(refresh("ann").status, 200) << i;
  settings.rates.refresh_user = 20;
  Apply(settings);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(refresh("ann").status, 200) << i;
  const LimitsAnswer refused = refresh("ann");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("Retry-After"), "60");
  EXPECT_EQ(refresh("bob").status, 200);
  clock_.AdvanceMs(kMinuteMs);
  EXPECT_EQ(refresh("ann").status, 200) << "the refused request did not use the token up";
  EXPECT_EQ(gate_.counts().scopes[static_cast<size_t>(limits::RateScope::kRefreshUser)].refused,
            1u);
}

TEST_F(CrosscuttingLimitsTest, L10ATenantBeyondItsQuotaIsHeldUpAndOthersAreNot) {
  MakePopup("busy.example");
  MakePopup("calm.example");
  clock_.AdvanceMs(kMinuteMs);
  limits::LimitSettings settings;
  settings.rates.default_class = 0;
  settings.exempt = {"127.0.0.0/8"};  // From limits per client, not from the tenant's quota.
  settings.quota = {.operations_per_second = 10, .bytes_per_second = 0, .burst_seconds = 1};
  Apply(settings);
  const std::string busy = Request("GET", "/popups/active?shopId=busy.example");
  for (int second = 0; second < 3; ++second) {
    const Statuses statuses = Flood(90, busy);
    // Each loop learns by one request whom the next ones are about.
    EXPECT_GE(statuses.at(200), second == 0 ? 10 : 9);
    EXPECT_LE(statuses.at(200), 10 + 2 * static_cast<int>(kLoops));
    EXPECT_EQ(statuses.at(200) + statuses.at(429), 90);
    const LimitsAnswer refused = Ask(busy);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.Header("Retry-After"), "1");
    EXPECT_EQ(Get("/popups/active?shopId=calm.example").status, 200);
    clock_.AdvanceMs(1'000);
  }
  EXPECT_GT(gate_.counts().over_quota, 200u);
  settings.quota = {.operations_per_second = 0, .bytes_per_second = 1'000, .burst_seconds = 0};
  Apply(settings);
  clock_.AdvanceMs(kMinuteMs);
  EXPECT_EQ(Ask(busy).status, 200);
  EXPECT_EQ(Ask(busy).status, 429) << "its answer was half a second's bytes";
}

TEST_F(CrosscuttingLimitsTest, Q8DeniedNetworksGet403OfTheFamily) {
  limits::LimitSettings settings = TrustingUs();
  settings.deny = {"203.0.113.0/24"};
  Apply(settings);
  const std::string denied = "X-Forwarded-For: 203.0.113.9\r\n";
  const LimitsAnswer popup = Get("/popups?shopId=x", denied);
  EXPECT_EQ(popup.status, 403);
  EXPECT_EQ(popup.body["error"], "Forbidden");
  const LimitsAnswer gym = Get("/sessions", denied);
  EXPECT_EQ(gym.status, 403);
  EXPECT_EQ(gym.body["path"], "/sessions");
  EXPECT_EQ(Get("/health", denied).status, 403);
  EXPECT_EQ(Get("/popups?shopId=x", "X-Forwarded-For: 203.0.114.9\r\n").status, 200);
  settings.allow = {"198.51.100.0/24"};
  Apply(settings);
  EXPECT_EQ(Get("/popups?shopId=x", "X-Forwarded-For: 203.0.114.9\r\n").status, 403);
  EXPECT_EQ(Get("/popups?shopId=x", "X-Forwarded-For: 198.51.100.9\r\n").status, 200);
}

}  // namespace
}  // namespace tenantry::contract
