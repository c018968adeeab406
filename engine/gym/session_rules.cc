#include "engine/gym/session_rules.h"

#include "engine/gym/session_parts.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kLiveByPlaceAndStart = 2;
constexpr int64_t kEarliestMs = -62'167'219'200'000;  // 0000-01-01T00:00:00Z.
constexpr int64_t kLatestMs = 253'402'300'799'999;    // 9999-12-31T23:59:59.999Z.

}  // namespace

Status CheckTimes(RuleTrace& trace, int64_t start_ms, int64_t end_ms) {
  if (!trace.Check("session.ends_after_start", start_ms < end_ms,
                   {{"startTime", start_ms}, {"endTime", end_ms}})) {
    return InvalidArgument("endTime must be after startTime");
  }
  if (!trace.Check("session.in_calendar", start_ms >= kEarliestMs && end_ms <= kLatestMs, {})) {
    return InvalidArgument("endTime must be a valid ISO 8601 date string");
  }
  return Status::Ok();
}

// Sessions of one place that are not cancelled are pairwise disjoint: this check is the only way
// in. So in order of their starts their ends rise too, and of all that start before the wanted end
// only the last can reach into the wanted time. One step backwards in the index decides, or two
// when the session itself stands there.
Status CheckNoOverlap(Transaction& tx, const PlaceAndTime& wanted) {
  std::string rival;
  TNT_RETURN_IF_ERROR(
      tx.ScanIndex<schema::GymSession>({.index = kLiveByPlaceAndStart,
                                        .equal = {wanted.location_id},
                                        .until = wanted.end_ms,
                                        .reverse = true},
                                       [&](const Session& other) {
                                         const std::string_view id = View(other->getId());
                                         if (id == wanted.except_session_id) {
                                           return true;
                                         }
                                         if (other->getEndTime() > wanted.start_ms) {
                                           rival = std::string(id);
                                         }
                                         return false;
                                       }));
  if (!tx.trace().Check("session.no_overlap", rival.empty(),
                        {{"locationId", wanted.location_id}, {"rival", rival}})) {
    return Conflict("Another session takes place at this location during that time");
  }
  return Status::Ok();
}

}  // namespace tenantry::gym
