#include "engine/gym/totals.h"

#include "engine/counters/bucket.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kFamily = 1;
constexpr std::string_view kGym = "";
constexpr int64_t kAllTime = 0;

}  // namespace

Result<int64_t> Total(const SpaceReader& space, std::string_view name, int64_t month) {
  return space.Counter(kFamily, kGym, name, month);
}

Status AddToTotal(SpaceWriter& tx, std::string_view name, int64_t month, int64_t delta) {
  TNT_ASSIGN_OR_RETURN(const int64_t before, Total(tx, name, month));
  return tx.SetCounter(kFamily, kGym, name, month, before + delta);
}

Status CountMemberJoined(SpaceWriter& tx) {
  return CountMemberJoinedAt(tx, tx.now_unix_ms());
}

Status CountMemberJoinedAt(SpaceWriter& tx, int64_t joined_unix_ms) {
  TNT_RETURN_IF_ERROR(AddToTotal(tx, kTotalMembers, kAllTime, +1));
  return AddToTotal(tx, kTotalJoined, counters::MonthOf(joined_unix_ms), +1);
}

Status CountMemberLeft(SpaceWriter& tx) {
  TNT_RETURN_IF_ERROR(AddToTotal(tx, kTotalMembers, kAllTime, -1));
  return AddToTotal(tx, kTotalLeft, counters::MonthOf(tx.now_unix_ms()), +1);
}

}  // namespace tenantry::gym
