// Goal: an old leader that comes back with writes of its own ends equal to the new one; what it had acknowledged is in its rescue
// file, no more and no less; replaying does each of them once.
// Method: two nodes that take turns: the follower is away while the leader acknowledges, the leader is killed, the other promoted.

#include <sstream>

#include "tests/replication/cluster_harness.h"

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
  ASSERT_TRUE(Eventually([&] { return old_leader.Digest() == next.Digest(); }));
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
  const json fresh = {{"shopId", "other-shop"}, {"email", std::to_string(round) + "@next.example"}};
  ASSERT_EQ(next.Client().Post("/email-subscribers", fresh.dump(), "application/json")->status,
            201);

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

}  // namespace
}  // namespace tenantry::replication
