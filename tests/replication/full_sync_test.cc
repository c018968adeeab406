// Goal: a follower that cannot catch up from the log copies everything, comes out equal, and shows nothing before; whatever
// happens to the connection, and to either side.
// Method: real engines in this process and a leader that keeps little log; a proxy that breaks connections at random bytes.

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "engine/commands.h"
#include "engine/counters/sketch_deltas.h"
#include "engine/counters/sketch_row.h"
#include "replication/rescue_file.h"
#include "replication/rescue_replay.h"
#include "tests/replication/service_harness.h"

namespace tenantry::replication {
namespace {

constexpr size_t kDataBytes = 3u << 20;

uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* set = std::getenv(name);
  return set == nullptr ? otherwise : std::strtoull(set, nullptr, 10);
}

// A leader whose log begins far behind entry 1.
void StartTrimmed(Node* leader, SeededRandom& random) {
  leader->retain_bytes = 128u << 10;
  ASSERT_NO_FATAL_FAILURE(leader->Start(""));
  const TenantRef shop = MakeShop(leader->engine());
  leader->engine().WaitReleased(AddBulk(leader->engine(), shop, kDataBytes, random));
  ASSERT_TRUE(leader->engine().FlushForTest().ok());
  ASSERT_GT(leader->engine().log().first_index(), 1u);
}

TenantRef Shop(Engine& engine) {
  return tenant::Directory::Find(engine.View(), "shop", schema::TenantKind::SHOP,
                                 ReadTier::kBlocking)
      ->ref;
}

TEST(FullSyncTest, AFollowerTheLogDoesNotReachCopiesEverything) {
  SeededRandom random(1);
  Node leader;
  ASSERT_NO_FATAL_FAILURE(StartTrimmed(&leader, random));
  Node follower;
  ASSERT_NO_FATAL_FAILURE(follower.Start(leader.service().listen_address()));
  ASSERT_TRUE(Eventually([&] { return SameState(leader, follower); }));
  EXPECT_EQ(follower.restarts, 1);
  EXPECT_FALSE(follower.service().Syncing());
  EXPECT_GT(follower.engine().log().first_index(), 1u);
  // From here on it streams, restarts and may be promoted like any other.
  leader.engine().WaitReleased(Add(leader.engine(), Shop(leader.engine()), 20));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  const std::string address = leader.service().listen_address();
  follower.Stop();
  ASSERT_NO_FATAL_FAILURE(follower.Start(address));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  EXPECT_EQ(follower.restarts, 1);
  leader.Stop();
  std::string report;
  const Status promoted = follower.service().Promote(false, &report);
  EXPECT_TRUE(promoted.ok()) << promoted.ToString() << report;
  Add(follower.engine(), Shop(follower.engine()), 5);
}

// Goal: what is not whole leads nothing and is not shown; the copy keeps to its speed.
TEST(FullSyncTest, ANodeThatCopiesIsNeverPromoted) {
  SeededRandom random(2);
  Node leader;
  leader.sync_bytes_per_second = 1u << 20;
  ASSERT_NO_FATAL_FAILURE(StartTrimmed(&leader, random));
  Node follower;
  ASSERT_NO_FATAL_FAILURE(follower.Start(leader.service().listen_address()));
  ASSERT_TRUE(Eventually([&] { return follower.service().Report().sync.here_bytes > 0; }));
  EXPECT_TRUE(follower.service().Syncing());
  EXPECT_EQ(follower.service().Report().self.role, Role::kSyncing);
  std::string report;
  EXPECT_EQ(follower.service().Promote(true, &report).code(), StatusCode::kConflict);
  EXPECT_LT(follower.service().Report().sync.here_bytes,
            follower.service().Report().sync.total_bytes);
  // Also after a restart in the middle, and what is here is not sent again.
  follower.Stop();
  const std::string address = leader.service().listen_address();
  ASSERT_NO_FATAL_FAILURE(follower.Start(address));
  EXPECT_TRUE(follower.service().Syncing());
  EXPECT_EQ(follower.service().Promote(true, &report).code(), StatusCode::kConflict);
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  EXPECT_TRUE(Eventually([&] { return SameState(leader, follower); }));
}

// One round: a new follower, one fault somewhere in its copy or in the stream behind it.
void RunRound(uint64_t round, uint64_t seed, Node& leader, SeededRandom& random) {
  using enum Proxy::Fault;
  constexpr std::array kFaults = {kCut,    kFlip,     kInject, kCut,  kSlow, kDelay, kStall,
                                  kOneWay, kOtherWay, kCut,    kNone, kNone, kNone};
  const size_t kind = round % kFaults.size();
  SCOPED_TRACE("round " + std::to_string(round) + ", TNT_SEED=" + std::to_string(seed));
  const std::string address = leader.service().listen_address();
  Proxy proxy(address);
  const uint64_t sent_before = leader.service().Report().sync_sent_bytes;
  proxy.Set(kFaults[kind], random.Below(kDataBytes));
  Node follower;
  follower.Start(proxy.address());
  if (::testing::Test::HasFatalFailure()) return;
  bool leader_restarted = false;
  if (kind >= 10) {
    ASSERT_TRUE(Eventually([&] {
      return follower.RestartIfWanted() || follower.service().Report().sync.here_bytes > 0;
    }));
  }
  if (kind == 10) {
    follower.Stop();
    follower.Start(proxy.address());
  } else if (kind == 11) {
    leader.Stop();
    leader.Start("", address);
    leader_restarted = true;
  }
  // Meanwhile the leader goes on, and trims its log.
  const TenantRef shop = Shop(leader.engine());
  leader.engine().WaitReleased(AddBulk(leader.engine(), shop, 300u << 10, random));
  ASSERT_TRUE(leader.engine().FlushForTest().ok());
  ASSERT_TRUE(Eventually([&] { return SameState(leader, follower); }));
  EXPECT_LE(follower.restarts, 2);
  if (leader_restarted || follower.restarts == 0) return;
  // Every byte once, and one chunk more per interruption.
  const ServiceReport report = leader.service().Report();
  const uint64_t sent = report.sync_sent_bytes - sent_before;
  const uint64_t interruptions = proxy.connections() + (kind == 10 ? 1 : 0);
  EXPECT_LE(sent, report.checkpoint_bytes + interruptions * kChunkBytes);
}

TEST(FullSyncTest, ConvergesThroughEveryFault) {
  const uint64_t rounds = Setting("TNT_SYNC_ROUNDS", 30);
  const uint64_t seed = Setting("TNT_SEED", 3);
  SeededRandom random(seed);
  Node leader;
  ASSERT_NO_FATAL_FAILURE(StartTrimmed(&leader, random));
  for (uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    RunRound(round, seed, leader, random);
  }
}

// Goal: writes hardly notice that a follower copies everything.
// Method: the time of single writes without and with a copy under way. Printed always, judged where nothing else runs (soak).
TEST(FullSyncTest, PrintsWhatACopyCostsTheLeader) {
  SeededRandom random(5);
  Node leader;
  leader.sync_bytes_per_second = 3u << 20;
  ASSERT_NO_FATAL_FAILURE(StartTrimmed(&leader, random));
  const TenantRef shop = Shop(leader.engine());
  const SystemClock clock;
  const auto p99_ms = [&](const std::function<bool()>& goes_on) {
    std::vector<int64_t> times;
    while (goes_on()) {
      const int64_t start_ns = clock.NowBootNs();
      leader.engine().WaitReleased(Add(leader.engine(), shop, 1));
      times.push_back(clock.NowBootNs() - start_ns);
    }
    std::sort(times.begin(), times.end());
    return times.empty() ? 0.0 : static_cast<double>(times[times.size() * 99 / 100]) / 1e6;
  };
  const int64_t until_ns = clock.NowBootNs() + 1'000'000'000;
  const double alone = p99_ms([&] { return clock.NowBootNs() < until_ns; });
  Node follower;
  ASSERT_NO_FATAL_FAILURE(follower.Start(leader.service().listen_address()));
  const double copied = p99_ms([&] { return !follower.service().RestartWanted(); });
  std::printf("p99 of a write: %.2f ms alone, %.2f ms with a copy under way\n", alone, copied);
  const bool judged = std::getenv("TNT_SYNC_ROUNDS") != nullptr;
  EXPECT_TRUE(!judged || copied <= 2 * alone);
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
}

// Goal: what an old leader acknowledged and its successor replaced is kept, listed exactly, and replayed once.
TEST(FullSyncTest, AnOldLeadersEntriesAreRescuedAndReplayedOnce) {
  Node old_leader;
  Node new_leader;
  ASSERT_NO_FATAL_FAILURE(old_leader.Start(""));
  const TenantRef shop = MakeShop(old_leader.engine());
  Add(old_leader.engine(), shop, 10);
  const auto visit = [](Engine& engine, uint64_t visitor) {
    const Outcome outcome =
        engine.Execute(Shop(engine), {1, "test", "r"}, ReadTier::kBlocking, [&](Transaction& tx) {
          counters::SketchDeltas deltas;
          deltas.Add(kFamily, "owner", 1, visitor << 52 | 1);  // Names a register.
          return deltas.WriteTo(tx);
        });
    EXPECT_TRUE(outcome.status.ok());
  };
  const auto seal = [](Engine& engine) {
    const Outcome outcome = engine.Execute(
        Shop(engine), {static_cast<uint16_t>(CommandKind::kSeal), "system", ""},
        ReadTier::kBlocking, [&](Transaction& tx) -> Status {
          TNT_RETURN_IF_ERROR(counters::SealSketches(tx, kFamily, "owner", 1, 2, 100).status());
          return tx.SetMeta("sealed/250/owner", "until");
        });
    EXPECT_TRUE(outcome.status.ok());
    engine.WaitReleased(outcome.release_index);
  };
  for (uint64_t visitor = 0; visitor < 1000; visitor += 100) visit(old_leader.engine(), visitor);
  seal(old_leader.engine());
  const std::string old_address = old_leader.service().listen_address();
  const uint64_t unlisted = DirectoryRows(old_leader.engine());
  ASSERT_NO_FATAL_FAILURE(new_leader.Start(old_address));
  ASSERT_TRUE(Eventually([&] {
    return DirectoryRows(old_leader.engine()) > unlisted && SameState(old_leader, new_leader);
  }));
  const std::string new_address = new_leader.service().listen_address();
  new_leader.Stop();

  // Acknowledged by the old leader alone: counters that nobody else touched, one that the new leader moves too and that keeps
  // both sums, a sketch that both take something more into and seal again, and a row that the new leader writes as well, which is
  // left out. What the old leader removed from a block when it sealed is not all that the new one has there.
  const uint64_t common = old_leader.engine().position().index;
  const auto set = [](Engine& engine, const std::string& owner, int64_t value) {
    const Outcome outcome = engine.Execute(
        Shop(engine), {1, "test", "r"}, ReadTier::kBlocking,
        [&](Transaction& tx) { return tx.SetCounter(kFamily, owner, "n", 0, value); });
    EXPECT_TRUE(outcome.status.ok());
    engine.WaitReleased(outcome.release_index);
  };
  const auto mark = [](Engine& engine, const std::string& value) {
    const Outcome outcome = engine.Execute(Shop(engine), {1, "test", "r"}, ReadTier::kBlocking,
                                           [&](Transaction& tx) { return tx.SetMeta("m", value); });
    EXPECT_TRUE(outcome.status.ok());
    engine.WaitReleased(outcome.release_index);
  };
  for (int i = 0; i < 7; ++i) set(old_leader.engine(), "own" + std::to_string(i), 100 + i);
  set(old_leader.engine(), "both", 1);
  mark(old_leader.engine(), "old");
  set(old_leader.engine(), "both", 2);
  visit(old_leader.engine(), 50);
  seal(old_leader.engine());
  const uint64_t old_end = old_leader.engine().position().index;
  old_leader.Stop();
  ASSERT_NO_FATAL_FAILURE(new_leader.Start(old_address, new_address));
  std::string report;
  ASSERT_TRUE(new_leader.service().Promote(false, &report).ok()) << report;
  set(new_leader.engine(), "both", 3);
  mark(new_leader.engine(), "new");
  visit(new_leader.engine(), 3000);
  seal(new_leader.engine());
  visit(new_leader.engine(), 51);

  ASSERT_NO_FATAL_FAILURE(old_leader.Start(new_address, old_address));
  ASSERT_TRUE(Eventually([&] { return Converged(new_leader, old_leader); }));
  EXPECT_EQ(old_leader.restarts, 1);
  EXPECT_TRUE(Eventually([&] { return SameState(new_leader, old_leader); }));

  PosixFileSystem files;
  const auto paths = ListRescueFiles(files, old_leader.folder() + "/data");
  ASSERT_TRUE(paths.ok());
  ASSERT_EQ(paths->size(), 1u);
  RescueHead head;
  std::vector<uint64_t> indexes;
  ASSERT_TRUE(ReadRescueFile(files, paths->front(), &head, [&](const log::EntryView& entry) {
                indexes.push_back(entry.header.index);
                return Status::Ok();
              }).ok());
  EXPECT_EQ(head.before.position.index, common);
  ASSERT_EQ(indexes.size(), old_end - common);
  EXPECT_EQ(indexes.front(), common + 1);

  EXPECT_EQ(ReplayRescueFile(old_leader.engine(), paths->front()).status().code(),
            StatusCode::kUnavailable);
  for (int run = 0; run < 2; ++run) {
    const auto lines = ReplayRescueFile(new_leader.engine(), paths->front());
    ASSERT_TRUE(lines.ok()) << lines.status().ToString();
    size_t applied = 0;
    size_t before = 0;
    size_t changed = 0;
    for (const ReplayedLine& line : *lines) {
      applied += line.fate == ReplayedLine::Fate::kApplied ? 1 : 0;
      before += line.fate == ReplayedLine::Fate::kDoneBefore ? 1 : 0;
      changed += line.fate == ReplayedLine::Fate::kChangedSince ? 1 : 0;
    }
    EXPECT_EQ(run == 0 ? applied : before, 11u);
    EXPECT_EQ(run == 0 ? before : applied, 0u);
    EXPECT_EQ(changed, 1u);
  }
  const auto value = [&](Engine& engine, const std::string& owner) {
    return *engine.View().Space(Shop(engine), ReadTier::kBlocking).Counter(kFamily, owner, "n");
  };
  EXPECT_EQ(value(new_leader.engine(), "own6"), 106);
  EXPECT_EQ(value(new_leader.engine(), "both"), 3 + 2);
  const SpaceReader space =
      new_leader.engine().View().Space(Shop(new_leader.engine()), ReadTier::kBlocking);
  EXPECT_EQ(std::llround(counters::ReadSketches(space, kFamily, "owner", 1, 2)->Estimate()), 13);
  ASSERT_TRUE(Eventually([&] { return Converged(new_leader, old_leader); }));
  EXPECT_TRUE(Eventually([&] { return SameState(new_leader, old_leader); }));

  // A file with a changed byte replays nothing.
  std::string bytes = *ReadFile(files, paths->front(), 1u << 20);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(ReplaceFile(files, paths->front(), bytes).ok());
  EXPECT_EQ(ReplayRescueFile(new_leader.engine(), paths->front()).status().code(),
            StatusCode::kCorruption);
}

// Goal: an old leader whose last entries nobody confirmed cuts them off; it needs no copy, and there is nothing to rescue.
TEST(FullSyncTest, EntriesThatNobodySawAreCutOff) {
  Node old_leader;
  Node next;
  ASSERT_NO_FATAL_FAILURE(old_leader.Start(""));
  const TenantRef shop = MakeShop(old_leader.engine());
  Add(old_leader.engine(), shop, 10);
  const std::string old_address = old_leader.service().listen_address();
  const uint64_t unlisted = DirectoryRows(old_leader.engine());
  ASSERT_NO_FATAL_FAILURE(next.Start(old_address));
  ASSERT_TRUE(Eventually([&] {
    return DirectoryRows(old_leader.engine()) > unlisted && SameState(old_leader, next);
  }));
  const std::string address = next.service().listen_address();
  next.Stop();
  old_leader.Stop();
  old_leader.replica_acks = 1;
  ASSERT_NO_FATAL_FAILURE(old_leader.Start("", old_address));
  const uint64_t last = Add(old_leader.engine(), shop, 5);
  ASSERT_TRUE(Eventually([&] { return old_leader.engine().log().end().index == last; }));
  old_leader.Stop();
  ASSERT_NO_FATAL_FAILURE(next.Start(old_address, address));
  std::string report;
  ASSERT_TRUE(next.service().Promote(false, &report).ok()) << report;
  Add(next.engine(), Shop(next.engine()), 3);
  ASSERT_NO_FATAL_FAILURE(old_leader.Start(address, old_address));
  ASSERT_TRUE(Eventually([&] { return Converged(next, old_leader); }));
  EXPECT_EQ(old_leader.restarts, 1);
  EXPECT_EQ(next.service().Report().sync_sent_bytes, 0u);
  EXPECT_EQ(Count(old_leader.engine()), 13);
  EXPECT_TRUE(Eventually([&] { return SameState(next, old_leader); }));
  PosixFileSystem files;
  EXPECT_TRUE(ListRescueFiles(files, old_leader.folder() + "/data")->empty());
}

// Goal: what a follower has and its leader did not show yet stays unseen across a restart, and is there once it is shown.
TEST(FullSyncTest, ARestartShowsNothingThatIsNotConfirmed) {
  Node leader;
  Node follower;
  ASSERT_NO_FATAL_FAILURE(leader.Start(""));
  const TenantRef shop = MakeShop(leader.engine());
  const std::string address = leader.service().listen_address();
  ASSERT_NO_FATAL_FAILURE(follower.Start(address));
  leader.engine().WaitReleased(Add(leader.engine(), shop, 10));
  ASSERT_TRUE(Eventually([&] { return Converged(leader, follower); }));
  leader.Stop();
  // Of two followers that must confirm there is one.
  leader.replica_acks = 2;
  ASSERT_NO_FATAL_FAILURE(leader.Start("", address));
  const uint64_t last = Add(leader.engine(), shop, 5);
  ASSERT_TRUE(Eventually([&] { return follower.engine().log().end().index >= last; }));
  EXPECT_EQ(Count(follower.engine()), 10);
  leader.Stop();
  follower.Stop();
  ASSERT_NO_FATAL_FAILURE(follower.Start(address));
  EXPECT_EQ(follower.engine().log().end().index, last);
  EXPECT_EQ(Count(follower.engine()), 10);
  // Its promotion makes them part of the history.
  std::string report;
  ASSERT_TRUE(follower.service().Promote(false, &report).ok()) << report;
  EXPECT_EQ(Count(follower.engine()), 15);
}

}  // namespace
}  // namespace tenantry::replication
