#pragma once
// Nodes of a cluster in one process: real engines and services on loopback sockets, and a proxy that breaks connections.

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "replication/service.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/space_hashes.h"

namespace tenantry::replication {

inline constexpr uint8_t kFamily = 250;

// One node in a folder of its own.
class Node {
 public:
  explicit Node(std::string secret = "a secret of this cluster") : secret_(std::move(secret)) {}
  ~Node() { Stop(); }

  void Start(const std::string& follow, const std::string& listen = "127.0.0.1:0") {
    follow_ = follow;
    EngineOptions options;
    options.directory = folder_.path() + "/data";
    options.segment_bytes = 64u << 10;
    options.clock = &clock_;
    options.random = &random_;
    options.files = &files_;
    options.follower = !follow.empty();
    options.hold_unconfirmed = !follow.empty() || replica_acks > 0;
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
    service.retain_bytes = retain_bytes;
    service.sync_bytes_per_second = sync_bytes_per_second;
    service.format_max = format_max;
    Result<std::unique_ptr<Service>> started =
        Service::Start(*engine_, service, waker_, random_, [](const std::string&) {});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    service_ = *std::move(started);
  }
  void Stop() {
    service_.reset();
    engine_.reset();
  }
  // As `serve` does when a full copy is ready. True when that happened.
  bool RestartIfWanted() {
    if (!service_ || !service_->RestartWanted()) return false;
    const std::string listen = service_->listen_address();
    Stop();
    Start(follow_, listen);
    ++restarts;
    return true;
  }

  Engine& engine() { return *engine_; }
  Service& service() { return *service_; }
  const std::string& folder() const { return folder_.path(); }
  uint32_t replica_acks = 0;
  uint64_t retain_bytes = 1u << 30;
  uint64_t sync_bytes_per_second = 0;
  uint32_t format_max = kFormatVersionMax;
  int restarts = 0;

 private:
  const std::string secret_;
  std::string follow_;
  TemporaryFolder folder_;
  SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  Waker waker_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Service> service_;
};

inline bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

inline bool Converged(Node& leader, Node& follower) {
  follower.RestartIfWanted();
  const log::SegmentLog& one = leader.engine().log();
  const log::SegmentLog& other = follower.engine().log();
  return one.end() == other.end() && one.end_chain() == other.end_chain() &&
         follower.engine().released_index() == one.end().index;
}

inline TenantRef MakeShop(Engine& engine) {
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

inline uint64_t Add(Engine& engine, const TenantRef& shop, int64_t times) {
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

inline int64_t Count(Engine& engine) {
  const auto shop =
      tenant::Directory::Find(engine.View(), "shop", schema::TenantKind::SHOP, ReadTier::kBlocking);
  if (!shop.ok()) return -1;
  return *engine.View().Space(shop->ref, ReadTier::kBlocking).Counter(kFamily, "owner", "n");
}

// One hash over all spaces of what the node shows.
inline std::string Digest(Engine& engine) {
  return HashText(engine.View());
}

// Converged, and nothing more is on its way: a leader lists a new follower some time after it came.
inline bool SameState(Node& leader, Node& follower) {
  return Converged(leader, follower) && Digest(leader.engine()) == Digest(follower.engine());
}
// Rows of the directory; a follower that was listed is one of them.
inline uint64_t DirectoryRows(Engine& engine) {
  const Result<std::vector<SpaceHash>> spaces = engine.View().HashSpaces();
  return spaces.ok() && !spaces->empty() ? spaces->front().rows : 0;
}

// Rows that do not compress, in commands of 100.
inline uint64_t AddBulk(Engine& engine, const TenantRef& shop, size_t bytes, SeededRandom& random) {
  constexpr size_t kOwnerBytes = 1'000;
  uint64_t last = 0;
  for (size_t done = 0; done < bytes; done += 100 * kOwnerBytes) {
    const Outcome outcome = engine.Execute(
        shop, {1, "test", "bulk"}, ReadTier::kBlocking, [&random](Transaction& tx) -> Status {
          for (int i = 0; i < 100; ++i) {
            std::string owner = random.Bytes(kOwnerBytes);
            for (char& c : owner) c = static_cast<char>('0' + (static_cast<uint8_t>(c) & 0x3F));
            TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, owner, "n", 0, 1));
          }
          return Status::Ok();
        });
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
    last = outcome.release_index;
    engine.WaitReleased(last);  // A group each, and so a segment each.
  }
  return last;
}

// A TCP proxy that breaks one connection after so many bytes, and leaves those that follow alone.
class Proxy {
 public:
  enum class Fault : uint8_t {
    kNone,
    kCut,     // Both sides see the connection closed.
    kFlip,    // A bit changes.
    kInject,  // Bytes that nobody sent.
    kStall,   // Nothing gets through any more, and nobody is told.
    kOneWay,  // The same for one direction.
    kOtherWay,
    kSlow,   // A hundredth of the speed.
    kDelay,  // Everything waits a while.
  };
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
  // For the next connection; those there are, are cut.
  void Set(Fault fault, uint64_t after_bytes) {
    after_bytes_ = after_bytes;
    fault_ = fault;
    cut_ = true;
  }
  // Connections that came so far.
  uint64_t connections() const { return connections_; }

 private:
  static constexpr int64_t kSlowBytesPerTurn = 1'000;
  struct Leg {
    Socket client;
    Socket server;
    Fault fault = Fault::kNone;
    uint64_t passed = 0;
    bool dead = false;
    bool fired = false;
  };
  void Run() {
    std::string buffer(64u << 10, '\0');
    while (!stop_) {
      if (cut_.exchange(false)) legs_.clear();
      if (Socket client = Accept(listener_); client.ok()) {
        if (Result<Socket> server = BeginConnect(target_); server.ok()) {
          ++connections_;
          legs_.push_back({std::move(client), *std::move(server), fault_.exchange(Fault::kNone)});
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
    using enum Fault;
    if (leg.dead) return;
    const bool slow = leg.fault == kSlow;
    const int64_t got = ReadSome(from, buffer->data(), slow ? kSlowBytesPerTurn : buffer->size());
    if (got < 0) leg.dead = true;
    if (got <= 0) return;
    leg.passed += static_cast<uint64_t>(got);
    const bool due = leg.passed > after_bytes_;
    const bool first = due && !leg.fired;
    leg.fired = leg.fired || due;
    if (due && leg.fault == kCut) leg.dead = true;
    if (due && leg.fault == kStall) return;
    if (due && leg.fault == (down ? kOneWay : kOtherWay)) return;
    if (first && leg.fault == kDelay) ::poll(nullptr, 0, 200);
    if (first && leg.fault == kFlip) (*buffer)[static_cast<size_t>(got) / 2] ^= 0x40;
    if (first && leg.fault == kInject) Push(leg, to, std::string(100, 'x'));
    Push(leg, to, {buffer->data(), static_cast<size_t>(got)});
  }
  static void Push(Leg& leg, Socket& to, std::string_view rest) {
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
  std::atomic<uint64_t> connections_{0};
  std::atomic<bool> cut_{false};
  std::atomic<bool> stop_{false};
  Thread thread_;
};

}  // namespace tenantry::replication
