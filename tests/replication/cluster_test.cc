// Goal: what clients see of a cluster: reads on followers with their positions, writes sent to the leader, durability `replica`,
// promotion without losing an acknowledged write, and equal digests everywhere.
// Method: the built binary as one leader and two followers on loopback, driven over HTTP; kill -9 of the leader.

#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::replication {
namespace {

using nlohmann::json;

uint64_t Rounds() {
  const char* set = std::getenv("TNT_PROMOTION_ROUNDS");
  return set == nullptr ? 3 : std::strtoull(set, nullptr, 10);
}

template <class Condition>
bool Eventually(const Condition& condition) {
  for (int i = 0; i < 2'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// One server in a folder of its own.
class Node {
 public:
  void Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--shop-auth", "open", "--rate-limit-exempt", "127.0.0.0/8",
                                       "--replication-listen", listen_});
    Result<load::ServerProcess> started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), arguments);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    process_ = std::make_unique<load::ServerProcess>(std::move(started).value());
    listen_ = WaitForAddress();
  }
  // Where it listens for other nodes, as soon as it said so.
  std::string WaitForAddress() const {
    constexpr std::string_view kSaid = "tenantry: replication on ";
    std::string address;
    Eventually([&] {
      const std::string text = load::ReadText(folder_.path() + "/server.out");
      const size_t at = text.find(kSaid);
      const size_t end = at == std::string::npos ? at : text.find('\n', at);
      if (end == std::string::npos) return false;
      address = text.substr(at + kSaid.size(), end - at - kSaid.size());
      return true;
    });
    return address;
  }
  httplib::Client Client() const {
    httplib::Client client(process_->url());
    client.set_read_timeout(20);
    return client;
  }
  // Exit code and what it printed.
  std::pair<int, std::string> Admin(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {TENANTRY_BINARY, "admin"});
    arguments.insert(arguments.end(), {"--data", folder_.path() + "/data"});
    const std::string out = folder_.path() + "/admin.out";
    const std::string err = folder_.path() + "/admin.err";
    Result<load::ChildProcess> tool = load::ChildProcess::Start(arguments, out, err);
    if (!tool.ok()) return {-1, tool.status().ToString()};
    const int code = tool->Wait(30);
    return {code, load::ReadText(out) + load::ReadText(err)};
  }
  std::string Digest() const { return Admin({"digest"}).second; }
  void Kill() {
    if (process_) process_->Kill();
    process_.reset();
  }
  void Stop() {
    if (process_) {
      EXPECT_EQ(process_->Stop(), 0);
    }
    process_.reset();
  }
  const std::string& url() const { return process_->url(); }
  const std::string& listen() const { return listen_; }

 private:
  TemporaryFolder folder_;
  std::string listen_ = "127.0.0.1:0";
  std::unique_ptr<load::ServerProcess> process_;
};

std::string SubscriberBody(const std::string& email) {
  return json({{"shopId", "demo-shop"}, {"email", email}}).dump();
}

httplib::Result Subscribe(httplib::Client& client, const std::string& email,
                          const httplib::Headers& headers = {}) {
  return client.Post("/email-subscribers", headers, SubscriberBody(email), "application/json");
}

// Taken as one: 201 the first time, 409 where it is there already.
bool IsThere(httplib::Client& client, const std::string& email) {
  const httplib::Result answer = Subscribe(client, email);
  return answer && (answer->status == 409 || answer->status == 200);
}

constexpr const char* kRead = "/popups/active?shopId=demo-shop";

TEST(ClusterTest, FollowersAnswerReadsAndSendWritesToTheLeader) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(follower.Start({"--follow", leader.listen()}));
  httplib::Client at_leader = leader.Client();
  httplib::Client at_follower = follower.Client();

  const httplib::Result written = Subscribe(at_leader, "first@cluster.example");
  ASSERT_TRUE(written && written->status == 201);
  EXPECT_EQ(written->get_header_value("Tenantry-Durability"), "disk");
  const std::string position = written->get_header_value("Tenantry-Position");
  ASSERT_TRUE(position.starts_with("1."));

  // A read that names the write waits for it, and names a position that is not before it.
  const httplib::Result read = at_follower.Get(kRead, {{"Tenantry-Min-Position", position}});
  ASSERT_TRUE(read);
  ASSERT_EQ(read->status, 200) << read->body;
  const std::string seen = read->get_header_value("Tenantry-Position");
  EXPECT_GE(std::stoull(seen.substr(2)), std::stoull(position.substr(2)));

  // Of a leader's future nobody knows; of a replaced past, and of nonsense, one can say so at once.
  const httplib::Result ahead = at_leader.Get(kRead, {{"Tenantry-Min-Position", "1.99999999"}});
  ASSERT_TRUE(ahead);
  EXPECT_EQ(ahead->status, 409);
  const httplib::Result replaced = at_follower.Get(kRead, {{"Tenantry-Min-Position", "0.5"}});
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->status, 409);
  const httplib::Result nonsense = at_follower.Get(kRead, {{"Tenantry-Min-Position", "soon"}});
  ASSERT_TRUE(nonsense);
  EXPECT_EQ(nonsense->status, 400);
  const httplib::Result future = at_follower.Get(kRead, {{"Tenantry-Min-Position", "1.99999999"}});
  ASSERT_TRUE(future);
  EXPECT_EQ(future->status, 307);
  EXPECT_EQ(future->get_header_value("Location"), leader.url() + kRead);

  // A heartbeat has told where the leader is by now; following the redirect writes.
  httplib::Result sent = Subscribe(at_follower, "second@cluster.example");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->status, 307);
  EXPECT_EQ(sent->get_header_value("Location"), leader.url() + "/email-subscribers");

  // Replies that wait for the end of their tick name their position too.
  const httplib::Result active = at_leader.Get(kRead);
  ASSERT_TRUE(active && active->status == 200);
  const std::string popup = json::parse(active->body)[0]["id"];
  const httplib::Result view =
      at_leader.Post("/analytics/views", json({{"popupId", popup}, {"visitorId", "v"}}).dump(),
                     "application/json");
  ASSERT_TRUE(view && view->status == 201);
  EXPECT_FALSE(view->get_header_value("Tenantry-Position").empty());

  EXPECT_TRUE(Eventually([&] { return leader.Digest() == follower.Digest(); }))
      << leader.Digest() << follower.Digest();
  // Without --follow the folder does not lead.
  follower.Stop();
  const auto [code, text] = follower.Admin({"digest"});
  EXPECT_NE(code, 0);
  EXPECT_NE(text.find("--follow"), std::string::npos) << text;
}

// Goal: with durability `replica` no acknowledged write is lost when the leader is, and nothing is acknowledged without a follower.
TEST(ClusterTest, PromotionKeepsEveryAcknowledgedWrite) {
  for (uint64_t round = 0; round < Rounds(); ++round) {
    Node leader;
    Node one;
    Node two;
    ASSERT_NO_FATAL_FAILURE(leader.Start({"--demo"}));
    ASSERT_NO_FATAL_FAILURE(one.Start({"--follow", leader.listen()}));
    ASSERT_NO_FATAL_FAILURE(two.Start({"--follow", leader.listen()}));
    leader.Stop();
    ASSERT_NO_FATAL_FAILURE(
        leader.Start({"--durability", "replica", "--replica-timeout-ms", "1000"}));
    std::vector<std::string> acknowledged;
    std::thread load([&] {
      httplib::Client client = leader.Client();
      for (int i = 0;; ++i) {
        const std::string email =
            "r" + std::to_string(round) + "-" + std::to_string(i) + "@cluster.example";
        const httplib::Result answer = Subscribe(client, email);
        if (!answer) return;
        if (answer->status != 201) continue;
        EXPECT_EQ(answer->get_header_value("Tenantry-Durability"), "replica");
        acknowledged.push_back(email);
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(200 + 50 * (round % 5)));
    leader.Kill();
    load.join();
    ASSERT_FALSE(acknowledged.empty());

    // The one that is behind refuses; the other takes over, and the first follows it.
    auto [code, text] = one.Admin({"promote"});
    Node* now = &one;
    Node* other = &two;
    if (code == 6) {
      EXPECT_NE(text.find("ahead"), std::string::npos) << text;
      std::tie(code, text) = two.Admin({"promote"});
      std::swap(now, other);
    }
    ASSERT_EQ(code, 0) << text;
    httplib::Client client = now->Client();
    for (const std::string& email : acknowledged) ASSERT_TRUE(IsThere(client, email)) << email;
    const httplib::Result fresh =
        Subscribe(client, "fresh" + std::to_string(round) + "@cluster.example");
    ASSERT_TRUE(fresh && fresh->status == 201);
    const std::string position = fresh->get_header_value("Tenantry-Position");
    EXPECT_TRUE(position.starts_with("2.")) << position;
    EXPECT_TRUE(Eventually([&] { return now->Digest() == other->Digest(); }))
        << now->Digest() << other->Digest();
  }
}

TEST(ClusterTest, WithoutAFollowerAWriteEndsUnknownNotAcknowledged) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(follower.Start({"--follow", leader.listen()}));
  leader.Stop();
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--durability", "replica", "--replica-timeout-ms", "300"}));
  httplib::Client client = leader.Client();
  const httplib::Result held = Subscribe(client, "held@cluster.example");
  ASSERT_TRUE(held && held->status == 201);
  follower.Kill();
  const httplib::Result unknown = Subscribe(client, "unknown@cluster.example");
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->status, 503);
  EXPECT_NE(unknown->body.find("Idempotency-Key"), std::string::npos) << unknown->body;
  // Back with its follower, the write is there: it was never taken back.
  ASSERT_NO_FATAL_FAILURE(follower.Start({"--follow", leader.listen()}));
  EXPECT_TRUE(Eventually([&] { return IsThere(client, "unknown@cluster.example"); }));
}

TEST(ClusterTest, HandoffLosesNothingAndTheOldLeaderFollows) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(follower.Start({"--follow", leader.listen()}));
  httplib::Client at_leader = leader.Client();
  ASSERT_EQ(Subscribe(at_leader, "before@cluster.example")->status, 201);
  const auto [refused, why] = follower.Admin({"promote"});
  EXPECT_EQ(refused, 6) << why;
  const auto [code, text] = leader.Admin({"handoff", "--to", follower.listen()});
  ASSERT_EQ(code, 0) << text;
  httplib::Client at_follower = follower.Client();
  EXPECT_TRUE(IsThere(at_follower, "before@cluster.example"));
  const httplib::Result after = Subscribe(at_follower, "after@cluster.example");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->status, 201);
  EXPECT_TRUE(Eventually([&] {
    const httplib::Result sent = Subscribe(at_leader, "sent@cluster.example");
    return sent && sent->status == 307;
  }));
  EXPECT_TRUE(Eventually([&] { return leader.Digest() == follower.Digest(); }));
}

}  // namespace
}  // namespace tenantry::replication
