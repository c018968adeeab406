#include "engine/gym/room_count.h"

#include <limits>

#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kFamily = 20;  // On disk, as are the names and widths below.
constexpr std::string_view kWidths[] = {"20", "25", "30"};
constexpr int kShifts[] = {20, 25, 30};
constexpr size_t kLevels = 3;

constexpr uint8_t kWithRoom = 5;
constexpr uint8_t kWithRoomByPlace = 6;

// Rounds down, also before 1970.
int64_t BucketOf(int64_t instant_ms, size_t level) {
  return instant_ms >> kShifts[level];
}

Status Add(SpaceWriter& tx, const schema::GymSession::Reader& session, int64_t delta) {
  for (const std::string_view owner : {std::string_view(), View(session.getLocationId())}) {
    for (size_t level = 0; level < kLevels; ++level) {
      const int64_t bucket = BucketOf(session.getStartTime(), level);
      TNT_ASSIGN_OR_RETURN(const int64_t count, tx.Counter(kFamily, owner, kWidths[level], bucket));
      const int64_t after = count + delta;
      TNT_RETURN_IF_ERROR(after == 0
                              ? tx.EraseCounter(kFamily, owner, kWidths[level], bucket)
                              : tx.SetCounter(kFamily, owner, kWidths[level], bucket, after));
    }
  }
  return Status::Ok();
}

bool CountsAlike(const schema::GymSession::Reader& a, const schema::GymSession::Reader& b) {
  return a.getHasRoom() == b.getHasRoom() &&
         (!a.getHasRoom() || (a.getStartTime() == b.getStartTime() &&
                              View(a.getLocationId()) == View(b.getLocationId())));
}

}  // namespace

Status CountRoom(SpaceWriter& tx, const std::optional<schema::GymSession::Reader>& before,
                 const schema::GymSession::Reader& after) {
  if (before && CountsAlike(*before, after)) return Status::Ok();
  if (before && before->getHasRoom()) TNT_RETURN_IF_ERROR(Add(tx, *before, -1));
  if (after.getHasRoom()) TNT_RETURN_IF_ERROR(Add(tx, after, +1));
  return Status::Ok();
}

Result<uint64_t> RoomAfter(const SpaceReader& space, std::string_view location_id,
                           int64_t after_ms) {
  IndexRange rest{.index = kWithRoom};
  if (!location_id.empty()) rest = {.index = kWithRoomByPlace, .equal = {location_id}};
  rest.from = after_ms + 1;
  rest.until = (BucketOf(after_ms, 0) + 1) << kShifts[0];
  TNT_ASSIGN_OR_RETURN(const uint64_t rows, space.CountIndex<schema::GymSession>(rest));
  int64_t total = static_cast<int64_t>(rows);
  for (size_t level = 0; level < kLevels; ++level) {
    const bool widest = level + 1 == kLevels;
    const int64_t until = widest ? std::numeric_limits<int64_t>::max()
                                 : (BucketOf(after_ms, level + 1) + 1)
                                       << (kShifts[level + 1] - kShifts[level]);
    TNT_RETURN_IF_ERROR(space.ScanCounterBuckets(kFamily, location_id, kWidths[level],
                                                 BucketOf(after_ms, level) + 1, until,
                                                 [&total](int64_t /*bucket*/, int64_t count) {
                                                   total += count;
                                                   return true;
                                                 }));
  }
  return static_cast<uint64_t>(total);
}

}  // namespace tenantry::gym
