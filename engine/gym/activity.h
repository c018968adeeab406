#pragma once
// Activity: what a member did, read from the member's events.
//
// Threads  any.

#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/time_format.h"
#include "engine/gym/session_parts.h"

namespace tenantry::gym {

using Event = codec::Stored<schema::GymEvent>;

inline constexpr uint64_t kEventRowsMax = 1000;

// Newest first, at most `limit`.
Result<std::vector<Event>> EventsOf(const SpaceReader& space, std::string_view member_id,
                                    std::optional<schema::GymEventType> type, uint64_t limit);

struct Attendance {
  CivilDate date;  // At the place.
  int64_t attended_at_ms = 0;
  SessionParts session;
};
struct AttendanceRange {
  std::optional<CivilDate> first_day = {}, last_day = {};  // At the place, both inclusive.
  uint64_t limit = kEventRowsMax;
};
// Newest first.
Result<std::vector<Attendance>> AttendancesOf(const SpaceReader& space, std::string_view member_id,
                                              const AttendanceRange& range);

}  // namespace tenantry::gym
