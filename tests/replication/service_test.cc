// Goal: followers hold exactly the leader's history, whatever happens to the connections between them.
// Method: real engines in this process, services on loopback sockets, a proxy that cuts, stalls and flips bytes.

#include "replication/service.h"

#include <optional>

#include "tests/replication/service_harness.h"

namespace tenantry::replication {
namespace {

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

// Goal: what a follower shows is a state that the leader had, whole, and never an older one than before.
// Method: accounts whose sum stays, and seats of which free and taken make up all, change in one command each; readers of the
// follower add them up meanwhile.
TEST(ServiceTest, AFollowerNeverShowsHalfACommand) {
  constexpr int kAccounts = 12;
  constexpr int64_t kSum = 1'200;
  constexpr int64_t kSeats = 50;
  constexpr int kChanges = 1'500;
  constexpr uint64_t kLooks = 10;
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  const TenantRef shop = MakeShop(leader.engine());
  const auto change = [&](const Engine::Plan& plan) {
    const Outcome outcome =
        leader.engine().Execute(shop, {1, "test", "r"}, ReadTier::kBlocking, plan);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.ToString();
  };
  const auto account = [](int i) { return "account" + std::to_string(i); };
  change([&](Transaction& tx) -> Status {
    for (int i = 0; i < kAccounts; ++i) {
      TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, account(i), "n", 0, kSum / kAccounts));
    }
    return tx.SetCounter(kFamily, "free", "n", 0, kSeats);
  });
  ASSERT_NO_FATAL_FAILURE(follower.Start(leader.service().listen_address()));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));

  std::atomic<bool> stop{false};
  std::atomic<uint64_t> looks{0};
  std::vector<Thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back("reader", [&] {
      Position newest;
      while (!stop) {
        const ReadView view = follower.engine().View();
        const Position position = follower.engine().PositionOf(view);
        EXPECT_GE(position, newest);
        newest = position;
        const SpaceReader space = view.Space(shop, ReadTier::kBlocking);
        int64_t sum = 0;
        for (int i = 0; i < kAccounts; ++i) sum += *space.Counter(kFamily, account(i), "n");
        EXPECT_EQ(sum, kSum);
        int64_t held = 0;
        for (int i = 0; i < kSeats; ++i) {
          held += *space.Counter(kFamily, "seat" + std::to_string(i), "n");
        }
        EXPECT_EQ(held, *space.Counter(kFamily, "taken", "n"));
        EXPECT_EQ(held + *space.Counter(kFamily, "free", "n"), kSeats);
        ++looks;
      }
    });
  }
  SeededRandom random(11);
  // On a busy machine all changes may be made before a reader has run once: then there are more of them.
  for (int i = 0; i < kChanges || (looks <= kLooks && i < 100 * kChanges); ++i) {
    const int from = static_cast<int>(random.Below(kAccounts));
    const int to = (from + 1 + static_cast<int>(random.Below(kAccounts - 1))) % kAccounts;
    change([&](Transaction& tx) -> Status {
      TNT_ASSIGN_OR_RETURN(const int64_t a, tx.Counter(kFamily, account(from), "n"));
      TNT_ASSIGN_OR_RETURN(const int64_t b, tx.Counter(kFamily, account(to), "n"));
      TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, account(from), "n", 0, a - 7));
      return tx.SetCounter(kFamily, account(to), "n", 0, b + 7);
    });
    const std::string seat = "seat" + std::to_string(random.Below(kSeats));
    change([&](Transaction& tx) -> Status {
      TNT_ASSIGN_OR_RETURN(const int64_t held, tx.Counter(kFamily, seat, "n"));
      TNT_ASSIGN_OR_RETURN(const int64_t taken, tx.Counter(kFamily, "taken", "n"));
      const int64_t step = held == 0 ? 1 : -1;
      TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, seat, "n", 0, held + step));
      TNT_RETURN_IF_ERROR(tx.SetCounter(kFamily, "taken", "n", 0, taken + step));
      return tx.SetCounter(kFamily, "free", "n", 0, kSeats - taken - step);
    });
  }
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  stop = true;
  for (Thread& reader : readers) reader.Join();
  EXPECT_GT(looks, kLooks);
}

// Goal: nodes are upgraded one by one; the newer format is written only when every listed node reads it, and from then on an older
// program cannot join.
TEST(ServiceTest, TheFormatIsRaisedOnceEveryNodeKnowsIt) {
  Node leader;
  Node follower;
  leader.format_max = 2;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  const TenantRef shop = MakeShop(leader.engine());
  const std::string address = leader.service().listen_address();
  ASSERT_NO_FATAL_FAILURE(follower.Start(address));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  std::string report;
  const Status early = leader.service().Finalize(&report);
  EXPECT_EQ(early.code(), StatusCode::kConflict) << report;
  EXPECT_NE(early.message().find("must be upgraded first"), std::string_view::npos);
  EXPECT_EQ(*ClusterFormatVersion(leader.engine()), 1u);
  const std::string listen = follower.service().listen_address();
  follower.Stop();
  EXPECT_EQ(leader.service().Finalize(&report).code(), StatusCode::kConflict);

  follower.format_max = 2;
  ASSERT_NO_FATAL_FAILURE(follower.Start(address, listen));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  const Status raised = leader.service().Finalize(&report);
  ASSERT_TRUE(raised.ok()) << raised.ToString() << report;
  EXPECT_EQ(*ClusterFormatVersion(leader.engine()), 2u);
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  EXPECT_EQ(*ClusterFormatVersion(follower.engine()), 2u);

  Node late;
  ASSERT_NO_FATAL_FAILURE(late.Start(address));
  const uint64_t last = Add(leader.engine(), shop, 10);
  leader.engine().WaitReleased(last);
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  EXPECT_FALSE(late.service().Report().connected);
  EXPECT_EQ(late.engine().position().index, 0u);
}

// Goal: a node that is gone for good is taken off the list, and then stands in nobody's way.
TEST(ServiceTest, AFollowerThatIsGoneIsTakenOffTheList) {
  Node leader;
  Node one;
  Node two;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  MakeShop(leader.engine());
  ASSERT_NO_FATAL_FAILURE(one.Start(leader.service().listen_address()));
  ASSERT_NO_FATAL_FAILURE(two.Start(leader.service().listen_address()));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, one) && Converged(leader, two); }));
  const std::string gone = two.service().listen_address();
  EXPECT_EQ(leader.service().RemoveFollower(gone).code(), StatusCode::kConflict);
  EXPECT_EQ(leader.service().RemoveFollower("127.0.0.1:1").code(), StatusCode::kNotFound);
  EXPECT_EQ(one.service().RemoveFollower(gone).code(), StatusCode::kConflict);
  two.Stop();
  ASSERT_TRUE(Eventually([&] { return leader.service().RemoveFollower(gone).ok(); }));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, one); }));
  leader.Stop();
  std::string report;
  const Status promoted = one.service().Promote(false, &report);
  EXPECT_TRUE(promoted.ok()) << promoted.ToString();
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

// Goal: who promised a node to follow it is not sent back to the old leader because it comes while that node is still asking others.
// Method: the old leader accepts connections and says nothing, so the promotion waits for it.
TEST(ServiceTest, ANodeThatIsBeingPromotedSendsNobodyToItsOldLeader) {
  Node leader;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  Add(leader.engine(), MakeShop(leader.engine()), 5);
  Node next;
  ASSERT_NO_FATAL_FAILURE(next.Start(leader.service().listen_address()));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, next); }));
  next.Stop();
  leader.Stop();
  std::string silent;
  const Result<Socket> listener = ListenOn("127.0.0.1:0", &silent);
  ASSERT_TRUE(listener.ok());
  ASSERT_NO_FATAL_FAILURE(next.Start(silent));
  SystemRandom random;
  // Where a follower that comes is sent; nothing once it is welcome.
  const auto sent_to = [&]() -> std::optional<std::string> {
    const Result<Message> answer =
        Ask(next.service().listen_address(), "a secret of this cluster", Hello{}, 2'000, random);
    EXPECT_TRUE(answer.ok()) << answer.status().ToString();
    const Refusal* refusal = answer.ok() ? std::get_if<Refusal>(&*answer) : nullptr;
    return refusal ? std::optional<std::string>(refusal->leader_address) : std::nullopt;
  };
  EXPECT_EQ(sent_to(), silent);
  Status promoted;
  {
    std::string report;
    Thread promotion("promotion", [&] { promoted = next.service().Promote(false, &report); });
    EXPECT_TRUE(Eventually([&] { return sent_to() != silent; }));
    EXPECT_EQ(sent_to(), "") << "the promotion takes a second and a half";
    promotion.Join();
  }
  EXPECT_TRUE(promoted.ok()) << promoted.ToString();
  EXPECT_EQ(sent_to(), std::nullopt);
}

}  // namespace
}  // namespace tenantry::replication
