// Goal: every gym route answers every kind of caller as the route table says, and nobody ever sees a
// word of another gym.
// Method: the whole server in this process, so that the table can be walked. Two gyms; the second
// has a canary in every field. Each route is called with its ids as each role of the first gym, as a
// member of the second, without a token, and with an expired and a forged one.

#include <algorithm>

#include "engine/gym/devices.h"
#include "server/gym/token.h"
#include "tests/contract/gym_api.h"
#include "tests/engine/gym/gym_fixture.h"
#include "tests/support/in_process_server.h"
#include "tests/support/raw_connection.h"

namespace tenantry::contract {
namespace {

using http::Permission;

constexpr const char* kCanary = "KANARIENVOGEL";

struct Party {
  std::string id, name;
  std::map<std::string, Who> roles;  // By role.
  Who founder;
};

class GymMatrixTest : public EngineFixture {
 protected:
  void SetUp() override {
    engine().SetReleaseListener([this] { relay_.Notify(); });
    server_ = std::make_unique<InProcessServer>(engine(), relay_, server::ServerOptions());
    api_ = std::make_unique<GymApi>("http://127.0.0.1:" + std::to_string(server_->port()));
  }
  void TearDown() override {
    server_.reset();
    engine_.reset();
  }

  json Must(const Answer& answer, int status) const {
    EXPECT_EQ(answer.status, status) << answer.text;
    return answer.body;
  }
  Party MakeParty(const std::string& word) {
    Party party;
    const json made = Must(api_->Post("/auth/signup", {},
                                      {{"email", word + "@mail.example"},
                                       {"password", "correct horse"},
                                       {"name", word},
                                       {"tenantName", word + " Hall"}}),
                           201);
    party.id = made["tenant"]["id"];
    party.founder = {made["token"], party.id};
    for (const char* role : {"OWNER", "ADMIN", "TRAINER", "STAFF", "MEMBER"}) {
      const std::string email = word + "." + role + "@mail.example";
      const json member = Must(
          api_->Post(
              "/members", party.founder,
              {{"email", email}, {"name", word}, {"password", "correct horse"}, {"role", role}}),
          201);
      const json in = Must(
          api_->Post("/auth/login", {}, {{"email", email}, {"password", "correct horse"}}), 200);
      party.roles[role] = {in["token"], party.id};
    }
    return party;
  }

  // The ids that a route's parameters may name, of everything this fills.
  std::vector<std::string> Fill(const Party& party, const std::string& word) {
    const Who& owner = party.founder;
    const Who& member = party.roles.at("MEMBER");
    const json place = Must(api_->Post("/locations", owner,
                                       {{"name", word},
                                        {"address", word},
                                        {"city", word},
                                        {"description", word},
                                        {"amenities", {word}},
                                        {"accessInstructions", word},
                                        {"country", word}}),
                            201);
    const json type =
        Must(api_->Post(
                 "/session-types", owner,
                 {{"name", word}, {"description", word}, {"durationMin", 60}, {"category", word}}),
             201);
    const json session =
        Must(api_->Post("/sessions", owner,
                        {{"sessionTypeId", type["id"]},
                         {"locationId", place["id"]},
                         {"instructor", word},
                         {"notes", word},
                         {"startTime", FormatInstant(clock_.NowUnixMs() + 86'400'000)}}),
             201);
    const json booking = Must(
        api_->Post("/bookings", member, {{"sessionInstanceId", session["id"]}, {"notes", word}}),
        201);
    const std::string type_id = type["id"];
    Must(api_->Call("POST", "/my/favorites/" + type_id, member), 201);
    Must(api_->Call("PUT", "/my/profile", member, json{{"name", word}, {"phoneNumber", word}}),
         200);
    Must(api_->Post("/members/my/profile/complete/client", member, {{"experienceLevel", word}}),
         201);
    const json plan = Must(api_->Post("/memberships/plans", owner,
                                      {{"name", word}, {"price", 1}, {"description", word}}),
                           201);
    Must(api_->Post("/memberships/subscribe", member, {{"planId", plan["id"]}}), 201);
    const json invitation = Must(
        api_->Post(
            "/invitations", owner,
            {{"inviteeEmail", word + ".guest@mail.example"}, {"role", "STAFF"}, {"message", word}}),
        201);
    return {place["id"],
            type["id"],
            session["id"],
            booking["id"],
            plan["id"],
            invitation["id"],
            Must(api_->Get("/my/profile", member), 200)["id"]};
  }

  // The route's path with its first parameter replaced; "" when it has none and `id` is set.
  static std::string PathOf(const http::Route& route, const std::string& id) {
    std::string path(route.path);
    const size_t colon = path.find(':');
    if (colon == std::string::npos) return path;
    const size_t end = std::min(path.find('/', colon), path.size());
    return path.replace(colon, end - colon, id);
  }

  std::vector<const http::Route*> GymRoutes() const {
    std::vector<const http::Route*> routes;
    for (const http::Route& route : server_->application().routes()) {
      if (route.module == http::Module::kGym) routes.push_back(&route);
    }
    // It ends the caller's token, so it comes last.
    std::stable_partition(routes.begin(), routes.end(),
                          [](const http::Route* route) { return route->path != "/auth/logout"; });
    return routes;
  }

  // The founder's token with another end, or signed by somebody else.
  std::string TokenSigned(const tenant::TokenSecret& secret, int64_t exp_s, const Party& party) {
    const json me = Must(api_->Get("/my/account/export", party.founder), 200);
    server::gym::TokenClaims claims;
    claims->setSub(me["member"]["id"].get<std::string>());
    claims->setEmail(me["member"]["email"].get<std::string>());
    claims->setTenantId(party.id);
    claims->setRole("OWNER");
    claims->setFam(me["devices"][0]["id"].get<std::string>());
    claims->setEpoch(0);
    claims->setIat(exp_s - 60);
    claims->setExp(exp_s);
    return server::gym::SignToken(secret, claims);
  }

  server::ReleaseRelay relay_;
  std::unique_ptr<InProcessServer> server_;
  std::unique_ptr<GymApi> api_;
};

bool Allowed(Permission permission, const std::string& role) {
  if (permission == Permission::kManager) return role == "OWNER" || role == "ADMIN";
  if (permission == Permission::kCrew) return role != "MEMBER";
  return true;
}

std::string Method(const http::Route& route) {
  return std::string(http::MethodName(route.method));
}

// Flaws: F6, F8, F17, F83, F18, F44
TEST_F(GymMatrixTest, EveryRouteAnswersEveryCallerAsTheTableSays) {
  const Party own = MakeParty("Iron");
  const Party other = MakeParty(kCanary);
  const std::vector<std::string> foreign_ids = Fill(other, kCanary);
  const int64_t now_s = clock_.NowUnixMs() / 1000;
  const tenant::TokenSecret forger{server_->secret().kid, std::string(32, 'f')};
  const std::string good = TokenSigned(server_->secret(), now_s + 60, own);
  const std::string expired = TokenSigned(server_->secret(), now_s - 1, own);
  const std::string forged = TokenSigned(forger, now_s + 60, own);
  ASSERT_EQ(api_->Get("/", {good, own.id}).status, 200);
  const std::vector<const http::Route*> routes = GymRoutes();
  ASSERT_GT(routes.size(), 60u);

  for (const http::Route* route : routes) {
    const bool parameter = route->path.find(':') != std::string_view::npos;
    const std::string method = Method(*route);
    for (const std::string& id : parameter ? foreign_ids : std::vector<std::string>{""}) {
      const std::string path = PathOf(*route, id);
      const auto ask = [&](const std::string& who, const Who& caller) {
        SCOPED_TRACE(method + " " + path + " as " + who);
        const Answer answer = api_->Call(method, path, caller);
        EXPECT_LT(answer.status, 500) << answer.text;
        EXPECT_EQ(answer.text.find(kCanary), std::string::npos) << answer.text;
        return answer.status;
      };
      const bool secured =
          route->permission != Permission::kOpen && route->permission != Permission::kPublic;
      for (const auto& [role, caller] : own.roles) {
        const int status = ask(role, caller);
        SCOPED_TRACE(method + " " + path + " as " + role);
        if (!Allowed(route->permission, role)) {
          EXPECT_EQ(status, 403);
        } else {
          EXPECT_NE(status, 403);
          if (secured) {
            EXPECT_NE(status, 401);
          }
        }
        // What is another gym's does not exist.
        if (parameter && Allowed(route->permission, role) && secured) {
          EXPECT_TRUE(status == 404 || status == 400 || status == 200) << status;
          if (route->method != http::Method::kGet) {
            EXPECT_NE(status, 200);
          }
        }
      }
      const std::vector<std::pair<std::string, Who>> strangers = {
          {"a member of another gym", {other.roles.at("OWNER").token, own.id}},
          {"nobody", {"", own.id}},
          {"an expired token", {expired, own.id}},
          {"a forged token", {forged, own.id}}};
      for (const auto& [who, caller] : strangers) {
        const int status = ask(who, caller);
        SCOPED_TRACE(method + " " + path + " as " + who);
        if (secured) {
          EXPECT_EQ(status, 401);
        } else if (route->permission == Permission::kPublic) {
          EXPECT_NE(status, 401);
          EXPECT_NE(status, 403);
        }
      }
      if (secured) {
        EXPECT_EQ(api_->Call(method, path).status, 400) << method << " " << path;
      }
    }
  }
  // Nothing of this changed the other gym.
  EXPECT_EQ(api_->Get("/bookings/my", other.roles.at("MEMBER")).body[0]["status"], "confirmed");
  EXPECT_EQ(api_->Get("/invitations/summary", other.founder).body["pending"], 1);
}

// Two refreshes of one token at once: never two winners, and never a harmless one punished.
// Flaws: F46
TEST_F(GymMatrixTest, TwoRefreshesOfOneTokenHaveOneWinner) {
  const Party own = MakeParty("Iron");
  const json in = Must(api_->Post("/auth/login", {},
                                  {{"email", "Iron@mail.example"}, {"password", "correct horse"}}),
                       200);
  std::string token = in["refreshToken"];
  const char* rounds_text = getenv("TNT_RACE_ROUNDS");
  const int rounds = rounds_text != nullptr ? std::stoi(rounds_text) : 1000;
  for (int round = 0; round < rounds; ++round) {
    const std::string body = json{{"refreshToken", token}}.dump();
    const std::string request =
        "POST /auth/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    RawConnection first(server_->port()), second(server_->port());
    ASSERT_TRUE(first.Write(request));
    ASSERT_TRUE(second.Write(request));
    int winners = 0;
    for (const RawConnection::Answer& answer : {first.ReadAnswer(), second.ReadAnswer()}) {
      if (answer.status == 200) {
        ++winners;
        token = json::parse(answer.body)["refreshToken"];
      } else {
        ASSERT_EQ(answer.status, 401) << answer.body;
      }
    }
    ASSERT_EQ(winners, 1) << "round " << round;
    // Each round shall stand alone: the grace of the one before is over.
    clock_.AdvanceMs(60'000);
  }
}

}  // namespace
}  // namespace tenantry::contract
