#pragma once
// MemberStats: the numbers of one member. Every answer that shows one reads it from here, so that
// two routes never disagree (F26, F63).
//
// Rules    a streak is a run of days with at least one attendance; it is current while its last day
//          is today or yesterday. A day is that of the place where the member attended, and "today"
//          that of the place last attended. The attendance rate leaves out what is still to come and
//          what was cancelled: attended / (attended + no-shows).
// Units    days since 1970-01-01, months since year 0, instants in Unix milliseconds.
// Threads  CountBooking belongs to the plan that runs it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gym/session_parts.h"
#include "engine/schema/gym.capnp.h"
#include "engine/transaction.h"

namespace tenantry::gym {

// One write of a booking. Call it in the command that makes the write, whatever the reason.
struct BookingChange {
  std::string_view tenant_id;
  std::string_view member_id;
  const SessionParts& session;
  std::optional<schema::GymBookingStatus> before;  // Empty: a new record.
  schema::GymBookingStatus after;
};
// Also counts the gym's attendances, and appends `streak_milestone` when an attendance reaches one.
Status CountBooking(SpaceWriter& tx, const BookingChange& change);

// The numbers of a member from all bookings there are, as if each had been counted when it happened; for imports.
Status RebuildStats(Transaction& tx, std::string_view member_id);

struct MemberStats {
  int64_t bookings = 0, attended = 0, cancelled = 0, no_shows = 0;
  int64_t current_streak = 0, longest_streak = 0;
  std::optional<int64_t> last_attended_ms;

  struct Count {
    std::string type_id;
    int64_t count = 0;
  };
  std::vector<Count> types;  // Bookings that were not cancelled, most first.
  struct Month {
    int64_t month = 0;
    int64_t attended = 0;
  };
  std::vector<Month> months;  // Newest first; months without an attendance are left out.

  int64_t attendance_percent() const;
};
MemberStats StatsAt(const schema::GymMemberStats::Reader& stored, int64_t now_ms);
// All zero for a member who never booked.
Result<MemberStats> StatsOf(const SpaceReader& space, std::string_view member_id, int64_t now_ms);

// Removes what was counted; for accounts that are deleted.
Status EraseStats(SpaceWriter& tx, std::string_view member_id);

}  // namespace tenantry::gym
