// Goal: an old leader that comes back with writes of its own ends equal to the new one; what it had acknowledged is in its rescue
// file, no more and no less; replaying does each of them once.
// Method: two nodes that take turns: the follower is away while the leader acknowledges, the leader is killed, the other promoted.

#include <sstream>

#include "tests/replication/cluster_harness.h"
#include "tests/support/popup_design.h"

namespace tenantry::replication {
namespace {

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void RunRound(uint64_t round, Node& old_leader, Node& next) {
  SCOPED_TRACE("round " + std::to_string(round));
  const std::string old_address = old_leader.listen();
  ASSERT_TRUE(Eventually([&] { return old_leader.Digest() == next.Digest(); }))
      << old_leader.Digest() << next.Digest() << old_leader.LogEnd() << next.LogEnd();
  next.Stop();
  std::vector<std::string> acknowledged;
  httplib::Client client = old_leader.Client();
  for (uint64_t i = 0; i < 3 + round % 5; ++i) {
    const std::string email =
        "r" + std::to_string(round) + "-" + std::to_string(i) + "@old.example";
    ASSERT_EQ(Subscribe(client, email)->status, 201);
    acknowledged.push_back(email);
  }
  round % 2 == 0 ? old_leader.Kill() : old_leader.Stop();

  ASSERT_NO_FATAL_FAILURE(next.Start({"--follow", old_address}));
  const auto [promoted, text] = next.Admin({"promote"});
  ASSERT_EQ(promoted, 0) << text;
  // The same shop goes on, so that its counters move on both sides.
  httplib::Client fresh = next.Client();
  ASSERT_EQ(Subscribe(fresh, std::to_string(round) + "@next.example")->status, 201);

  const std::string before = old_leader.Admin({"rescue", "list"}).second;
  ASSERT_NO_FATAL_FAILURE(old_leader.Start({"--follow", next.listen()}));
  // Either side is killed wherever its copy stands.
  if (round % 3 == 1) {
    std::this_thread::sleep_for(std::chrono::milliseconds(7 * (round % 20)));
    old_leader.Kill();
    ASSERT_NO_FATAL_FAILURE(old_leader.Start({"--follow", next.listen()}));
  } else if (round % 3 == 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(7 * (round % 20)));
    next.Kill();
    ASSERT_NO_FATAL_FAILURE(next.Start({}));
  }
  ASSERT_TRUE(Eventually([&] { return old_leader.Digest() == next.Digest(); }))
      << old_leader.Digest() << next.Digest();
  const std::string after = old_leader.Admin({"rescue", "list"}).second;
  std::string path;
  std::istringstream lines(after);
  for (std::string line; std::getline(lines, line);) {
    if (before.find(line) == std::string::npos) path = line.substr(0, line.find('\t'));
  }
  ASSERT_FALSE(path.empty()) << after;
  const auto [shown, entries] = old_leader.Admin({"rescue", "show", "--file", path});
  EXPECT_EQ(shown, 0) << entries;
  EXPECT_EQ(CountOf(entries, "\tcommand 230\t"), acknowledged.size()) << entries;
  EXPECT_EQ(CountOf(entries, "\n"), acknowledged.size()) << entries;

  const auto [elsewhere, where] = old_leader.Admin({"rescue", "replay", "--file", path});
  EXPECT_EQ(elsewhere, 6) << where;
  const auto [replayed, said] = next.Admin({"rescue", "replay", "--file", path});
  EXPECT_EQ(replayed, 0) << said;
  EXPECT_EQ(CountOf(said, "applied as entry"), acknowledged.size()) << said;
  const auto [again, said_again] = next.Admin({"rescue", "replay", "--file", path});
  EXPECT_EQ(again, 0) << said_again;
  EXPECT_EQ(CountOf(said_again, "was replayed before"), acknowledged.size()) << said_again;
  httplib::Client at_next = next.Client();
  for (const std::string& email : acknowledged) {
    EXPECT_EQ(Subscribe(at_next, email)->status, 409) << email;
  }
  EXPECT_TRUE(Eventually([&] { return old_leader.Digest() == next.Digest(); }));
}

TEST(OldLeaderTest, ItsEntriesAreRescuedExactlyAndReplayedOnce) {
  Node one;
  Node two;
  ASSERT_NO_FATAL_FAILURE(one.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(two.Start({"--follow", one.listen()}));
  const uint64_t rounds = Setting("TNT_OLD_LEADER_ROUNDS", 5);
  for (uint64_t round = 0; round < rounds; ++round) {
    const bool even = round % 2 == 0;
    RunRound(round, even ? one : two, even ? two : one);
    if (::testing::Test::HasFailure()) return;
  }
}

json Made(Node& node, const std::string& path, const json& body) {
  const httplib::Result answer = node.Client().Post(path, body.dump(), "application/json");
  EXPECT_TRUE(answer && answer->status == 201) << path << (answer ? answer->body : "");
  return answer ? json::parse(answer->body, nullptr, false) : json();
}

// Goal: counters of one shop that both leaders moved keep both sums; what the new history contradicts is left out and listed.
// Method: views, edits and subscribers on both sides; one popup is edited on both, one deleted by the new leader. Then `verify`
// counts everything again.
TEST(OldLeaderTest, CountersAddUpAndContradictionsAreLeftOut) {
  Node old_leader;
  Node next;
  ASSERT_NO_FATAL_FAILURE(old_leader.Start({"--demo"}));
  ASSERT_NO_FATAL_FAILURE(next.Start({"--follow", old_leader.listen()}));
  const auto popup = [&](const char* name, const char* shop = "s") {
    return Made(old_leader, "/popups",
                {{"shopId", shop},
                 {"name", name},
                 {"triggerType", "exit_intent"},
                 {"design", PopupDesign()}})["id"]
        .get<std::string>();
  };
  const std::string kept = popup("kept"), edited = popup("edited"), deleted = popup("deleted");
  const auto view = [](Node& node, const std::string& id, const char* visitor) {
    Made(node, "/analytics/views", {{"popupId", id}, {"visitorId", visitor}});
  };
  const auto edit = [&edited](Node& node, const char* name) {
    const httplib::Result answer = node.Client().Patch(
        "/popups/" + edited + "?shopId=s", json({{"name", name}}).dump(), "application/json");
    ASSERT_TRUE(answer && answer->status == 200) << answer->body;
  };
  // Other shops, in partitions of their own.
  std::vector<std::string> others;
  for (const char* shop : {"t", "u", "v"}) {
    others.push_back(popup("p", shop));
    view(old_leader, others.back(), "before");  // The first one also makes the shop's secret.
  }
  view(old_leader, kept, "before");
  ASSERT_TRUE(Eventually([&] { return old_leader.Digest() == next.Digest(); }));
  next.Stop();

  view(old_leader, kept, "a");
  view(old_leader, kept, "b");
  for (const std::string& id : others) view(old_leader, id, "a");
  view(old_leader, deleted, "a");
  edit(old_leader, "by the old leader");
  view(old_leader, edited, "a");
  Made(old_leader, "/email-subscribers", {{"shopId", "s"}, {"email", "old@s.example"}});
  Made(old_leader, "/email-subscribers",
       {{"shopId", "s"}, {"email", "gone@s.example"}, {"popupId", deleted}});
  old_leader.Kill();

  ASSERT_NO_FATAL_FAILURE(next.Start({"--follow", old_leader.listen()}));
  const auto [promoted, text] = next.Admin({"promote"});
  ASSERT_EQ(promoted, 0) << text;
  view(next, kept, "b");
  for (const std::string& id : others) view(next, id, "b");
  view(next, kept, "c");
  view(next, kept, "d");
  edit(next, "by the new leader");
  Made(next, "/email-subscribers", {{"shopId", "s"}, {"email", "new@s.example"}});
  const httplib::Result erased = next.Client().Delete("/popups/" + deleted + "?shopId=s");
  ASSERT_TRUE(erased && erased->status / 100 == 2) << erased->status;

  ASSERT_NO_FATAL_FAILURE(old_leader.Start({"--follow", next.listen()}));
  ASSERT_TRUE(Eventually([&] { return old_leader.Digest() == next.Digest(); }));
  const std::string listed = old_leader.Admin({"rescue", "list"}).second;
  const std::string path = listed.substr(0, listed.find('\t'));
  for (const char* fate : {"applied as entry", "was replayed before"}) {
    const auto [replayed, said] = next.Admin({"rescue", "replay", "--file", path});
    EXPECT_EQ(replayed, 6) << said;
    // Two views, a view of the edited popup, a subscriber; and the other shops.
    EXPECT_EQ(CountOf(said, fate), 4 + others.size()) << said;
  }
  const auto stats = [&next](const std::string& id) {
    return json::parse(next.Client().Get("/analytics/popup/" + id)->body, nullptr, false);
  };
  EXPECT_EQ(stats(kept)["views"], 1 + 2 + 3);
  for (const std::string& id : others) EXPECT_EQ(stats(id)["views"], 3);
  EXPECT_EQ(stats(edited)["views"], 1);
  EXPECT_EQ(json::parse(next.Client().Get("/popups/" + edited + "?shopId=s")->body)["name"],
            "by the new leader");
  const std::string subscribers = next.Client().Get("/email-subscribers?shopId=s")->body;
  EXPECT_NE(subscribers.find("old@s.example"), std::string::npos) << subscribers;
  EXPECT_NE(subscribers.find("new@s.example"), std::string::npos) << subscribers;
  EXPECT_EQ(subscribers.find("gone@s.example"), std::string::npos) << subscribers;
  ASSERT_TRUE(Eventually([&] { return old_leader.Digest() == next.Digest(); }));
  next.Stop();
  const auto [sound, verified] = next.Admin({"verify"});
  EXPECT_EQ(sound, 0) << verified;
}

}  // namespace
}  // namespace tenantry::replication
