// One's own account: gym.md section 5.1, account routes, and the lock-out.

#include <chrono>

#include <httplib.h>

#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

using GymAccountTest = GymContractTest;

// Rows: PUT /auth/password
// Flaws: F49, F90
TEST_F(GymAccountTest, ANewPasswordEndsAllOtherSessions) {
  const Gym gym = MakeGym();
  const json old = {{"email", gym.email}, {"password", "correct horse"}};
  const json tablet = api_.Post("/auth/login", {}, old).body;
  const Who other{tablet["token"], gym.id};
  const auto change = [&](const json& body) {
    return api_.Call("PUT", "/auth/password", gym.owner, body);
  };
  EXPECT_EQ(change({{"newPassword", "longer than eight"}}).status, 400);
  EXPECT_EQ(change({{"currentPassword", "correct horse"}, {"newPassword", "short"}}).status, 400);
  EXPECT_EQ(
      change({{"currentPassword", "wrong horse"}, {"newPassword", "longer than eight"}}).status,
      401);
  EXPECT_EQ(api_.Get("/", other).status, 200);
  const Answer changed =
      change({{"currentPassword", "correct horse"}, {"newPassword", "longer than eight"}});
  EXPECT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.text, "");
  EXPECT_EQ(api_.Get("/", gym.owner).status, 200);
  EXPECT_EQ(api_.Get("/", other).status, 401);
  EXPECT_EQ(api_.Post("/auth/refresh", {}, {{"refreshToken", tablet["refreshToken"]}}).status, 401);
  EXPECT_EQ(api_.Post("/auth/refresh", {}, {{"refreshToken", gym.auth["refreshToken"]}}).status,
            200);
  EXPECT_EQ(api_.Post("/auth/login", {}, old).status, 401);
  EXPECT_EQ(api_.Post("/auth/login", {}, {{"email", gym.email}, {"password", "longer than eight"}})
                .status,
            200);
}

// Rows: GET /my/account/export
// Flaws: F90, F3
TEST_F(GymAccountTest, TheExportHoldsWhatIsStoredAndNoSecret) {
  const Gym gym = MakeGym();
  const Who mia = Join(gym);
  const json session = MakeSession(gym, 86400);
  api_.Post("/bookings", mia, {{"sessionInstanceId", session["id"]}, {"notes", "by the window"}});
  api_.Call("POST", "/my/favorites/" + session["sessionTypeId"].get<std::string>(), mia);
  const Answer out = api_.Get("/my/account/export", mia);
  ASSERT_EQ(out.status, 200) << out.text;
  EXPECT_EQ(out.body["member"]["id"], api_.Get("/my/profile", mia).body["id"]);
  EXPECT_EQ(out.body["bookings"][0]["notes"], "by the window");
  EXPECT_EQ(out.body["events"][0]["type"], "booking_created");
  EXPECT_EQ(out.body["favorites"].size(), 1u);
  EXPECT_EQ(out.body["devices"].size(), 1u);
  for (const char* secret : {"argon2", "Hash", "hash", "ownerRights", "tokenEpoch"}) {
    EXPECT_EQ(out.text.find(secret), std::string::npos) << secret;
  }
  EXPECT_EQ(api_.Get("/my/account/export").status, 400);
}

// Rows: DELETE /my/account
// Flaws: F90
TEST_F(GymAccountTest, LeavingFreesSeatsAndForgetsTheName) {
  const Gym gym = MakeGym();
  const std::string email = Fresh("leaver") + "@mail.example";
  const Who mia = Join(gym, email);
  const std::string id = api_.Get("/my/profile", mia).body["id"];
  // One far away, and one within the notice of cancellations.
  const json far = MakeSession(gym, 86400, {{"capacity", 1}});
  const json near = MakeSession(gym, 600, {{"capacity", 1}});
  for (const json& session : {far, near}) {
    EXPECT_EQ(api_.Post("/bookings", mia, {{"sessionInstanceId", session["id"]}}).status, 201);
  }
  const auto leave = [&](const Who& who, const json& body) {
    return api_.Call("DELETE", "/my/account", who, body);
  };
  EXPECT_EQ(leave(mia, json::object()).status, 400);
  EXPECT_EQ(leave(mia, {{"password", "wrong staple"}}).status, 401);
  const Answer left = leave(mia, {{"password", "battery staple"}});
  EXPECT_EQ(left.status, 200) << left.text;
  EXPECT_EQ(left.text, "");
  EXPECT_EQ(api_.Get("/", mia).status, 401);
  EXPECT_EQ(api_.Post("/auth/login", {}, {{"email", email}, {"password", "battery staple"}}).status,
            401);
  EXPECT_EQ(api_.Get("/members/" + id, gym.owner).status, 404);
  EXPECT_EQ(api_.Get("/members", gym.owner).body.size(), 1u);
  for (const json& session : {far, near}) {
    const Answer now = api_.Get("/sessions/" + session["id"].get<std::string>(), gym.owner);
    ASSERT_EQ(now.status, 200) << now.text;
    EXPECT_EQ(now.body["currentBookings"], 0);
    EXPECT_EQ(now.body["bookings"][0]["status"], "cancelled");
    EXPECT_EQ(now.body["bookings"][0]["member"]["email"], "");
    EXPECT_EQ(now.text.find(email), std::string::npos);
    EXPECT_EQ(now.text.find("Mia"), std::string::npos);
  }
  // The e-mail is free again; the last owner stays.
  Join(gym, email);
  EXPECT_EQ(leave(gym.owner, {{"password", "correct horse"}}).status, 409);
}

// Neither passwords nor tokens reach the log.
// Flaws: F19, F18
TEST_F(GymAccountTest, TheLogHoldsNoSecrets) {
  const Gym gym = MakeGym();
  api_.Post("/auth/login", {}, {{"email", gym.email}, {"password", "wrong and secret"}});
  api_.CallRaw("POST", "/auth/login", {}, R"({"email":"broken","password":"cut and secret)");
  EXPECT_EQ(api_.Get("/my/profile", gym.owner).status, 200);
  const std::string log = load::ReadText(folder_->path() + "/server.err") +
                          load::ReadText(folder_->path() + "/server.out");
  EXPECT_FALSE(log.empty());
  for (const std::string& secret : {std::string("correct horse"), std::string("and secret"),
                                    gym.owner.token, gym.auth["refreshToken"].get<std::string>()}) {
    EXPECT_EQ(log.find(secret), std::string::npos);
  }
}

// The right password does not help either, from this address; other accounts are not concerned.
// Rows: POST /auth/login
// Flaws: F48
TEST_F(GymAccountTest, GuessingPasswordsIsSlow) {
  const Gym gym = MakeGym();
  json body = {{"email", gym.email}, {"password", "guess number n"}};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(api_.Post("/auth/login", {}, body).status, 401);
  EXPECT_EQ(api_.Post("/auth/login", {}, body).status, 429);
  body["password"] = "correct horse";
  const Answer locked = api_.Post("/auth/login", {}, body);
  EXPECT_EQ(locked.status, 429) << locked.text;
  const Gym other = MakeGym();
  EXPECT_EQ(
      api_.Post("/auth/login", {}, {{"email", other.email}, {"password", "correct horse"}}).status,
      200);
}

// From ever new addresses nobody is locked out, but answers about the account leave later and later.
// Behind a proxy that is trusted, the address is the one it reports.
// Rows: POST /auth/login
// Flaws: F48
TEST(GymLoginHoldTest, GuessingFromManyAddressesIsSlowAndLocksNobodyOut) {
  using Clock = std::chrono::steady_clock;
  const TemporaryFolder folder;
  Result<load::ServerProcess> started = load::ServerProcess::Start(
      ServerBinary(), folder.path(),
      {"--rate-limit-exempt", "0.0.0.0/0", "--trusted-proxies", "127.0.0.0/8"});
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  httplib::Client client(started->url());
  client.set_read_timeout(30);
  const json account = {{"email", "mia@mail.example"},
                        {"password", "correct horse"},
                        {"name", "Mia"},
                        {"tenantName", "Iron"}};
  const auto made = client.Post("/auth/signup", account.dump(), "application/json");
  ASSERT_TRUE(made && made->status == 201);
  const auto try_from = [&](int address, const std::string& password) {
    const httplib::Headers from = {{"X-Forwarded-For", "203.0.113." + std::to_string(address)}};
    const json body = {{"email", "Mia@mail.example"}, {"password", password}};
    const auto answer = client.Post("/auth/login", from, body.dump(), "application/json");
    return answer ? answer->status : 0;
  };
  for (int i = 0; i < 11; ++i) EXPECT_EQ(try_from(i, "a guess too many"), 401) << i;
  const auto start = Clock::now();
  EXPECT_EQ(try_from(100, "correct horse"), 200);
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(400)) << "two failures beyond ten";
  EXPECT_EQ(started->Stop(), 0);
}

}  // namespace
}  // namespace tenantry::contract
