// Goal: however many people want the same seat at the same instant, exactly as many get one as there are seats, everybody
// gets an answer, and a race costs few syncs.
// Method: the whole server in this process, one connection per member, all requests written before any answer is read.

#include "tests/contract/race_fixture.h"

// Under a sanitizer a booking takes longer than a sync, and each has a group of its own.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define TNT_SLOWED_DOWN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define TNT_SLOWED_DOWN
#endif
#endif

namespace tenantry::gym {
namespace {

TEST_F(RaceTest, TwentySeatsForTwoHundredMembers) {
  Connect(200);
  const std::string session = AddSession(clock_.NowUnixMs() + kDayMs, R"(,"capacity":20)");
  const size_t groups_before = engine().GroupSizesForTest().size();
  const std::map<int, int> statuses = Count(BookAll(session));
  EXPECT_EQ(statuses, (std::map<int, int>{{201, 20}, {409, 180}}));
  EXPECT_EQ(SessionNow(session)->getBookedCount(), 20);

  const std::vector<uint32_t> sizes = engine().GroupSizesForTest();
  std::printf("twenty bookings went to disk in groups of");
  for (size_t i = groups_before; i < sizes.size(); ++i) std::printf(" %u", sizes[i]);
  std::printf("\n");
#ifndef TNT_SLOWED_DOWN
  EXPECT_LT(sizes.size() - groups_before, 20u);
#endif
}

TEST_F(RaceTest, OneSeatHasOneWinner) {
  const int rounds = Rounds();
  Connect(16);
  int winners = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string session =
        AddSession(clock_.NowUnixMs() + (round + 1) * 2 * kHourMs, R"(,"capacity":1)");
    const std::map<int, int> statuses = Count(BookAll(session));
    ASSERT_EQ(statuses, (std::map<int, int>{{201, 1}, {409, 15}})) << "round " << round;
    ASSERT_EQ(SessionNow(session)->getBookedCount(), 1);
    ++winners;
  }
  EXPECT_EQ(winners, rounds);
}

}  // namespace
}  // namespace tenantry::gym
