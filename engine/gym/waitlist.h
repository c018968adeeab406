#pragma once
// Waitlist: who gets a seat when one frees.
//
//   (none) ──JoinWaitlist──▶ waiting ──a seat frees──▶ a confirmed booking
//                               ├─LeaveWaitlist, or booking directly──▶ (none)
//                               └─the session starts or is cancelled──▶ (none)
//
// Rules    order is that of the log; positions are computed, 1 to n. While a session is open nobody
//          waits beside a free seat (session_change.h). An entry of a session that has started or
//          was cancelled counts as gone; the next write of the session removes it.
// Errors   stated at each command, in the order they are checked.
// Threads  any.

#include <string_view>
#include <vector>

#include "engine/gym/bookings.h"

namespace tenantry::gym {

struct WaitlistParts {
  WaitlistEntry entry;
  int64_t position = 0;
  Member member;
};
struct JoinedWaitlist {
  WaitlistParts waiting;
  SessionParts session;
};

// kNotFound session; kInvalidArgument when not scheduled, then when started; kConflict when waiting
// already, then when booked, then when there are free seats, then when kWaitlistMax wait.
Done<JoinedWaitlist> JoinWaitlist(const Scope& scope, std::string_view session_id);

// kNotFound when the actor is not on it.
Outcome LeaveWaitlist(const Scope& scope, std::string_view session_id);

// By position; empty also for a session that is not there.
Result<std::vector<WaitlistParts>> WaitlistOf(const SpaceReader& space, std::string_view session_id,
                                              int64_t now_ms);

}  // namespace tenantry::gym
