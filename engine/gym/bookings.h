#pragma once
// Bookings: who takes part in which session.
//
//   (none) ──CreateBooking──▶ confirmed ──CheckIn──▶ attended
//                              ▲      ├─MarkNoShow──▶ no_show
//                              │      └─CancelBooking, or the session is cancelled──▶ cancelled
//                              └────────────────CreateBooking revives the record────────┘
//   The waitlist confirms too: see session_change.h.
//
// Rules    of a session with capacity, bookings confirmed or attended never exceed it: commands of
//          a gym run one at a time and the count is part of the session. One record per (member,
//          session), for ever. A confirmed booking of a cancelled session reads as cancelled; the
//          cascade may still be under way (sessions.h).
// Errors   stated at each command, in the order they are checked.
// Threads  any.

#include <optional>
#include <string_view>
#include <vector>

#include "engine/gym/session_change.h"

namespace tenantry::gym {

using Member = codec::Stored<schema::GymMember>;

// Members may cancel until this long before the start; crew always.
inline constexpr int64_t kCancelNoticeMs = int64_t{2} * 3'600'000;
// Check-in is open from the start until this long after the end.
inline constexpr int64_t kCheckInGraceMs = 3'600'000;

struct BookingParts {
  Booking booking;
  SessionParts session;
  std::optional<Member> member;  // Not loaded for lists of one's own.
};

struct NewBooking {
  std::string_view session_id;
  std::string_view member_id;  // Empty: the actor. Another one only by crew.
  std::optional<std::string_view> notes;
};
// kPermissionDenied for booking others without being crew; kNotFound session, then member;
// kInvalidArgument when not scheduled, then when started; kConflict when booked already, then when
// full.
Done<BookingParts> CreateBooking(const Scope& scope, const NewBooking& request);

// kNotFound when it is not there or neither the actor's nor the actor crew; kInvalidArgument when
// not confirmed, then when the notice is too short.
Done<BookingParts> CancelBooking(const Scope& scope, std::string_view booking_id);

// By crew. kNotFound; kInvalidArgument when not confirmed, then before the start.
Done<BookingParts> MarkNoShow(const Scope& scope, std::string_view booking_id);

// Empty `member_id`: the actor. kPermissionDenied for others without being crew; kNotFound without
// a confirmed booking; kInvalidArgument before the start and later than kCheckInGraceMs after the
// end.
Done<BookingParts> CheckIn(const Scope& scope, std::string_view session_id,
                           std::string_view member_id);

// Confirmed or attended: what capacity counts.
bool HoldsSeat(schema::GymBookingStatus status);
// The status readers see.
schema::GymBookingStatus EffectiveStatus(const schema::GymBooking::Reader& booking,
                                         const schema::GymSession::Reader& session);
// The booking as readers see it: itself, or a copy with that status.
Result<Booking> AsSeen(const Booking& booking, const Session& session);

// --- Queries ---

// Newest first; with `status`, only those.
Result<std::vector<BookingParts>> BookingsOf(const SpaceReader& space, std::string_view member_id,
                                             std::optional<schema::GymBookingStatus> status);
// kNotFound also for somebody else's unless the actor is crew.
Result<BookingParts> GetBooking(const SpaceReader& space, const Actor& actor,
                                std::string_view booking_id);
struct BookingFilter {
  std::optional<schema::GymBookingStatus> status;
  std::string_view session_id;  // Empty: any.
  std::string_view member_id;   // Empty: any that the actor may see.
};
// The answer ends here; narrower filters reach the rest.
inline constexpr size_t kBookingRowsMax = 10'000;
// Newest first, members loaded. Who is not crew gets their own only.
Result<std::vector<BookingParts>> ListBookings(const SpaceReader& space, const Actor& actor,
                                               const BookingFilter& filter);

struct BookingPage {
  std::vector<BookingParts> rows;
  uint64_t total = 0;
};
// Last booked first.
Result<BookingPage> BookingHistory(const SpaceReader& space, std::string_view member_id,
                                   std::optional<schema::GymBookingStatus> status,
                                   const Page& page);

// Seats (confirmed or attended) in sessions that start from now on and were not called off, by
// start.
Result<std::vector<BookingParts>> SeatsAhead(const SpaceReader& space, std::string_view member_id,
                                             int64_t now_ms);

// Oldest first; with `status`, only those. Members are not loaded.
Result<std::vector<Booking>> BookingsIn(const SpaceReader& space, const Session& session,
                                        std::optional<schema::GymBookingStatus> status = {});
// Whether the member holds a seat.
Result<bool> IsBooked(const SpaceReader& space, std::string_view member_id,
                      std::string_view session_id);

}  // namespace tenantry::gym
