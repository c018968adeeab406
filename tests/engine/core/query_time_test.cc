// Q2 of crosscutting.md: no scan or sum on a worker runs for longer than its request may read.

#include "engine/work_trace.h"
#include "tests/support/engine_fixture.h"

namespace tenantry {
namespace {

class QueryTimeTest : public EngineFixture {
 protected:
  // Reads `rows` rows one by one; the first refusal.
  static Status ReadRows(const SpaceReader& space, int rows) {
    for (int i = 0; i < rows; ++i) {
      const Result<int64_t> value = space.Counter(250, "owner", "n");
      if (!value.ok()) return value.status();
    }
    return Status::Ok();
  }
  const TenantRef shop_ = CreateTenant("shop");
};

TEST_F(QueryTimeTest, Q2AQueryThatTakesTooLongIsUnavailable) {
  WorkTrace trace(clock_, 1'000'000'000);
  trace.LimitReads(5'000'000'000);
  const ReadView view = engine().View();
  const SpaceReader space = view.Space(shop_, ReadTier::kBlocking);
  EXPECT_TRUE(ReadRows(space, 1000).ok());
  clock_.AdvanceMs(4'999);
  EXPECT_TRUE(ReadRows(space, 1000).ok());
  clock_.AdvanceMs(1);
  const Status refused = ReadRows(space, 1000);
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_LT(space.rows_read(), 2064u) << "noticed soon";
}

TEST_F(QueryTimeTest, Q2ACommandThatReadsForTooLongLeavesNothing) {
  WorkTrace trace(clock_, 1'000'000'000);
  trace.LimitReads(1'000'000);
  const CommandInfo info{1, "test", "r"};
  const Outcome outcome =
      engine().Execute(shop_, info, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
        TNT_RETURN_IF_ERROR(tx.SetCounter(250, "owner", "n", 0, 7));
        clock_.AdvanceMs(1);
        return ReadRows(tx, 3000);  // More than may be read in memory alone.
      });
  EXPECT_EQ(outcome.status.code(), StatusCode::kUnavailable);
  const Result<int64_t> value =
      engine().View().Space(shop_, ReadTier::kBlocking).Counter(250, "owner", "n");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, 0);
}

TEST_F(QueryTimeTest, Q2ReadsInMemoryAndWithoutALimitAreNotTimed) {
  const ReadView view = engine().View();
  {
    WorkTrace trace(clock_, 1'000'000'000);
    trace.LimitReads(0);
    EXPECT_TRUE(ReadRows(view.Space(shop_, ReadTier::kInline), 1000).ok());
  }
  EXPECT_TRUE(ReadRows(view.Space(shop_, ReadTier::kBlocking), 1000).ok());
}

}  // namespace
}  // namespace tenantry
