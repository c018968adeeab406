// Who may call, and how members come and go: gym.md sections 2 and 5.1.

#include <algorithm>
#include <thread>

#include "tests/contract/gym_api.h"

namespace tenantry::contract {
namespace {

using GymAuthTest = GymContractTest;

const std::string kNowhere = "c" + std::string(24, 'z');

// Rows: GET /
TEST_F(GymAuthTest, GetRootFollowsTheTenantRule) {
  const Gym gym = MakeGym();
  ExpectError(api_.Get("/"), 400, "x-tenant-id header", "/");
  ExpectError(api_.Get("/", {"", gym.id}), 401, "Unauthorized", "/");
  const Answer hello = api_.Get("/", gym.owner);
  EXPECT_EQ(hello.status, 200);
  EXPECT_EQ(hello.text, "Hello World!");
  EXPECT_EQ(hello.type.substr(0, 9), "text/html");
}

// Flaws: F83
TEST_F(GymAuthTest, TheTenantHeaderIsCheckedBeforeTokenAndPath) {
  const Gym gym = MakeGym();
  const Gym other = MakeGym();
  ExpectError(api_.Get("/bookings/my"), 400, "x-tenant-id header", "/bookings/my");
  ExpectError(api_.Get("/bookings/my", {"", "short"}), 400, "Tenant not found", "/bookings/my");
  ExpectError(api_.Get("/bookings/my", {"", kNowhere}), 400, "Tenant not found", "/bookings/my");
  ExpectError(api_.Get("/bookings/my", {"", "3f2b8a52-0c1f-4c27-9e4e-111111111111"}), 400,
              "Tenant not found", "/bookings/my");
  // A token that is no use is no tenant either.
  ExpectError(api_.Get("/bookings/my", {"rubbish", ""}), 400, "x-tenant-id header", "/bookings/my");
  ExpectError(api_.Get("/bookings/my", {"rubbish", gym.id}), 401, "Unauthorized", "/bookings/my");
  ExpectError(api_.Get("/bookings/my", {gym.owner.token, other.id}), 401, "Unauthorized",
              "/bookings/my");
  // A valid token names the gym by itself.
  EXPECT_EQ(api_.Get("/bookings/my", {gym.owner.token, ""}).status, 200);
  EXPECT_EQ(api_.Get("/bookings/my", gym.owner).status, 200);
}

TEST_F(GymAuthTest, UnknownPathsOfTheFamilyCheckTheTenantFirst) {
  const Gym gym = MakeGym();
  ExpectError(api_.Get("/my/nonsense"), 400, "x-tenant-id header", "/my/nonsense");
  ExpectError(api_.Get("/my/nonsense?a=1", gym.owner), 404, "Cannot GET /my/nonsense",
              "/my/nonsense?a=1");
  ExpectError(api_.Get("/my/nonsense", {"", gym.id}), 404, "Cannot GET", "/my/nonsense");
  ExpectError(api_.Get("/locations/a/b"), 404, "Cannot GET", "/locations/a/b");
}

// Rows: GET /health
TEST_F(GymAuthTest, HealthIsOpenToAnyone) {
  const Answer health = api_.Get("/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body["status"], "ok");
  EXPECT_TRUE(health.body.contains("timestamp"));
  EXPECT_TRUE(health.body.contains("service"));
}

// Rows: POST /auth/signup
TEST_F(GymAuthTest, SignUpMakesAGymAndItsOwner) {
  const Gym gym = MakeGym();
  EXPECT_EQ(KeysOf(gym.auth), (std::set<std::string>{"member", "tenant", "token", "refreshToken"}));
  EXPECT_EQ(KeysOf(gym.auth["member"]),
            (std::set<std::string>{"id", "email", "name", "tenantId", "role"}));
  EXPECT_EQ(gym.auth["member"]["role"], "OWNER");
  EXPECT_EQ(gym.auth["member"]["email"], gym.email);
  EXPECT_EQ(gym.auth["member"]["tenantId"], gym.id);
  EXPECT_EQ(gym.auth["tenant"]["name"], gym.name);
  EXPECT_EQ(gym.auth["tenant"]["code"].get<std::string>().substr(0, 3), "GYM");
  EXPECT_TRUE(IsGymId(gym.id));
  EXPECT_EQ(gym.auth["refreshToken"].get<std::string>().size(), 64u);
}

// Rules are enforced, one message each.
// Flaws: F20
TEST_F(GymAuthTest, SignUpValidates) {
  const Answer bad =
      api_.Post("/auth/signup", {"", "not read"},
                {{"email", "bad"}, {"password", "x"}, {"name", ""}, {"role", "KING"}});
  ExpectError(bad, 400, "email must be an email", "/auth/signup");
  ASSERT_TRUE(bad.body["message"].is_array());
  const std::string all = bad.body["message"].dump();
  for (const char* text :
       {"password must be longer than or equal to 8 characters", "name should not be empty",
        "tenantName must be a string", "role must be one of the following values: OWNER, ADMIN"}) {
    EXPECT_NE(all.find(text), std::string::npos) << text << " not in " << all;
  }
  EXPECT_EQ(api_.CallRaw("POST", "/auth/signup", {}, "{").status, 400);
}

class SignUpStormTest : public GymContractTest {
 protected:
  // Fifty identical sign-ups, five at a time.
  void Storm() const {
    const json body = {{"email", Fresh("storm") + "@mail.example"},
                       {"password", "correct horse"},
                       {"name", "Storm"},
                       {"tenantName", Fresh("Storm ")}};
    std::vector<std::vector<Answer>> answers(5);
    std::vector<std::thread> threads;
    for (std::vector<Answer>& mine : answers) {
      threads.emplace_back([this, &mine, &body] {
        for (int i = 0; i < 10; ++i) mine.push_back(api_.Post("/auth/signup", {}, body));
      });
    }
    for (std::thread& thread : threads) thread.join();
    int made = 0;
    std::set<size_t> lengths;
    for (const std::vector<Answer>& mine : answers) {
      for (const Answer& answer : mine) {
        made += answer.status == 201 ? 1 : 0;
        if (answer.status == 201) continue;
        EXPECT_EQ(answer.status, 409) << answer.text;
        lengths.insert(answer.text.size());
      }
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(lengths.size(), 1u);
  }
};

// One gym and 49 conflicts of one length, twenty times.
// Flaws: F36
TEST_F(SignUpStormTest, IdenticalSignUpsMakeOneGym) {
  for (int round = 0; round < 20 && !HasFailure(); ++round) Storm();
}

// Strangers become members, whatever they ask for.
// Rows: POST /auth/signup/member
// Flaws: F2
TEST_F(GymAuthTest, SignUpMemberIsAlwaysAMember) {
  const Gym gym = MakeGym();
  json body = {{"email", "Same@mail.example"},
               {"password", "battery staple"},
               {"name", "M"},
               {"tenantId", gym.id},
               {"role", "OWNER"}};
  const Answer made = api_.Post("/auth/signup/member", {}, body);
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["member"]["role"], "MEMBER");
  EXPECT_EQ(made.body["tenant"]["id"], gym.id);
  const Who member{made.body["token"], gym.id};
  ExpectError(api_.Post("/locations", member, {{"name", "Mine"}}), 403, "Forbidden resource",
              "/locations");
  body["email"] = "sAME@mail.example";
  EXPECT_EQ(api_.Post("/auth/signup/member", {}, body).status, 409);
  body["tenantId"] = kNowhere;
  EXPECT_EQ(api_.Post("/auth/signup/member", {}, body).status, 400);
  const Gym other = MakeGym();
  body["tenantId"] = other.id;
  EXPECT_EQ(api_.Post("/auth/signup/member", {"", gym.id}, body).status, 400);
  // R4: the same e-mail is welcome in another gym.
  EXPECT_EQ(api_.Post("/auth/signup/member", {"", other.id}, body).status, 201);
}

// Rows: POST /auth/login
// Flaws: F47
TEST_F(GymAuthTest, LoginTellsNothingAboutEmails) {
  const Gym gym = MakeGym();
  const Answer wrong =
      api_.Post("/auth/login", {}, {{"email", gym.email}, {"password", "wrong wrong"}});
  const Answer unknown =
      api_.Post("/auth/login", {}, {{"email", "nobody@mail.example"}, {"password", "wrong"}});
  ExpectError(wrong, 401, "Unauthorized", "/auth/login");
  EXPECT_EQ(unknown.body["message"], wrong.body["message"]);
  EXPECT_EQ(unknown.status, wrong.status);
  EXPECT_EQ(api_.CallRaw("POST", "/auth/login", {}, "").status, 400);
  EXPECT_EQ(api_.Post("/auth/login", {}, {{"email", ""}, {"password", ""}}).status, 400);
}

TEST_F(GymAuthTest, LoginIsTwoHundredIgnoresCaseAndBadHeaders) {
  const Gym gym = MakeGym();
  std::string shouted = gym.email;
  std::transform(shouted.begin(), shouted.end(), shouted.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const json body = {{"email", shouted}, {"password", "correct horse"}};
  for (const std::string& header : {std::string("nonsense"), kNowhere, gym.id}) {
    const Answer in = api_.Post("/auth/login", {"", header}, body);
    EXPECT_EQ(in.status, 200) << in.text;
    EXPECT_EQ(in.body["member"]["id"], gym.auth["member"]["id"]);
    EXPECT_NE(in.body["refreshToken"], gym.auth["refreshToken"]);
    EXPECT_EQ(in.text.find("passwordHash"), std::string::npos);  // F3
  }
}

// One e-mail in several gyms.
// Flaws: F47
TEST_F(GymAuthTest, LoginPicksTheChosenElseTheMostRecentGym) {
  const Gym first = MakeGym();
  const Gym second = MakeGym();
  const std::string email = Fresh("both") + "@mail.example";
  Join(first, email);
  Join(second, email);
  json body = {{"email", email}, {"password", "battery staple"}};
  EXPECT_EQ(api_.Post("/auth/login", {}, body).body["tenant"]["id"], second.id);
  body["tenantId"] = first.id;
  EXPECT_EQ(api_.Post("/auth/login", {}, body).body["tenant"]["id"], first.id);
  body.erase("tenantId");
  EXPECT_EQ(api_.Post("/auth/login", {}, body).body["tenant"]["id"], first.id);
  EXPECT_EQ(api_.Post("/auth/login", {"", second.id}, body).body["tenant"]["id"], second.id);
  body["tenantId"] = MakeGym().id;
  EXPECT_EQ(api_.Post("/auth/login", {}, body).status, 401);
}

// Rows: POST /auth/refresh
// Flaws: F1, F46
TEST_F(GymAuthTest, RefreshRotatesAndNeedsExactlyThatToken) {
  const Gym gym = MakeGym();
  EXPECT_EQ(api_.Post("/auth/refresh", {}, json::object()).status, 400);
  EXPECT_EQ(api_.Post("/auth/refresh", {}, {{"refreshToken", nullptr}}).status, 400);
  EXPECT_EQ(api_.Post("/auth/refresh", {}, {{"refreshToken", ""}}).status, 400);
  EXPECT_EQ(api_.Post("/auth/refresh", {}, {{"refreshToken", std::string(64, 'f')}}).status, 401);
  const json old = {{"refreshToken", gym.auth["refreshToken"]}};
  EXPECT_EQ(api_.Post("/auth/refresh", {"", "bad"}, old).status, 400);
  EXPECT_EQ(api_.Post("/auth/refresh", {"", MakeGym().id}, old).status, 401);
  const Answer fresh = api_.Post("/auth/refresh", {"", gym.id}, old);
  ASSERT_EQ(fresh.status, 200) << fresh.text;
  EXPECT_EQ(fresh.body["member"], gym.auth["member"]);
  EXPECT_EQ(fresh.body["tenant"], gym.auth["tenant"]);
  EXPECT_NE(fresh.body["refreshToken"], gym.auth["refreshToken"]);
  EXPECT_EQ(api_.Get("/", {fresh.body["token"], ""}).status, 200);
  // Within the grace of a rotation the old token is refused and nothing else happens.
  EXPECT_EQ(api_.Post("/auth/refresh", {}, old).status, 401);
  const Answer again =
      api_.Post("/auth/refresh", {}, {{"refreshToken", fresh.body["refreshToken"]}});
  EXPECT_EQ(again.status, 200) << again.text;
}

// Sign-out ends a device at once, and only that one.
// Rows: POST /auth/logout
// Flaws: F49
TEST_F(GymAuthTest, LogoutEndsOneDevice) {
  const Gym gym = MakeGym();
  const json login = {{"email", gym.email}, {"password", "correct horse"}};
  const json tablet = api_.Post("/auth/login", {}, login).body;
  const Who other{tablet["token"], gym.id};
  const Answer out = api_.Call("POST", "/auth/logout", gym.owner);
  EXPECT_EQ(out.status, 200) << out.text;
  EXPECT_EQ(out.text, "");
  EXPECT_EQ(out.type, "");
  EXPECT_EQ(api_.Get("/", gym.owner).status, 401);
  EXPECT_EQ(api_.Post("/auth/refresh", {}, {{"refreshToken", gym.auth["refreshToken"]}}).status,
            401);
  EXPECT_EQ(api_.Get("/", other).status, 200);
  // By refresh token: ends the device named.
  EXPECT_EQ(api_.Post("/auth/logout", other, {{"refreshToken", tablet["refreshToken"]}}).status,
            200);
  EXPECT_EQ(api_.Get("/", other).status, 401);
  EXPECT_EQ(api_.Call("POST", "/auth/logout").status, 400);
}

TEST_F(GymAuthTest, TamperedTokensAreWorthless) {
  const Gym gym = MakeGym();
  const std::string& token = gym.owner.token;
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  std::string changed = token;
  changed[first + 5] = changed[first + 5] == 'a' ? 'b' : 'a';
  // {"alg":"none","typ":"JWT"}
  const std::string none =
      "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0" + token.substr(first, last - first) + ".";
  for (const std::string& bad :
       {changed, none, token + "A", token.substr(0, last + 1), token.substr(0, token.size() - 1)}) {
    EXPECT_EQ(api_.Get("/", {bad, gym.id}).status, 401) << bad;
  }
  EXPECT_EQ(api_.Get("/", gym.owner).status, 200);
}

}  // namespace
}  // namespace tenantry::contract
