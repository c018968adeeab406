// Goal: whoever leads next has every acknowledged write of durability `replica`, does a repeated request once, and sells no seat
// twice; and the control: forcing the follower that lags loses, and says what.
// Method: one cluster whose leader is killed under load again and again; the killed node comes back as a follower.

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "engine/base/time_format.h"
#include "tests/replication/cluster_harness.h"

namespace tenantry::replication {
namespace {

constexpr int kSeats = 4;
constexpr int kMembers = 8;

// One request that may be sent again with the same key.
struct Sent {
  std::string path;
  std::string body;
  std::string token;
  std::string key;
  int status = 0;  // 0: nobody said what became of it.
};

class Cluster {
 public:
  explicit Cluster(size_t nodes) {
    for (size_t i = 0; i < nodes; ++i) nodes_.push_back(std::make_unique<Node>());
  }
  void Start() {
    ASSERT_NO_FATAL_FAILURE(leader().Start({"--demo"}));
    for (size_t i = 1; i < nodes_.size(); ++i) Follow(i);
    leader().Stop();
    ASSERT_NO_FATAL_FAILURE(leader().Start(Replica()));
    Prepare();
  }
  Node& leader() { return *nodes_[leader_]; }

  void Round(int round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::string session = MakeSession(round);
    std::vector<Sent> sent;
    std::mutex mutex;
    std::vector<std::thread> clients;
    const std::string url = leader().url();
    for (int member = 0; member < kMembers; ++member) {
      clients.emplace_back([&, member] { Load(url, round, member, session, &sent, &mutex); });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 40 * (round % 5)));
    leader().Kill();
    for (std::thread& client : clients) client.join();
    const size_t old = leader_;
    ASSERT_NO_FATAL_FAILURE(PromoteSomebody());
    // Back as a follower of the new leader, which acknowledges nothing without one; entries that only it had were never
    // acknowledged.
    Follow(old);
    Check(session, sent);
    ASSERT_TRUE(Eventually([&] {
      return std::all_of(nodes_.begin(), nodes_.end(),
                         [&](const auto& node) { return node->Digest() == leader().Digest(); });
    }));
    const std::string rescued = nodes_[old]->Admin({"rescue", "list"}).second;
    EXPECT_NE(rescued.find("no rescue files"), std::string::npos) << rescued;
  }

 private:
  std::vector<std::string> Replica() const {
    return {"--durability", "replica", "--replica-timeout-ms", "2000"};
  }
  void Follow(size_t i) {
    std::vector<std::string> arguments = Replica();
    arguments.insert(arguments.end(), {"--follow", leader().listen()});
    nodes_[i]->Start(arguments);
  }
  // A disk that is busy for longer than the replica timeout makes an answer "unknown", here as for any client.
  json Call(const std::string& path, const std::string& token, const json& body, int expected) {
    httplib::Client client = leader().Client();
    httplib::Headers headers = {{"Idempotency-Key", "call-" + std::to_string(++calls_)}};
    if (!token.empty()) headers.emplace("Authorization", "Bearer " + token);
    if (!gym_.empty()) headers.emplace("x-tenant-id", gym_);
    httplib::Result answer(nullptr, httplib::Error::Unknown);
    EXPECT_TRUE(Eventually([&] {
      answer = client.Post(path, headers, body.dump(), "application/json");
      return answer && answer->status != 503;
    })) << path;
    if (!answer) return {};
    EXPECT_EQ(answer->status, expected) << path << answer->body;
    return json::parse(answer->body, nullptr, false);
  }
  void Prepare() {
    const json made = Call("/auth/signup", "",
                           {{"email", "owner@cluster.example"},
                            {"password", "correct horse"},
                            {"name", "Olga Owner"},
                            {"tenantName", "Cluster gym"}},
                           201);
    owner_ = made["token"];
    const std::string gym = made["tenant"]["id"];
    for (int i = 0; i < kMembers; ++i) {
      const json member = Call("/auth/signup/member", "",
                               {{"email", "m" + std::to_string(i) + "@cluster.example"},
                                {"password", "battery staple"},
                                {"name", "Mia Member"},
                                {"tenantId", gym}},
                               201);
      members_.push_back(member["token"].get<std::string>());
    }
    gym_ = gym;
    location_ = Call("/locations", owner_, {{"name", "Hall"}}, 201)["id"];
    type_ = Call("/session-types", owner_,
                 {{"name", "Yoga"}, {"durationMin", 10}, {"category", "class"}}, 201)["id"];
  }
  std::string MakeSession(int round) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const int64_t start_ms = now_ms + 86'400'000 + int64_t{round} * 1'200'000;
    return Call("/sessions", owner_,
                {{"startTime", FormatInstant(start_ms)},
                 {"locationId", location_},
                 {"sessionTypeId", type_},
                 {"capacity", kSeats}},
                201)["id"];
  }
  static int Post(httplib::Client& client, const Sent& request, const std::string& gym) {
    httplib::Headers headers = {{"Idempotency-Key", request.key}};
    if (!request.token.empty()) {
      headers.emplace("Authorization", "Bearer " + request.token);
      headers.emplace("x-tenant-id", gym);
    }
    const httplib::Result answer =
        client.Post(request.path, headers, request.body, "application/json");
    return answer ? answer->status : 0;
  }
  // As clients are told to: while nobody knows what became of it, the same request with the same key.
  static int PostUntilKnown(httplib::Client& client, const Sent& request, const std::string& gym) {
    int status = 0;
    EXPECT_TRUE(Eventually([&] {
      status = Post(client, request, gym);
      return status != 503;
    })) << request.path;
    return status;
  }
  // A seat first, then subscribers until the leader is gone.
  void Load(const std::string& url, int round, int member, const std::string& session,
            std::vector<Sent>* sent, std::mutex* mutex) {
    httplib::Client client(url);
    client.set_read_timeout(20);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    const std::string name = std::to_string(round) + "-" + std::to_string(member);
    Sent request{"/bookings", json({{"sessionInstanceId", session}}).dump(),
                 members_[static_cast<size_t>(member)], "seat-" + name};
    for (int i = 0;; ++i) {
      request.status = Post(client, request, gym_);
      {
        const std::lock_guard<std::mutex> lock(*mutex);
        sent->push_back(request);
      }
      if (request.status == 0) return;
      request = {"/email-subscribers",
                 SubscriberBody("s" + name + "-" + std::to_string(i) + "@cluster.example"), "",
                 "sub-" + name + "-" + std::to_string(i)};
    }
  }
  // The one that is behind refuses; another takes over.
  void PromoteSomebody() {
    std::string text;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (i == leader_) continue;
      const auto [code, said] = nodes_[i]->Admin({"promote"});
      text += said;
      if (code == 0) {
        leader_ = i;
        return;
      }
      EXPECT_EQ(code, 6) << said;
      EXPECT_NE(said.find("ahead"), std::string::npos) << said;
    }
    FAIL() << text;
  }
  void Check(const std::string& session, const std::vector<Sent>& sent) {
    httplib::Client client = leader().Client();
    size_t acknowledged = 0;
    for (const Sent& request : sent) {
      const bool seat = request.path == "/bookings";
      acknowledged += request.status == 201 ? 1 : 0;
      // Whatever was answered is answered again; what was not, is done now, once.
      const int again = PostUntilKnown(client, request, gym_);
      const bool final_answer = request.status == 201 || request.status == 409;
      EXPECT_EQ(again, final_answer ? request.status : again) << request.path << request.body;
      EXPECT_TRUE(again == 201 || (seat && again == 409)) << again << request.body;
      if (seat) continue;
      EXPECT_EQ(Subscribe(client, json::parse(request.body)["email"])->status, 409);
    }
    EXPECT_GT(acknowledged, 0u);
    const httplib::Result shown = client.Get(
        "/sessions/" + session, {{"Authorization", "Bearer " + owner_}, {"x-tenant-id", gym_}});
    ASSERT_TRUE(shown && shown->status == 200);
    EXPECT_EQ(json::parse(shown->body)["currentBookings"], kSeats) << shown->body;
    int holders = 0;
    for (const std::string& token : members_) {
      const httplib::Result mine =
          client.Get("/bookings/my", {{"Authorization", "Bearer " + token}, {"x-tenant-id", gym_}});
      ASSERT_TRUE(mine && mine->status == 200);
      for (const json& booking : json::parse(mine->body)) {
        holders += booking["sessionInstanceId"] == session ? 1 : 0;
      }
    }
    EXPECT_EQ(holders, kSeats);
  }

  std::vector<std::unique_ptr<Node>> nodes_;
  size_t leader_ = 0;
  int calls_ = 0;
  std::string owner_, gym_, location_, type_;
  std::vector<std::string> members_;
};

void RunRounds(size_t nodes) {
  Cluster cluster(nodes);
  ASSERT_NO_FATAL_FAILURE(cluster.Start());
  const uint64_t rounds = Setting("TNT_PROMOTION_ROUNDS", 20) / 2;
  for (uint64_t round = 0; round < rounds; ++round) {
    cluster.Round(static_cast<int>(round));
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(PromotionTest, OneFollowerKeepsEveryAcknowledgedWrite) {
  RunRounds(2);
}

TEST(PromotionTest, OneOfTwoFollowersKeepsEveryAcknowledgedWrite) {
  RunRounds(3);
}

// Control: the follower that was away is forced to lead, and says that the other is ahead.
TEST(PromotionTest, ControlForcingTheLaggingFollowerLosesAndSaysWhat) {
  Node leader;
  Node ahead;
  Node lagging;
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(ahead.Start({"--follow", leader.listen()}));
  ASSERT_NO_FATAL_FAILURE(lagging.Start({"--follow", leader.listen()}));
  const std::string old_address = leader.listen();
  leader.Stop();
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--durability", "replica"}));
  // Both follow before one goes away.
  ASSERT_TRUE(Eventually([&] { return leader.Digest() == lagging.Digest(); }));
  lagging.Stop();
  httplib::Client client = leader.Client();
  ASSERT_EQ(Subscribe(client, "lost@cluster.example")->status, 201);
  leader.Kill();
  ASSERT_NO_FATAL_FAILURE(lagging.Start({"--follow", old_address}));
  const auto [refused, why] = lagging.Admin({"promote"});
  EXPECT_EQ(refused, 6) << why;
  EXPECT_NE(why.find(ahead.listen() + " is ahead"), std::string::npos) << why;
  const auto [forced, report] = lagging.Admin({"promote", "--force-data-loss"});
  ASSERT_EQ(forced, 0) << report;
  httplib::Client now = lagging.Client();
  EXPECT_EQ(Subscribe(now, "lost@cluster.example")->status, 201) << "it was not lost";
  // The one that was ahead keeps what it showed and its new leader does not have.
  ASSERT_TRUE(Eventually([&] { return lagging.Digest() == ahead.Digest(); }))
      << lagging.LogEnd() << ahead.LogEnd();
  const std::string rescued = ahead.Admin({"rescue", "list"}).second;
  EXPECT_NE(rescued.find("1 entries"), std::string::npos) << rescued;
}

}  // namespace
}  // namespace tenantry::replication
