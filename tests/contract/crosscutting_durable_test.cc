// Idempotency-Key as clients see it (issue 3; crosscutting.md section 5): every write, repeats at the same time, after a
// crash, with other content, and what is never stored.

#include <atomic>
#include <chrono>
#include <filesystem>
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
    Result<load::ServerProcess> started = load::ServerProcess::Start(
        TENANTRY_BINARY, folder_.path(),
        {"--shop-auth", "open", "--rate-limit-exempt", "127.0.0.0/8,::1/128"});
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
  // Until there is an answer of the request's own.
  Reply Persist(uint64_t i) {
    const Write write = WriteOf(i);
    httplib::Headers headers = write.gym ? owner_ : httplib::Headers();
    headers.emplace("Idempotency-Key", "write-" + std::to_string(i));
    for (;;) {
      httplib::Client client(Url());
      client.set_read_timeout(5);
      const std::optional<Reply> reply = TrySend(client, "POST", write.path, write.body, headers);
      if (reply && !reply->busy && reply->status < 500) return *reply;
      std::this_thread::yield();
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
    while (finished < kClients) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50 + random.Below(400)));
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
