// The job queue, webhooks and their breaker as clients, targets and operators see them (crosscutting.md R1, R2, R3).

#include <chrono>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/webhooks/endpoints.h"
#include "tests/contract/durable_api.h"

namespace tenantry::contract {
namespace {

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

}  // namespace
}  // namespace tenantry::contract
