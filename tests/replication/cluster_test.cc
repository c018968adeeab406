// Goal: what clients see of a cluster: reads on followers with their positions, writes sent to the leader, durability `replica`,
// handoff, and equal digests everywhere.
// Method: the built binary as one leader and two followers on loopback, driven over HTTP.

#include <csignal>
#include <filesystem>

#include "tests/replication/cluster_harness.h"

namespace tenantry::replication {
namespace {

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
  EXPECT_NE(sent->body.find("the leader does"), std::string::npos) << sent->body;

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
  const auto [asked, answer] = follower.Admin({"promote"});
  EXPECT_EQ(asked, 7) << answer;
  EXPECT_NE(answer.find("no server runs"), std::string::npos) << answer;
}

// Goal: a handoff that cannot be done changes nothing, also on a node that followed before it led.
TEST(ClusterTest, AHandoffToNobodyChangesNothing) {
  Node one;
  Node two;
  ASSERT_NO_FATAL_FAILURE(one.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(two.Start({"--follow", one.listen()}));
  ASSERT_TRUE(Eventually([&] { return one.Digest() == two.Digest(); }));
  const auto [given, said] = one.Admin({"handoff", "--to", two.listen()});
  ASSERT_EQ(given, 0) << said;
  for (const std::string& address : {std::string("127.0.0.1:9"), two.listen()}) {
    const auto [refused, why] = two.Admin({"handoff", "--to", address});
    EXPECT_EQ(refused, 4) << why;
    EXPECT_NE(why.find("no follower that listens at " + address), std::string::npos) << why;
  }
  httplib::Client client = two.Client();
  const httplib::Result written = Subscribe(client, "after@handoff.example");
  ASSERT_TRUE(written) << "it does not answer any more";
  EXPECT_EQ(written->status, 201) << written->body;
  EXPECT_TRUE(Eventually([&] { return one.Digest() == two.Digest(); }));
}

// Goal: a leader that was replaced while nobody could reach it stops by itself, once it hears of it, and follows; so does one that is
// started again as if nothing had happened.
TEST(ClusterTest, AReplacedLeaderFollowsItsSuccessor) {
  Node one;
  Node two;
  ASSERT_NO_FATAL_FAILURE(one.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(two.Start({"--follow", one.listen()}));
  ASSERT_TRUE(Eventually([&] { return one.Digest() == two.Digest(); }));
  one.Signal(SIGSTOP);
  const auto [promoted, said] = two.Admin({"promote"});
  EXPECT_EQ(promoted, 0) << said;
  httplib::Client at_two = two.Client();
  ASSERT_EQ(Subscribe(at_two, "two@replaced.example")->status, 201);
  one.Signal(SIGCONT);
  ASSERT_TRUE(Eventually([&] { return one.Digest() == two.Digest(); }));
  httplib::Client at_one = one.Client();
  EXPECT_EQ(Subscribe(at_one, "one@replaced.example")->status, 307);

  two.Kill();
  const auto [again, text] = one.Admin({"promote"});
  ASSERT_EQ(again, 0) << text;
  ASSERT_EQ(Subscribe(at_one, "one@replaced.example")->status, 201);
  ASSERT_NO_FATAL_FAILURE(two.Start({}));
  httplib::Client restarted = two.Client();
  EXPECT_NE(Subscribe(restarted, "late@replaced.example")->status, 201);
  EXPECT_TRUE(Eventually([&] { return one.Digest() == two.Digest(); }));
}

// Goal: two nodes with one id never count as two that have an entry.
TEST(ClusterTest, ACopiedFolderIsRefused) {
  Node leader;
  Node follower;
  Node copy;
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(follower.Start({"--follow", leader.listen()}));
  ASSERT_TRUE(Eventually([&] { return leader.Digest() == follower.Digest(); }));
  follower.Stop();
  std::filesystem::copy(follower.data(), copy.data(), std::filesystem::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(follower.Start({"--follow", leader.listen()}));
  ASSERT_TRUE(Eventually([&] {
    return leader.Admin({"replication"}).second.find(follower.listen()) != std::string::npos;
  }));
  ASSERT_NO_FATAL_FAILURE(copy.Start({"--follow", leader.listen()}));
  EXPECT_TRUE(Eventually([&] { return copy.Client().Get("/readyz")->status == 503; }));
  const httplib::Result ready = copy.Client().Get("/readyz?verbose");
  EXPECT_NE(ready->body.find("refused by its leader"), std::string::npos) << ready->body;
  const std::string listed = leader.Admin({"replication"}).second;
  EXPECT_NE(listed.find(follower.listen()), std::string::npos) << listed;
  EXPECT_EQ(listed.find(copy.listen()), std::string::npos) << listed;
  // So is the leader's own.
  follower.Stop();
  copy.Stop();
  std::filesystem::remove_all(copy.data());
  leader.Stop();
  std::filesystem::copy(leader.data(), copy.data(), std::filesystem::copy_options::recursive);
  ASSERT_NO_FATAL_FAILURE(leader.Start({}));
  ASSERT_NO_FATAL_FAILURE(copy.Start({"--follow", leader.listen()}));
  EXPECT_TRUE(Eventually([&] { return copy.Client().Get("/readyz")->status == 503; }));
}

// Goal: with --follower-writes proxy a client needs to know one node only; a repeated request is still done once.
TEST(ClusterTest, AFollowerPassesWritesOn) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(
      follower.Start({"--follow", leader.listen(), "--follower-writes", "proxy"}));
  httplib::Client client = follower.Client();
  const httplib::Headers keyed = {{"Idempotency-Key", "passed-on"}};
  ASSERT_TRUE(Eventually([&] { return follower.Client().Get("/readyz")->status == 200; }));
  const httplib::Result first = Subscribe(client, "passed@cluster.example", keyed);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 201) << first->body;
  EXPECT_EQ(first->get_header_value("Tenantry-Durability"), "disk");
  const std::string position = first->get_header_value("Tenantry-Position");
  const httplib::Result read = client.Get(kRead, {{"Tenantry-Min-Position", position}});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, 200);
  const httplib::Result again = Subscribe(client, "passed@cluster.example", keyed);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 201);
  EXPECT_EQ(again->body, first->body);
  EXPECT_EQ(again->get_header_value("Idempotent-Replayed"), "true");
  const httplib::Result bad = client.Post("/email-subscribers", "{", "application/json");
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->status, 400);
  // What came from another node goes no further.
  const httplib::Result once =
      Subscribe(client, "twice@cluster.example", {{"Tenantry-Forwarded", "1"}});
  ASSERT_TRUE(once);
  EXPECT_EQ(once->status, 307);
  leader.Kill();
  const httplib::Result alone = Subscribe(client, "alone@cluster.example");
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->status, 503) << alone->body;
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
