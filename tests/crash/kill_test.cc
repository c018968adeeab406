// Goal: whatever instant a server is killed at, every acknowledged operation is there exactly once afterwards, every other one
// at most once, counters and sketches equal the raw events, index rows equal the records, and it opens without help.
// Method: rounds of mixed load over HTTP against the built binary (views, conversions, subscribers, bookings, each with an id
// of its own),
// kill -9 after a random time, start again on the same data. Every so often the folder is opened in this process and
// everything promised in all rounds so far is checked.

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "engine/schema/gym.capnp.h"
#include "engine/schema/popups.capnp.h"
#include "tests/crash/test_settings.h"
#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/shop_recount.h"
#include "tests/support/store_check.h"

namespace tenantry::crash {
namespace {

using nlohmann::json;

constexpr int kClients = 6;
constexpr uint64_t kRoundsBetweenChecks = 25;

enum class Kind : uint8_t { kView, kConversion, kSubscriber, kBooking };

struct Operation {
  Kind kind;
  uint64_t number;
  bool acknowledged;
};

// What the demo data put there, as the binary wrote it with --demo-ids.
struct Demo {
  std::string tenant_id, owner_email, owner_password;
  std::vector<std::string> members, sessions, popups;
  std::string shop_id;
};

Demo ReadDemo(const std::string& path) {
  const json ids = json::parse(load::ReadText(path));
  return {ids["gym"]["tenantId"],  ids["gym"]["ownerEmail"], ids["gym"]["ownerPassword"],
          ids["gym"]["memberIds"], ids["gym"]["sessionIds"], ids["shop"]["popupIds"],
          ids["shop"]["shopId"]};
}

std::string VisitorOf(uint64_t number) {
  return "visitor-" + std::to_string(number);
}
std::string EmailOf(uint64_t number) {
  return "k" + std::to_string(number) + "@kill.example";
}

class KillTest : public ::testing::Test {
 protected:
  void Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--rate-limit-exempt", "127.0.0.0/8"});
    Result<load::ServerProcess> started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), arguments);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
  }

  std::string Login() const {
    httplib::Client client(server_->url());
    const auto answer =
        client.Post("/auth/login",
                    json({{"email", demo_.owner_email}, {"password", demo_.owner_password}}).dump(),
                    "application/json");
    EXPECT_TRUE(answer && answer->status == 200);
    return answer ? json::parse(answer->body)["token"].get<std::string>() : "";
  }

  // One client until the server is gone or `stop` is set.
  void Load(uint64_t seed, const std::string& token, const std::atomic<bool>& stop) {
    SeededRandom random(seed);
    httplib::Client client(server_->url());
    client.set_keep_alive(true);
    client.set_read_timeout(5);
    client.set_tcp_nodelay(true);
    const httplib::Headers signed_in = {{"Authorization", "Bearer " + token}};
    std::vector<Operation> done;
    while (!stop) {
      auto kind = static_cast<Kind>(random.Below(4));
      uint64_t number = kind == Kind::kBooking ? next_booking_.fetch_add(1) : 0;
      // A long run books everybody everywhere; from then on it goes without bookings.
      if (kind == Kind::kBooking && number >= demo_.sessions.size() * demo_.members.size()) {
        kind = Kind::kView;
      }
      if (kind != Kind::kBooking) number = next_number_.fetch_add(1);
      const auto [path, body] = RequestOf(kind, number);
      const httplib::Result answer =
          client.Post(path, kind == Kind::kBooking ? signed_in : httplib::Headers(), body.dump(),
                      "application/json");
      const bool acknowledged = answer && answer->status == 201;
      if (answer && !acknowledged) ++refused_;
      done.push_back({kind, number, acknowledged});
      if (!answer) break;
    }
    const std::lock_guard<std::mutex> lock(ledger_mutex_);
    ledger_.insert(ledger_.end(), done.begin(), done.end());
  }

  std::pair<const char*, json> RequestOf(Kind kind, uint64_t number) const {
    if (kind == Kind::kView) {
      return {"/analytics/views",
              {{"popupId", demo_.popups[number % demo_.popups.size()]},
               {"visitorId", VisitorOf(number)}}};
    }
    if (kind == Kind::kConversion) {
      return {"/analytics/conversions",
              {{"popupId", demo_.popups[number % demo_.popups.size()]},
               {"type", number % 2 == 0 ? "purchase" : "click"},
               {"revenue", static_cast<double>(number % 1000) / 100},
               {"visitorId", VisitorOf(number)}}};
    }
    if (kind == Kind::kSubscriber) {
      return {"/email-subscribers", {{"shopId", demo_.shop_id}, {"email", EmailOf(number)}}};
    }
    return {"/bookings",
            {{"sessionInstanceId", SessionOf(number)}, {"memberId", MemberOf(number)}}};
  }

  // Distinct pairs for distinct numbers below sessions x members.
  const std::string& SessionOf(uint64_t number) const {
    return demo_.sessions[number % demo_.sessions.size()];
  }
  const std::string& MemberOf(uint64_t number) const {
    return demo_.members[number / demo_.sessions.size() % demo_.members.size()];
  }

  void Round(uint64_t seed, const std::string& token) {
    SeededRandom random(seed);
    std::atomic<bool> stop{false};
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] { Load(seed * 100 + static_cast<uint64_t>(i), token, stop); });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random.Below(120'000)));
    server_->Kill();
    stop = true;
    for (std::thread& client : clients) client.join();
  }

  // Opens the folder in this process and checks every promise made so far.
  void Check() {
    options_.directory = folder_.path() + "/data";
    options_.clock = &clock_;
    options_.random = &random_;
    options_.files = &files_;
    {
      Result<std::unique_ptr<Engine>> engine = Engine::Open(options_);
      ASSERT_TRUE(engine.ok()) << engine.status().ToString();
      const ReadView view = (*engine)->View();
      ASSERT_NO_FATAL_FAILURE(CheckShop(view));
      ASSERT_NO_FATAL_FAILURE(CheckGym(view));
    }
    const StoreReport report = CheckStore(options_.directory);
    EXPECT_GT(report.records, 0u);
    ASSERT_TRUE(report.problems.empty()) << report.problems.front();
  }

  // Acknowledged: once. Not acknowledged: at most once.
  void Judge(const Operation& operation, uint64_t found) {
    ASSERT_LE(found, 1u) << "operation " << operation.number << " is there " << found << " times";
    ASSERT_TRUE(found == 1 || !operation.acknowledged)
        << "operation " << operation.number << " is lost";
  }

  // How many events each visitor has.
  template <class T>
  static std::map<std::string, uint64_t> VisitsOf(const SpaceReader& shop) {
    std::map<std::string, uint64_t> visits;
    EXPECT_TRUE(shop.ScanRecords<T>({}, false,
                                    [&](const auto& event) {
                                      ++visits[event->getVisitorId().cStr()];
                                      return true;
                                    })
                    .ok());
    return visits;
  }

  void CheckShop(const ReadView& view) {
    const auto shop =
        tenant::Directory::Find(view, demo_.shop_id, schema::TenantKind::SHOP, ReadTier::kBlocking);
    ASSERT_TRUE(shop.ok());
    const SpaceReader space = view.Space(shop->ref, ReadTier::kBlocking);
    const std::vector<std::string> wrong = RecountShop(space);
    ASSERT_TRUE(wrong.empty()) << wrong.size() << " counters differ, such as " << wrong.front();
    const auto views = VisitsOf<schema::PopupView>(space);
    const auto conversions = VisitsOf<schema::PopupConversion>(space);
    for (const Operation& operation : ledger_) {
      if (operation.kind == Kind::kView || operation.kind == Kind::kConversion) {
        const auto& visits = operation.kind == Kind::kView ? views : conversions;
        const auto found = visits.find(VisitorOf(operation.number));
        ASSERT_NO_FATAL_FAILURE(Judge(operation, found == visits.end() ? 0 : found->second));
      } else if (operation.kind == Kind::kSubscriber) {
        const auto found = space.FindUnique<schema::EmailSubscriber>(
            1, {std::string_view(EmailOf(operation.number))});
        ASSERT_TRUE(found.ok()) << found.status().ToString();
        ASSERT_NO_FATAL_FAILURE(Judge(operation, found->has_value() ? 1 : 0));
      }
    }
  }

  void CheckGym(const ReadView& view) {
    const auto gym = tenant::Directory::Find(view, demo_.tenant_id, schema::TenantKind::GYM,
                                             ReadTier::kBlocking);
    ASSERT_TRUE(gym.ok());
    const SpaceReader space = view.Space(gym->ref, ReadTier::kBlocking);
    std::map<std::pair<std::string, std::string>, uint64_t> bookings;
    std::map<std::string, int32_t> seats;
    ASSERT_TRUE(space
                    .ScanRecords<schema::GymBooking>(
                        {}, false,
                        [&](const auto& booking) {
                          const std::string session = booking->getSessionInstanceId().cStr();
                          ++bookings[{session, booking->getMemberId().cStr()}];
                          ++seats[session];  // The load never cancels.
                          return true;
                        })
                    .ok());
    for (const std::string& id : demo_.sessions) {
      const auto session = space.Get<schema::GymSession>({std::string_view(id)});
      ASSERT_TRUE(session.ok());
      ASSERT_EQ((*session)->getBookedCount(), seats[id]) << "seats of session " << id;
    }
    for (const Operation& operation : ledger_) {
      if (operation.kind != Kind::kBooking) continue;
      const auto found = bookings.find({SessionOf(operation.number), MemberOf(operation.number)});
      ASSERT_NO_FATAL_FAILURE(Judge(operation, found == bookings.end() ? 0 : found->second));
    }
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  EngineOptions options_;
  std::unique_ptr<load::ServerProcess> server_;
  Demo demo_;
  std::atomic<uint64_t> next_number_{0};
  std::atomic<uint64_t> next_booking_{0};
  std::atomic<uint64_t> refused_{0};
  std::mutex ledger_mutex_;
  std::vector<Operation> ledger_;
};

TEST_F(KillTest, NothingAcknowledgedIsLostOrDoubled) {
  const uint64_t rounds = Setting("TNT_KILL_ROUNDS", 200);
  const uint64_t seed = Setting("TNT_SEED", 1);
  ASSERT_NO_FATAL_FAILURE(Start({"--demo", "--demo-ids", folder_.path() + "/ids.json"}));
  demo_ = ReadDemo(folder_.path() + "/ids.json");
  const std::string token = Login();
  for (uint64_t round = 1; round <= rounds; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    Round(seed * 1'000'000 + round, token);
    if (round % kRoundsBetweenChecks == 0 || round == rounds) {
      ASSERT_NO_FATAL_FAILURE(Check());
    }
    if (round < rounds) {
      ASSERT_NO_FATAL_FAILURE(Start({}));
    }
  }
  uint64_t acknowledged = 0;
  for (const Operation& operation : ledger_) acknowledged += operation.acknowledged ? 1 : 0;
  std::printf("kill -9: %llu rounds, %zu operations, %llu acknowledged, %llu unknown\n",
              static_cast<unsigned long long>(rounds), ledger_.size(),
              static_cast<unsigned long long>(acknowledged),
              static_cast<unsigned long long>(ledger_.size() - acknowledged - refused_));
  EXPECT_GT(acknowledged, rounds);
  EXPECT_EQ(refused_, 0u);
}

}  // namespace
}  // namespace tenantry::crash
