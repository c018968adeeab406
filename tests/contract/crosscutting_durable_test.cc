// Idempotency-Key as clients see it (issue 3; crosscutting.md section 5): every write, repeats at the same time, after a
// crash, with other content, and what is never stored.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "engine/popups/stats.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "engine/webhooks/endpoints.h"
#include "tests/crash/test_settings.h"
#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::contract {
namespace {

using nlohmann::json;

constexpr const char* kShop = "keyed-shop";

struct Reply {
  int status = 0;
  json body;
  std::string text;
  bool replayed = false;
  bool busy = false;  // 409 with Retry-After: the first is still under way.
};

std::optional<Reply> TrySend(httplib::Client& client, const std::string& method,
                             const std::string& path, const json& body,
                             const httplib::Headers& headers) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.headers = headers;
  if (!body.is_null()) {
    request.body = body.dump();
    request.set_header("Content-Type", "application/json");
  }
  const httplib::Result result = client.send(request);
  if (!result) return std::nullopt;
  Reply reply{result->status, json::parse(result->body, nullptr, false), result->body, false,
              false};
  if (reply.body.is_discarded()) reply.body = nullptr;
  reply.replayed = result->get_header_value("Idempotent-Replayed") == "true";
  reply.busy = result->status == 409 && result->has_header("Retry-After");
  return reply;
}

json PopupBody(const std::string& name) {
  return {{"shopId", kShop},
          {"name", name},
          {"triggerType", "exit_intent"},
          {"design",
           {{"backgroundColor", "#fff"},
            {"textColor", "#000"},
            {"heading", "Hi"},
            {"subheading", ""},
            {"buttonText", "Go"},
            {"buttonColor", "#00f"},
            {"imageUrl", ""},
            {"layout", "centered"},
            {"width", 400},
            {"borderRadius", 8},
            {"padding", 20}}}};
}

class DurableContractTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Start();
    const Reply made = Post("/auth/signup", SignupBody("Keyed Gym", "owner@keyed.example"));
    ASSERT_EQ(made.status, 201) << made.text;
    gym_id_ = made.body["tenant"]["id"];
    owner_ = {{"Authorization", "Bearer " + made.body["token"].get<std::string>()}};
  }
  void Start() {
    Result<load::ServerProcess> started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(),
                                   {"--shop-auth", "open", "--rate-limit-exempt",
                                    "127.0.0.0/8,::1/128", "--webhook-allow", "127.0.0.0/8"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
  }
  static json SignupBody(const std::string& gym, const std::string& email) {
    return {{"email", email}, {"password", "Password123"}, {"name", "Olga"}, {"tenantName", gym}};
  }
  Reply Send(const std::string& method, const std::string& path, const json& body,
             const httplib::Headers& headers) const {
    httplib::Client client(server_->url());
    client.set_read_timeout(30);
    const std::optional<Reply> reply = TrySend(client, method, path, body, headers);
    EXPECT_TRUE(reply) << method << " " << path;
    return reply.value_or(Reply());
  }
  Reply Post(const std::string& path, const json& body, httplib::Headers headers = {}) const {
    return Send("POST", path, body, headers);
  }
  Reply Keyed(const std::string& path, const json& body, const std::string& key,
              httplib::Headers headers = {}) const {
    headers.emplace("Idempotency-Key", key);
    return Post(path, body, headers);
  }
  httplib::Headers OwnerWith(const std::string& key) const {
    httplib::Headers headers = owner_;
    headers.emplace("Idempotency-Key", key);
    return headers;
  }
  size_t Locations() const { return Send("GET", "/locations", nullptr, owner_).body.size(); }

  TemporaryFolder folder_;
  std::unique_ptr<load::ServerProcess> server_;
  std::string gym_id_;
  httplib::Headers owner_;
};

// Flaws: F85
TEST_F(DurableContractTest, IdempotencyKeyReplaysTheFirstAnswer) {
  const json body = {{"name", "Hall A"}};
  const Reply first = Keyed("/locations", body, "tour-1", owner_);
  ASSERT_EQ(first.status, 201) << first.text;
  EXPECT_FALSE(first.replayed);
  const Reply again = Keyed("/locations", body, "tour-1", owner_);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.text, first.text);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(Locations(), 1u);

  const Reply other = Keyed("/locations", {{"name", "Hall B"}}, "tour-1", owner_);
  EXPECT_EQ(other.status, 422) << other.text;
  EXPECT_EQ(other.body["statusCode"], 422);
  EXPECT_EQ(Locations(), 1u);
  EXPECT_EQ(Keyed("/locations", {{"name", "Hall B"}}, "tour-2", owner_).status, 201);
  EXPECT_EQ(Locations(), 2u);
}

TEST_F(DurableContractTest, IdempotencyKeySurvivesKillAndRestart) {
  const Reply first = Keyed("/locations", {{"name", "Hall A"}}, "k", owner_);
  ASSERT_EQ(first.status, 201);
  server_->Kill();
  ASSERT_NO_FATAL_FAILURE(Start());
  const Reply again = Keyed("/locations", {{"name", "Hall A"}}, "k", owner_);
  EXPECT_EQ(again.text, first.text);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(Locations(), 1u);
}

TEST_F(DurableContractTest, IdempotencyKeyMustBe1To255VisibleAsciiCharacters) {
  for (const std::string& key :
       {std::string(256, 'k'), std::string("two words"), std::string("\xC3\xA9")}) {
    const Reply reply = Keyed("/locations", {{"name", "Hall"}}, key, owner_);
    EXPECT_EQ(reply.status, 400) << key;
    EXPECT_NE(reply.text.find("Idempotency-Key must be"), std::string::npos) << reply.text;
  }
  EXPECT_EQ(Keyed("/locations", {{"name", "Hall"}}, std::string(255, '~'), owner_).status, 201);
}

TEST_F(DurableContractTest, IdempotencyKeyIsFreeAgainAfterAnInputError) {
  EXPECT_EQ(Keyed("/locations", json::object(), "k", owner_).status, 400);
  const Reply corrected = Keyed("/locations", {{"name", "Hall"}}, "k", owner_);
  EXPECT_EQ(corrected.status, 201) << corrected.text;
  EXPECT_FALSE(corrected.replayed);
}

TEST_F(DurableContractTest, IdempotencyKeyOfOneCallerSaysNothingToAnother) {
  const Reply member = Post("/auth/signup/member", {{"email", "m@keyed.example"},
                                                    {"password", "Password123"},
                                                    {"name", "Mia"},
                                                    {"tenantId", gym_id_}});
  ASSERT_EQ(member.status, 201) << member.text;
  ASSERT_EQ(Keyed("/locations", {{"name", "Hall"}}, "k", owner_).status, 201);
  // The member may not make places: neither anew nor by repeating the owner's request.
  const Reply tried =
      Keyed("/locations", {{"name", "Hall"}}, "k",
            {{"Authorization", "Bearer " + member.body["token"].get<std::string>()}});
  EXPECT_EQ(tried.status, 403) << tried.text;
  EXPECT_EQ(Keyed("/locations", {{"name", "Hall"}}, "k", {}).status, 400);
}

TEST_F(DurableContractTest, IdempotencyKeyStoresRefusalsByRule) {
  const json code = {{"shopId", kShop}, {"code", "SAVE"}, {"type", "fixed"}, {"value", 5}};
  ASSERT_EQ(Post("/discount-codes", code).status, 201);
  const Reply refused = Keyed("/discount-codes", code, "k");
  EXPECT_EQ(refused.status, 409) << refused.text;
  const Reply again = Keyed("/discount-codes", code, "k");
  EXPECT_EQ(again.text, refused.text);
  EXPECT_TRUE(again.replayed);
}

TEST_F(DurableContractTest, IdempotencyKeyCoversDeletesAndPatches) {
  const Reply popup = Keyed("/popups", PopupBody("a"), "create");
  ASSERT_EQ(popup.status, 201) << popup.text;
  EXPECT_EQ(Keyed("/popups", PopupBody("a"), "create").text, popup.text);
  const std::string path = "/popups/" + popup.body["id"].get<std::string>() + "?shopId=" + kShop;
  const httplib::Headers patch_key = {{"Idempotency-Key", "patch"}};
  const Reply patched = Send("PATCH", path, {{"name", "b"}}, patch_key);
  ASSERT_EQ(patched.status, 200) << patched.text;
  ASSERT_EQ(Send("PATCH", path, {{"name", "c"}}, {}).status, 200);
  const Reply patched_again = Send("PATCH", path, {{"name", "b"}}, patch_key);
  EXPECT_EQ(patched_again.text, patched.text);
  EXPECT_EQ(Send("GET", path, nullptr, {}).body["name"], "c");

  const httplib::Headers delete_key = {{"Idempotency-Key", "delete"}};
  EXPECT_EQ(Send("DELETE", path, nullptr, delete_key).status, 204);
  const Reply deleted_again = Send("DELETE", path, nullptr, delete_key);
  EXPECT_EQ(deleted_again.status, 204);
  EXPECT_TRUE(deleted_again.replayed);
  EXPECT_EQ(Send("DELETE", path, nullptr, {}).status, 404);
}

TEST_F(DurableContractTest, IdempotencyKeyCountsAnEventOnce) {
  const std::string popup = Post("/popups", PopupBody("a")).body["id"];
  const json view = {{"popupId", popup}, {"visitorId", "v"}};
  const Reply first = Keyed("/analytics/views", view, "v1");
  ASSERT_EQ(first.status, 201) << first.text;
  const Reply again = Keyed("/analytics/views", view, "v1");
  EXPECT_EQ(again.text, first.text);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(Keyed("/analytics/views", {{"popupId", popup}, {"visitorId", "w"}}, "v1").status, 422);
  EXPECT_EQ(Keyed("/analytics/views", view, "v2").status, 201);
  const Reply one = Send("GET", "/popups/" + popup + "?shopId=" + kShop, nullptr, {});
  EXPECT_EQ(one.body["viewCount"], 2) << one.text;
}

TEST_F(DurableContractTest, IdempotencyKeyOnAuthMintsFreshTokensOfOneDevice) {
  const json body = SignupBody("Second Gym", "second@keyed.example");
  const Reply first = Keyed("/auth/signup", body, "s");
  ASSERT_EQ(first.status, 201) << first.text;
  const Reply again = Keyed("/auth/signup", body, "s");
  ASSERT_EQ(again.status, 201) << again.text;
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body["member"], first.body["member"]);
  EXPECT_EQ(again.body["tenant"], first.body["tenant"]);
  EXPECT_NE(again.body["refreshToken"], first.body["refreshToken"]);
  // The fresh token works.
  const Reply refreshed = Post("/auth/refresh", {{"refreshToken", again.body["refreshToken"]}});
  EXPECT_EQ(refreshed.status, 200) << refreshed.text;
  json other = body;
  other["password"] = "Password124";
  EXPECT_EQ(Keyed("/auth/signup", other, "s").status, 422);

  // A lost answer to a refresh does not sign the device out.
  const json shown = {{"refreshToken", refreshed.body["refreshToken"]}};
  const Reply lost = Keyed("/auth/refresh", shown, "r");
  ASSERT_EQ(lost.status, 200) << lost.text;
  const Reply found = Keyed("/auth/refresh", shown, "r");
  ASSERT_EQ(found.status, 200) << found.text;
  EXPECT_TRUE(found.replayed);
  EXPECT_EQ(Post("/auth/refresh", {{"refreshToken", found.body["refreshToken"]}}).status, 200);

  // After sign-out a replay opens nothing.
  const json login = {{"email", "second@keyed.example"}, {"password", "Password123"}};
  const Reply in = Keyed("/auth/login", login, "l");
  ASSERT_EQ(in.status, 200) << in.text;
  const httplib::Headers token = {
      {"Authorization", "Bearer " + in.body["token"].get<std::string>()}};
  EXPECT_EQ(Post("/auth/logout", json::object(), token).status, 200);
  EXPECT_EQ(Keyed("/auth/login", login, "l").status, 401);
}

TEST_F(DurableContractTest, IdempotencyKeyStoresNoTokenOrPassword) {
  const json body = SignupBody("Second Gym", "second@keyed.example");
  const Reply first = Keyed("/auth/signup", body, "s");
  ASSERT_EQ(first.status, 201);
  const Reply login =
      Keyed("/auth/login", {{"email", "second@keyed.example"}, {"password", "Password123"}}, "l");
  ASSERT_EQ(login.status, 200);
  server_->Kill();
  std::string log;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path() + "/data")) {
    if (entry.is_regular_file()) log += load::ReadText(entry.path());
  }
  EXPECT_NE(log.find("second@keyed.example"), std::string::npos);
  for (const Reply& reply : {first, login}) {
    EXPECT_EQ(log.find(reply.body["token"].get<std::string>()), std::string::npos);
    EXPECT_EQ(log.find(reply.body["refreshToken"].get<std::string>()), std::string::npos);
  }
  EXPECT_EQ(log.find("Password123"), std::string::npos);
}

// A target of webhooks, in this process.
class Receiver {
 public:
  Receiver() {
    server_.Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard<std::mutex> lock(mutex_);
      response.status = code_;
      got_.push_back({request.get_header_value("webhook-id"),
                      request.get_header_value("webhook-timestamp"),
                      request.get_header_value("webhook-signature"), request.body});
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Receiver() {
    server_.stop();
    thread_.join();
  }
  struct Message {
    std::string id, timestamp, signature, body;
  };
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  void Answer(int code) {
    const std::lock_guard<std::mutex> lock(mutex_);
    code_ = code;
  }
  std::vector<Message> got() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return got_;
  }

 private:
  httplib::Server server_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<Message> got_;
  int code_ = 204;
  int port_ = 0;
};

class WebhookContractTest : public DurableContractTest {
 protected:
  // Until it holds, as the job queue works by itself.
  static ::testing::AssertionResult Eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      if (holds()) return ::testing::AssertionSuccess();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return ::testing::AssertionFailure() << "not within 20 seconds";
  }
  json Deliveries(const std::string& id) const {
    return Send("GET", "/webhooks/" + id + "/deliveries", nullptr, owner_).body;
  }
  json Newest(const std::string& id) const {
    const json all = Deliveries(id);
    return all.empty() ? json() : all[0];
  }
  std::string Admin(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {TENANTRY_BINARY, "admin", "jobs"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.insert(command.end(), {"--data", folder_.path() + "/data"});
    const Result<std::string> output = load::RunTool(command, folder_.path(), 30);
    EXPECT_TRUE(output.ok()) << output.status().ToString();
    return output.ok() ? *output : "";
  }

  Receiver receiver_;
};

TEST_F(WebhookContractTest, R2_EventsArriveSignedAndAreLogged) {
  const Reply made =
      Post("/webhooks", {{"url", receiver_.url()}, {"events", {"location.*"}}}, owner_);
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string secret = made.body["secret"];
  EXPECT_TRUE(secret.starts_with("whsec_"));
  const std::string id = made.body["id"];
  const Reply place = Post("/locations", {{"name", "Hall A"}}, owner_);
  ASSERT_EQ(place.status, 201) << place.text;
  ASSERT_TRUE(Eventually([&] { return receiver_.got().size() == 1; }));
  const Receiver::Message message = receiver_.got()[0];
  const json event = json::parse(message.body);
  EXPECT_EQ(event["type"], "location.created");
  EXPECT_EQ(event["data"]["id"], place.body["id"]);
  EXPECT_EQ(message.signature, "v1," + webhooks::Sign(secret, message.id,
                                                      std::stoll(message.timestamp), message.body));
  ASSERT_TRUE(Eventually([&] { return Newest(id)["state"] == "succeeded"; })) << Deliveries(id);
  const json delivery = Newest(id);
  EXPECT_EQ(delivery["id"], message.id);
  EXPECT_EQ(delivery["lastCode"], 204);
  EXPECT_EQ(delivery["attempts"], 1);
  EXPECT_EQ(delivery["payload"], event);

  // The secret is shown once.
  EXPECT_EQ(Send("GET", "/webhooks/" + id, nullptr, owner_).text.find("whsec_"), std::string::npos);
  EXPECT_EQ(Send("GET", "/webhooks", nullptr, owner_).text.find("whsec_"), std::string::npos);

  const Reply replay =
      Post("/webhooks/" + id + "/deliveries/" + message.id + "/replay", nullptr, owner_);
  EXPECT_EQ(replay.status, 202) << replay.text;
  ASSERT_TRUE(Eventually([&] { return receiver_.got().size() == 2; }));
  EXPECT_EQ(receiver_.got()[1].id, message.id);
  EXPECT_EQ(receiver_.got()[1].body, message.body);
}

TEST_F(WebhookContractTest, R2_AFailedDeliverySurvivesAKillAndIsRunByHand) {
  const Reply made = Post("/webhooks", {{"url", receiver_.url()}}, owner_);
  ASSERT_EQ(made.status, 201) << made.text;
  const std::string id = made.body["id"];
  receiver_.Answer(503);
  ASSERT_EQ(Post("/locations", {{"name", "Hall A"}}, owner_).status, 201);
  ASSERT_TRUE(Eventually([&] { return Newest(id)["lastCode"] == 503; })) << Deliveries(id);
  EXPECT_EQ(Newest(id)["state"], "pending");
  server_->Kill();
  receiver_.Answer(200);
  const size_t before = receiver_.got().size();
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string list = Admin({"list"});
  EXPECT_NE(list.find("queued 1,"), std::string::npos) << list;
  const std::string row = list.substr(list.find('\n') + 1);
  EXPECT_NE(row.find("webhook.deliver"), std::string::npos) << list;
  EXPECT_EQ(Admin({"run", "--id", row.substr(0, row.find('\t'))}), "due now\n");
  ASSERT_TRUE(Eventually([&] { return receiver_.got().size() > before; }));
  ASSERT_TRUE(Eventually([&] { return Newest(id)["state"] == "succeeded"; })) << Deliveries(id);
  EXPECT_EQ(Admin({"list"}), "queued 0, due 0, dead 0\n");
}

TEST_F(WebhookContractTest, R2_ForbiddenAddressesAreRefusedWhenConnecting) {
  const Reply made = Post("/webhooks", {{"url", "http://10.0.0.1:9/hook"}}, owner_);
  ASSERT_EQ(made.status, 201) << made.text;
  ASSERT_EQ(Post("/locations", {{"name", "Hall A"}}, owner_).status, 201);
  const std::string id = made.body["id"];
  ASSERT_TRUE(Eventually([&] { return Newest(id)["state"] == "failed"; })) << Deliveries(id);
  EXPECT_NE(Newest(id)["lastError"].get<std::string>().find("address"), std::string::npos);
  EXPECT_NE(Admin({"list", "--state", "dead"}).find("dead 1"), std::string::npos);
}

TEST_F(WebhookContractTest, R2_ATargetThatIsGoneTurnsTheWebhookOff) {
  const std::string id = Post("/webhooks", {{"url", receiver_.url()}}, owner_).body["id"];
  receiver_.Answer(410);
  ASSERT_EQ(Post("/locations", {{"name", "Hall A"}}, owner_).status, 201);
  ASSERT_TRUE(Eventually([&] { return Newest(id)["state"] == "failed"; }));
  EXPECT_EQ(Send("GET", "/webhooks/" + id, nullptr, owner_).body["isActive"], false);
}

TEST_F(WebhookContractTest, R2_EndpointsAreManagedByManagersOnly) {
  const Reply member = Post("/auth/signup/member", {{"email", "m@keyed.example"},
                                                    {"password", "Password123"},
                                                    {"name", "Mia"},
                                                    {"tenantId", gym_id_}});
  const httplib::Headers mia = {
      {"Authorization", "Bearer " + member.body["token"].get<std::string>()}};
  EXPECT_EQ(Post("/webhooks", {{"url", receiver_.url()}}, mia).status, 403);
  EXPECT_EQ(Post("/webhooks", {{"url", receiver_.url()}}).status, 400);  // No tenant.
  EXPECT_EQ(Post("/webhooks", {{"url", "ftp://a.example/"}}, owner_).status, 400);
  EXPECT_EQ(Post("/webhooks", json::object(), owner_).status, 400);
  const Reply unknown =
      Post("/webhooks", {{"url", receiver_.url()}, {"events", {"nothing.happened"}}}, owner_);
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.text.find("nothing.happened"), std::string::npos);
  const std::string id = Post("/webhooks", {{"url", receiver_.url()}}, owner_).body["id"];
  EXPECT_EQ(Send("PATCH", "/webhooks/" + id, {{"isActive", false}}, owner_).body["isActive"],
            false);
  EXPECT_EQ(Send("DELETE", "/webhooks/" + id, nullptr, owner_).status, 204);
  EXPECT_EQ(Send("GET", "/webhooks/" + id, nullptr, owner_).status, 404);
  const json types = Send("GET", "/webhooks/events", nullptr, owner_).body["types"];
  EXPECT_NE(std::find(types.begin(), types.end(), "booking.cancelled"), types.end());
}

// Goal: a target that fails is left alone, and what waits for it loses no attempt.
TEST_F(WebhookContractTest, R1_ATargetThatFailsIsLeftAlone) {
  const std::string id = Post("/webhooks", {{"url", receiver_.url()}}, owner_).body["id"];
  receiver_.Answer(500);
  const auto open = [&] {
    return Send("GET", "/metrics", nullptr, {}).text.find("tenantry_breakers{state=\"open\"} 1") !=
           std::string::npos;
  };
  constexpr size_t kFailures = 4;
  for (size_t i = 1; i <= kFailures; ++i) {
    EXPECT_FALSE(open());
    ASSERT_EQ(Post("/locations", {{"name", "Hall " + std::to_string(i)}}, owner_).status, 201);
    ASSERT_TRUE(Eventually([&] { return receiver_.got().size() == i; }));
  }
  ASSERT_TRUE(Eventually(open));
  ASSERT_EQ(Post("/locations", {{"name", "Hall 5"}}, owner_).status, 201);
  ASSERT_TRUE(Eventually([&] { return Deliveries(id).size() == kFailures + 1; }));
  ASSERT_TRUE(Eventually([&] { return Admin({"list"}).find("held back") != std::string::npos; }));
  EXPECT_EQ(receiver_.got().size(), kFailures);
  EXPECT_EQ(Newest(id)["attempts"], 0);
}

TEST_F(WebhookContractTest, R3_EventsOfTheStorefrontGoThroughTheLog) {
  const std::string popup = Post("/popups", PopupBody("a")).body["id"];
  constexpr int kViews = 20;
  for (int i = 0; i < kViews; ++i) {
    const json view = {{"popupId", popup}, {"visitorId", "v" + std::to_string(i)}};
    ASSERT_EQ(Post("/analytics/views", view).status, 201);
  }
  server_->Kill();
  ASSERT_NO_FATAL_FAILURE(Start());
  const Reply one = Send("GET", "/popups/" + popup + "?shopId=" + kShop, nullptr, {});
  EXPECT_EQ(one.body["viewCount"], kViews) << one.text;
}

TEST_F(WebhookContractTest, R2_ShopsHaveWebhooksToo) {
  ASSERT_EQ(Post("/popups", PopupBody("first")).status, 201);  // Makes the shop.
  const std::string root = std::string("/shops/") + kShop + "/webhooks";
  const Reply made = Post(root, {{"url", receiver_.url()}, {"events", {"popup.created"}}});
  ASSERT_EQ(made.status, 201) << made.text;
  ASSERT_EQ(Post("/popups", PopupBody("second")).status, 201);
  ASSERT_TRUE(Eventually([&] { return receiver_.got().size() == 1; }));
  EXPECT_EQ(json::parse(receiver_.got()[0].body)["data"]["name"], "second");
  EXPECT_EQ(Send("GET", root, nullptr, {}).body.size(), 1u);
  EXPECT_EQ(Send("GET", "/shops/nobody/webhooks", nullptr, {}).status, 404);
}

// Goal: each of many writes takes effect once, although eight clients send it at the same time, again and again until they
// have an answer, and the server is killed all the while.
// Method: clients walk through the same writes in step; a killer stops and starts the server. All answers to a write must
// be one, and the store must hold each effect once.
class DurableKillTest : public DurableContractTest {
 protected:
  static constexpr int kClients = 8;

  struct Write {
    std::string path;
    json body;
    bool gym;
  };
  Write WriteOf(uint64_t i) const {
    const std::string name = "write-" + std::to_string(i);
    if (i % 100 == 99) {
      return {"/auth/signup/member",
              {{"email", name + "@keyed.example"},
               {"password", "Password123"},
               {"name", name},
               {"tenantId", gym_id_}},
              false};
    }
    switch (i % 4) {
      case 0:
        return {"/popups", PopupBody(name), false};
      case 1:
        return {"/analytics/views", {{"popupId", popup_id_}, {"visitorId", name}}, false};
      case 2:
        return {"/analytics/conversions", {{"popupId", popup_id_}, {"type", "click"}}, false};
      default:
        return {"/locations", {{"name", name}}, true};
    }
  }
  std::string Url() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return url_;
  }
  // Before another look: leaves the cores to the server that starts.
  static void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(2)); }
  // Until there is an answer of the request's own.
  Reply Persist(uint64_t i) {
    const Write write = WriteOf(i);
    httplib::Headers headers = write.gym ? owner_ : httplib::Headers();
    headers.emplace("Idempotency-Key", "write-" + std::to_string(i));
    for (;;) {
      httplib::Client client(Url());
      client.set_read_timeout(5);
      const std::optional<Reply> reply = TrySend(client, "POST", write.path, write.body, headers);
      if (reply && !reply->busy && reply->status < 500) {
        ++answered_;
        return *reply;
      }
      Pause();
    }
  }
  void Storm(uint64_t writes) {
    std::atomic<uint64_t> finished{0};
    std::vector<std::thread> clients;
    for (int c = 0; c < kClients; ++c) {
      clients.emplace_back([this, c, writes, &finished] {
        for (uint64_t i = 0; i < writes; ++i) {
          const Reply reply = Persist(i);
          // Tokens are fresh each time; who they are for is not.
          const std::string text =
              reply.body.contains("token") ? reply.body["member"].dump() : reply.text;
          const std::lock_guard<std::mutex> lock(mutex_);
          answers_[i].insert({reply.status, text});
        }
        static_cast<void>(c);
        ++finished;
      });
    }
    SeededRandom random(crash::Setting("TNT_SEED", 1));
    // Counted in answers, so that a slow machine gets as far between kills as a fast one.
    uint64_t next_kill = 20 + random.Below(200);
    while (finished < kClients) {
      if (answered_ < next_kill) {
        Pause();
        continue;
      }
      next_kill = answered_ + 20 + random.Below(400);
      server_->Kill();
      ++kills_;
      ASSERT_NO_FATAL_FAILURE(Start());
      const std::lock_guard<std::mutex> lock(mutex_);
      url_ = server_->url();
    }
    for (std::thread& client : clients) client.join();
  }

  std::mutex mutex_;
  std::string url_;
  std::string popup_id_;
  std::map<uint64_t, std::set<std::pair<int, std::string>>> answers_;
  std::atomic<uint64_t> answered_{0};
  int kills_ = 0;
};

TEST_F(DurableKillTest, Acceptance4EightRepeatsOfEachWriteWithKillsHaveOneEffect) {
  const uint64_t writes = crash::Setting("TNT_KEYED_WRITES", 200);
  popup_id_ = Post("/popups", PopupBody("counted")).body["id"];
  url_ = server_->url();
  ASSERT_NO_FATAL_FAILURE(Storm(writes));
  std::map<std::string, uint64_t> sent;
  for (uint64_t i = 0; i < writes; ++i) {
    ASSERT_EQ(answers_[i].size(), 1u) << "write " << i << " was answered in different ways";
    ASSERT_EQ(answers_[i].begin()->first, 201) << answers_[i].begin()->second;
    ++sent[WriteOf(i).path];
  }
  server_->Kill();

  SystemClock clock;
  SystemRandom random;
  PosixFileSystem files;
  EngineOptions options;
  options.directory = folder_.path() + "/data";
  options.clock = &clock;
  options.random = &random;
  options.files = &files;
  const auto engine = Engine::Open(options);
  ASSERT_TRUE(engine.ok()) << engine.status().ToString();
  const ReadView view = (*engine)->View();
  const auto shop =
      tenant::Directory::Find(view, kShop, schema::TenantKind::SHOP, ReadTier::kBlocking);
  const auto gym =
      tenant::Directory::Find(view, gym_id_, schema::TenantKind::GYM, ReadTier::kBlocking);
  ASSERT_TRUE(shop.ok());
  ASSERT_TRUE(gym.ok());
  const SpaceReader shop_space = view.Space(shop->ref, ReadTier::kBlocking);
  const SpaceReader gym_space = view.Space(gym->ref, ReadTier::kBlocking);
  EXPECT_EQ(*shop_space.CountIndex<schema::Popup>({.index = 1}), sent["/popups"] + 1);
  const auto stats = popups::ReadPopupStats(shop_space, popup_id_);
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->views, static_cast<int64_t>(sent["/analytics/views"]));
  EXPECT_EQ(stats->conversions, static_cast<int64_t>(sent["/analytics/conversions"]));
  uint64_t locations = 0;
  ASSERT_TRUE(gym_space
                  .ScanRecords<schema::GymLocation>({}, false,
                                                    [&](const auto&) {
                                                      ++locations;
                                                      return true;
                                                    })
                  .ok());
  EXPECT_EQ(locations, sent["/locations"]);
  EXPECT_EQ(*gym_space.CountIndex<schema::GymMember>({.index = 3}),
            sent["/auth/signup/member"] + 1);
  std::printf("idempotency: %llu writes, %d clients each, %d kills\n",
              static_cast<unsigned long long>(writes), kClients, kills_);
  EXPECT_GT(kills_, 0);
}

}  // namespace
}  // namespace tenantry::contract
