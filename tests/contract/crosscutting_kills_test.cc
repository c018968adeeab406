// Idempotency-Key while the server is killed again and again (acceptance 4 of issue 3).

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "engine/popups/stats.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "tests/contract/durable_api.h"
#include "tests/crash/test_settings.h"

namespace tenantry::contract {
namespace {

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
  const uint64_t writes = crash::Setting("TNT_KEYED_WRITES", 400);
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
