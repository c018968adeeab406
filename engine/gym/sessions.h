#pragma once
// Sessions: scheduled classes: making, changing and cancelling them.
//
// Rules    at one place, sessions that are not cancelled never overlap; touching ends are allowed.
//          A cancelled session blocks nothing. Capacity never falls below the seats taken; when it
//          rises, those who wait get the seats in the same entry (session_change.h).
// Errors   kNotFound for an unknown session, type or place; kInvalidArgument for times, closed
//          places and retired types; kConflict for overlaps and for too small a capacity.
// Threads  any.

#include <string_view>

#include "engine/codec/json_in.h"
#include "engine/gym/session_parts.h"

namespace tenantry::gym {

Done<SessionParts> CreateSession(const Scope& scope,
                                 const codec::Input<schema::GymSessionInput>& in);

Done<SessionParts> UpdateSession(const Scope& scope, std::string_view session_id,
                                 const codec::Input<schema::GymSessionPatch>& in);

// Bookings cancelled, and people sent from the waitlist, in one entry: each takes about seven
// effects and 1.5 kilobytes of the 4,096 effects and 1 MiB that an entry may hold.
inline constexpr int32_t kCascadeBookingsMax = 400;

// Cancels the session and, in the same entry, its waitlist and its confirmed bookings. With more
// than kCascadeBookingsMax the rest follows in further entries before this returns; until then
// the session is `cascading`, and since a confirmed booking of a cancelled session reads as
// cancelled (bookings.h), nobody can tell. A crash in between is finished by the next call.
// kWouldBlock on the inline tier when more than one entry is needed.
Done<Session> CancelSession(const Scope& scope, std::string_view session_id);

// kInvalidArgument unless it is scheduled.
Done<Session> CompleteSession(const Scope& scope, std::string_view session_id);

// Finishes cancellations that a crash cut short, and waits until that is released; for start-up.
Status FinishCancellations(const Scope& scope);

}  // namespace tenantry::gym
