#include "tests/contract/gym_api.h"

#include <atomic>
#include <chrono>

#include <httplib.h>
#include <stdlib.h>

#include "engine/base/time_format.h"
#include "tests/support/openapi_check.h"

namespace tenantry::contract {

std::unique_ptr<TemporaryFolder> GymContractTest::folder_;
std::unique_ptr<load::ServerProcess> GymContractTest::server_;

Answer GymApi::CallRaw(const std::string& method, const std::string& path, const Who& who,
                       const std::string& body) const {
  httplib::Client client(url_);
  client.set_read_timeout(60);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  if (!body.empty()) request.set_header("Content-Type", "application/json");
  if (!who.token.empty()) request.set_header("Authorization", "Bearer " + who.token);
  if (!who.tenant.empty()) request.set_header("x-tenant-id", who.tenant);
  const httplib::Result result = client.send(request);
  Answer answer;
  EXPECT_TRUE(result) << method << " " << path << ": " << httplib::to_string(result.error());
  if (!result) return answer;
  answer.status = result->status;
  answer.text = result->body;
  answer.type = result->get_header_value("Content-Type");
  ExpectDocumented(url_, {method, path, body, answer.status, answer.text, answer.type});
  answer.body = json::parse(answer.text, nullptr, false);
  if (answer.body.is_discarded()) answer.body = nullptr;
  return answer;
}

Answer GymApi::Call(const std::string& method, const std::string& path, const Who& who,
                    const std::optional<json>& body) const {
  return CallRaw(method, path, who, body ? body->dump() : std::string());
}

std::string ServerBinary() {
  const char* chosen = getenv("TENANTRY_BINARY");
  return chosen != nullptr ? chosen : TENANTRY_BINARY;
}

std::string Fresh(const std::string& prefix) {
  static std::atomic<int> next{0};
  return prefix + std::to_string(++next);
}

std::string InSeconds(int64_t seconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return FormatInstant(now_ms + seconds * 1000);
}

std::set<std::string> KeysOf(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

void GymContractTest::SetUpTestSuite() {
  folder_ = std::make_unique<TemporaryFolder>();
  Result<load::ServerProcess> started = load::ServerProcess::Start(
      ServerBinary(), folder_->path(), {"--rate-limit-exempt", "127.0.0.0/8,::1/128"});
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
}

void GymContractTest::TearDownTestSuite() {
  if (server_) {
    EXPECT_EQ(server_->Stop(), 0) << load::ReadText(folder_->path() + "/server.err");
  }
  server_.reset();
  folder_.reset();
}

GymContractTest::Gym GymContractTest::MakeGym() const {
  Gym gym;
  gym.name = Fresh("Gym ");
  gym.email = Fresh("owner") + "@mail.example";
  const Answer made = api_.Post("/auth/signup", {},
                                {{"email", gym.email},
                                 {"password", "correct horse"},
                                 {"name", "Olga Owner"},
                                 {"tenantName", gym.name}});
  EXPECT_EQ(made.status, 201) << made.text;
  gym.auth = made.body;
  gym.id = made.body["tenant"]["id"];
  gym.owner = {made.body["token"], gym.id};
  return gym;
}

Who GymContractTest::Join(const Gym& gym, const std::string& email) const {
  const Answer made = api_.Post("/auth/signup/member", {},
                                {{"email", email},
                                 {"password", "battery staple"},
                                 {"name", "Mia Member"},
                                 {"tenantId", gym.id}});
  EXPECT_EQ(made.status, 201) << made.text;
  return {made.body["token"], gym.id};
}

std::string GymContractTest::MakeLocation(const Gym& gym, json body) const {
  if (!body.contains("name")) body["name"] = Fresh("Hall ");
  const Answer made = api_.Post("/locations", gym.owner, body);
  EXPECT_EQ(made.status, 201) << made.text;
  return made.body["id"];
}

std::string GymContractTest::MakeType(const Gym& gym, json body) const {
  if (!body.contains("name")) body["name"] = Fresh("Yoga ");
  if (!body.contains("durationMin")) body["durationMin"] = 60;
  if (!body.contains("category")) body["category"] = "class";
  const Answer made = api_.Post("/session-types", gym.owner, body);
  EXPECT_EQ(made.status, 201) << made.text;
  return made.body["id"];
}

json GymContractTest::SessionBody(const Gym& gym, int64_t in_seconds, const json& more) const {
  json body = {{"startTime", InSeconds(in_seconds)}};
  body.update(more);
  if (!body.contains("locationId")) body["locationId"] = MakeLocation(gym);
  if (!body.contains("sessionTypeId")) body["sessionTypeId"] = MakeType(gym);
  return body;
}

json GymContractTest::MakeSession(const Gym& gym, int64_t in_seconds, const json& more) const {
  const Answer made = api_.Post("/sessions", gym.owner, SessionBody(gym, in_seconds, more));
  EXPECT_EQ(made.status, 201) << made.text;
  return made.body;
}

void GymContractTest::ExpectError(const Answer& answer, int status, const std::string& fragment,
                                  const std::string& path) {
  EXPECT_EQ(answer.status, status) << answer.text;
  ASSERT_TRUE(answer.body.is_object()) << answer.text;
  // F62: the union of what the original and its documents send, and nothing more (F18).
  EXPECT_EQ(KeysOf(answer.body),
            (std::set<std::string>{"statusCode", "message", "error", "timestamp", "path"}));
  EXPECT_EQ(answer.body["statusCode"], status);
  EXPECT_EQ(answer.body["path"], path);
  EXPECT_TRUE(ParseInstant(answer.body["timestamp"].get<std::string>())) << answer.text;
  EXPECT_NE(answer.body["message"].dump().find(fragment), std::string::npos) << answer.text;
}

}  // namespace tenantry::contract
