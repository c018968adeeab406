#pragma once
// Trainer: the sessions a member gives, and who comes to them.
//
// Rules    a session is the trainer's when it names the member; a session that names nobody is
//          theirs when its instructor text is exactly their name (F53).
// Threads  any.

#include <string>
#include <string_view>
#include <vector>

#include "engine/gym/bookings.h"
#include "engine/gym/member_stats.h"

namespace tenantry::gym {

struct BookedMember {
  Booking booking;
  Member member;
};
struct Roster {
  SessionParts session;
  std::vector<BookedMember> bookings;
};

struct TrainerFilter {
  std::vector<schema::GymSessionStatus> sessions;       // Any of these.
  std::vector<schema::GymBookingStatus> bookings = {};  // Empty: all.
  int64_t from_ms = INT64_MIN;                          // Start, inclusive.
  size_t rows_max = SIZE_MAX;
};
// By start.
Result<std::vector<Roster>> SessionsOfTrainer(const SpaceReader& space, const Member& trainer,
                                              const TrainerFilter& filter);
// kNotFound.
Result<Roster> RosterOf(const SpaceReader& space, std::string_view session_id);

struct Client {
  Member member;
  MemberStats stats;
  std::string favorite_type;  // Name; empty without one.
};
// Who booked a session of the trainer and did not cancel. Latest visit first, never-visited last.
Result<std::vector<Client>> ClientsOfTrainer(const SpaceReader& space, const Member& trainer,
                                             int64_t now_ms);

}  // namespace tenantry::gym
