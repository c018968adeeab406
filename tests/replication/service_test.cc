// Goal: followers hold exactly the leader's history, whatever happens to the connections between them.
// Method: real engines in this process, services on loopback sockets, a proxy that cuts, stalls and flips bytes.

#include "replication/service.h"

#include <functional>

#include <poll.h>
#include <sys/socket.h>

#include "tests/support/engine_fixture.h"

namespace tenantry::replication {
namespace {

constexpr uint8_t kFamily = 250;

// One node in a folder of its own.
class Node {
 public:
  explicit Node(std::string secret = "a secret of this cluster") : secret_(std::move(secret)) {}
  ~Node() { Stop(); }

  void Start(const std::string& follow, const std::string& listen = "127.0.0.1:0") {
    EngineOptions options;
    options.directory = folder_.path() + "/data";
    options.segment_bytes = 64u << 10;
    options.clock = &clock_;
    options.random = &random_;
    options.files = &files_;
    options.follower = !follow.empty();
    if (!follow.empty() && !*files_.Exists(options.directory + "/IDENTITY")) {
      const Result<uint64_t> cluster = AskClusterId(follow, secret_, random_);
      ASSERT_TRUE(cluster.ok()) << cluster.status().ToString();
      options.new_cluster_id = *cluster;
    }
    Result<std::unique_ptr<Engine>> engine = Engine::Open(options);
    ASSERT_TRUE(engine.ok()) << engine.status().ToString();
    engine_ = *std::move(engine);
    engine_->SetReleaseListener([this] { waker_.Wake(); });
    engine_->SetDurableListener([this] { waker_.Wake(); });
    ServiceOptions service;
    service.listen = listen;
    service.follow = follow;
    service.secret = secret_;
    service.replica_acks = replica_acks;
    Result<std::unique_ptr<Service>> started =
        Service::Start(*engine_, service, waker_, random_, [](const std::string&) {});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    service_ = *std::move(started);
  }
  void Stop() {
    service_.reset();
    engine_.reset();
  }

  Engine& engine() { return *engine_; }
  Service& service() { return *service_; }
  uint32_t replica_acks = 0;

 private:
  const std::string secret_;
  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  Waker waker_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Service> service_;
};

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

bool Converged(Node& leader, Node& follower) {
  const log::SegmentLog& one = leader.engine().log();
  const log::SegmentLog& other = follower.engine().log();
  return one.end() == other.end() && one.end_chain() == other.end_chain() &&
         follower.engine().released_index() == one.end().index;
}

TenantRef MakeShop(Engine& engine) {
  const Outcome made =
      engine.ExecuteDirectory({10, "test", ""}, ReadTier::kBlocking, [](DirectoryTransaction& tx) {
        return tenant::Directory::Create(tx, {"shop", schema::TenantKind::SHOP, "shop"}).status();
      });
  EXPECT_TRUE(made.status.ok());
  engine.WaitReleased(made.release_index);
  return tenant::Directory::Find(engine.View(), "shop", schema::TenantKind::SHOP,
                                 ReadTier::kBlocking)
      ->ref;
}

uint64_t Add(Engine& engine, const TenantRef& shop, int64_t times) {
  uint64_t last = 0;
  for (int64_t i = 0; i < times; ++i) {
    const Outcome outcome = engine.Execute(
        shop, {1, "test", "request"}, ReadTier::kBlocking, [](Transaction& tx) -> Status {
          TNT_ASSIGN_OR_RETURN(const int64_t value, tx.Counter(kFamily, "owner", "n"));
          return tx.SetCounter(kFamily, "owner", "n", 0, value + 1);
        });
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    last = outcome.release_index;
  }
  return last;
}

int64_t Count(Engine& engine) {
  const auto shop =
      tenant::Directory::Find(engine.View(), "shop", schema::TenantKind::SHOP, ReadTier::kBlocking);
  if (!shop.ok()) return -1;
  return *engine.View().Space(shop->ref, ReadTier::kBlocking).Counter(kFamily, "owner", "n");
}

TEST(ServiceTest, TwoFollowersHoldTheLeadersHistoryAndRefuseWrites) {
  Node leader;
  Node one;
  Node two;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  const TenantRef shop = MakeShop(leader.engine());
  Add(leader.engine(), shop, 50);
  ASSERT_NO_FATAL_FAILURE(one.Start(leader.service().listen_address()));
  ASSERT_NO_FATAL_FAILURE(two.Start(leader.service().listen_address()));
  leader.engine().WaitReleased(Add(leader.engine(), shop, 500));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, one) && Converged(leader, two); }));
  EXPECT_EQ(Count(one.engine()), 550);
  EXPECT_EQ(Count(two.engine()), 550);
  // The last write does not wait for another one.
  leader.engine().WaitReleased(Add(leader.engine(), shop, 1));
  EXPECT_TRUE(Eventually([&] { return Count(one.engine()) == 551; }));
  EXPECT_FALSE(one.engine().writable());
  const Outcome refused = one.engine().Execute(shop, {1, "test", ""}, ReadTier::kBlocking,
                                               [](Transaction&) { return Status::Ok(); });
  EXPECT_EQ(refused.status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(Eventually([&] { return one.service().StalenessMs() < 2'000; }));
  const ServiceReport report = leader.service().Report();
  EXPECT_EQ(report.followers.size(), 2u);
  EXPECT_EQ(report.self.role, Role::kLeader);
}

TEST(ServiceTest, BothSidesContinueAfterARestart) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  const std::string address = leader.service().listen_address();
  const TenantRef shop = MakeShop(leader.engine());
  ASSERT_NO_FATAL_FAILURE(follower.Start(address));
  for (int round = 0; round < 6; ++round) {
    leader.engine().WaitReleased(Add(leader.engine(), shop, 200));
    if (round % 2 == 0) {
      follower.Stop();
      leader.engine().WaitReleased(Add(leader.engine(), shop, 100));
      ASSERT_NO_FATAL_FAILURE(follower.Start(address));
    } else {
      leader.Stop();
      ASSERT_NO_FATAL_FAILURE(leader.Start("", address));
    }
    ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); })) << "round " << round;
  }
  EXPECT_EQ(Count(follower.engine()), 6 * 200 + 3 * 100);
}

TEST(ServiceTest, AFollowersFolderDoesNotLeadByItself) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  MakeShop(leader.engine());
  ASSERT_NO_FATAL_FAILURE(follower.Start(leader.service().listen_address()));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  EXPECT_FALSE(follower.engine().node().leads());
}

TEST(ServiceTest, AnotherSecretGetsNothing) {
  Node leader;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  SystemRandom random;
  const Result<Message> answer =
      Ask(leader.service().listen_address(), "another secret", StatusRequest{}, 2'000, random);
  EXPECT_FALSE(answer.ok());
  const Result<Message> known = Ask(leader.service().listen_address(), "a secret of this cluster",
                                    StatusRequest{}, 2'000, random);
  ASSERT_TRUE(known.ok()) << known.status().ToString();
  EXPECT_EQ(std::get<NodeStatus>(*known).role, Role::kLeader);
}

// Goal: with durability `replica` nothing is applied, and so nothing shown or acknowledged, before a follower has it.
TEST(ServiceTest, AGroupIsAppliedOnlyOnceAFollowerHasIt) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  const std::string address = leader.service().listen_address();
  const TenantRef shop = MakeShop(leader.engine());
  leader.Stop();
  leader.replica_acks = 1;
  ASSERT_NO_FATAL_FAILURE(leader.Start("", address));
  const uint64_t before = leader.engine().released_index();
  const uint64_t last = Add(leader.engine(), shop, 10);
  ASSERT_TRUE(Eventually([&] { return leader.engine().log().end().index == last; }));
  ::poll(nullptr, 0, 50);
  EXPECT_EQ(leader.engine().released_index(), before);
  EXPECT_EQ(Count(leader.engine()), 0);
  ASSERT_NO_FATAL_FAILURE(follower.Start(address));
  // The follower joining the list is an entry of its own behind them.
  EXPECT_TRUE(Eventually([&] { return leader.engine().released_index() >= last; }));
  EXPECT_EQ(Count(leader.engine()), 10);
  EXPECT_TRUE(Eventually([&] { return Count(follower.engine()) == 10; }));
}

// A TCP proxy with one fault per connection.
class Proxy {
 public:
  enum class Fault : uint8_t { kNone, kCut, kFlip, kStall, kOneWay };
  explicit Proxy(std::string target) : target_(std::move(target)) {
    Result<Socket> listener = ListenOn("127.0.0.1:0", &address_);
    EXPECT_TRUE(listener.ok());
    listener_ = *std::move(listener);
    thread_ = Thread("proxy", [this] { Run(); });
  }
  ~Proxy() {
    stop_ = true;
    thread_.Join();
  }
  const std::string& address() const { return address_; }
  // For connections from now on; those there are, are cut.
  void Set(Fault fault, uint64_t after_bytes) {
    after_bytes_ = after_bytes;
    fault_ = fault;
    cut_ = true;
  }

 private:
  struct Leg {
    Socket client;
    Socket server;
    uint64_t passed = 0;
    bool dead = false;
  };
  void Run() {
    std::string buffer(64u << 10, '\0');
    while (!stop_) {
      if (cut_.exchange(false)) legs_.clear();
      if (Socket client = Accept(listener_); client.ok()) {
        if (Result<Socket> server = BeginConnect(target_); server.ok()) {
          legs_.push_back({std::move(client), *std::move(server)});
        }
      }
      for (Leg& leg : legs_) {
        Carry(leg, leg.client, leg.server, &buffer, false);
        Carry(leg, leg.server, leg.client, &buffer, true);
      }
      std::erase_if(legs_, [](const Leg& leg) { return leg.dead; });
      ::poll(nullptr, 0, 1);
    }
  }
  void Carry(Leg& leg, Socket& from, Socket& to, std::string* buffer, bool down) {
    const int64_t got = leg.dead ? 0 : ReadSome(from, buffer->data(), buffer->size());
    if (got < 0) leg.dead = true;
    if (got <= 0) return;
    const bool due = leg.passed + static_cast<uint64_t>(got) > after_bytes_;
    leg.passed += static_cast<uint64_t>(got);
    if (due && fault_ == Fault::kCut) leg.dead = true;
    if (due && (fault_ == Fault::kStall || (fault_ == Fault::kOneWay && down))) return;
    if (due && fault_ == Fault::kFlip) (*buffer)[static_cast<size_t>(got) / 2] ^= 0x40;
    std::string_view rest(buffer->data(), static_cast<size_t>(got));
    while (!rest.empty() && !leg.dead) {
      const int64_t wrote = WriteSome(to, rest);
      if (wrote < 0) leg.dead = true;
      if (wrote <= 0) ::poll(nullptr, 0, 1);
      if (wrote > 0) rest.remove_prefix(static_cast<size_t>(wrote));
    }
  }

  const std::string target_;
  std::string address_;
  Socket listener_;
  std::vector<Leg> legs_;
  std::atomic<Fault> fault_{Fault::kNone};
  std::atomic<uint64_t> after_bytes_{0};
  std::atomic<bool> cut_{false};
  std::atomic<bool> stop_{false};
  Thread thread_;
};

TEST(ServiceTest, ConvergesThroughEveryFaultOfTheNetwork) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  const TenantRef shop = MakeShop(leader.engine());
  Proxy proxy(leader.service().listen_address());
  ASSERT_NO_FATAL_FAILURE(follower.Start(proxy.address()));
  SeededRandom random(7);
  using enum Proxy::Fault;
  for (int round = 0; round < 12; ++round) {
    const Proxy::Fault fault = std::array{kCut, kFlip, kStall, kOneWay, kCut, kFlip}[round % 6];
    proxy.Set(fault, 500 + random.Below(20'000));
    leader.engine().WaitReleased(Add(leader.engine(), shop, 300));
    ::poll(nullptr, 0, 100);
    proxy.Set(kNone, 0);
    ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); })) << "round " << round;
  }
  EXPECT_EQ(Count(follower.engine()), 12 * 300);
}

}  // namespace
}  // namespace tenantry::replication
