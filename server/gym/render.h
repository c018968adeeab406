#pragma once
// Render: the JSON shapes of the gym API (gym.md section 4), and who may see whose name.
//
// Rules    in `bookings`, crew see everyone and members see themselves; of all others only the
//          status remains, so that the length still tells how full a session is (F9).
// Threads  stateless.

#include <string>
#include <vector>

#include "engine/codec/json_out.h"
#include "engine/gym/bookings.h"
#include "engine/gym/session_queries.h"
#include "engine/gym/sign_in.h"
#include "engine/gym/waitlist.h"
#include "server/gym/middleware.h"

namespace tenantry::server::gym {

// For whom an answer is written. Without a caller: for anybody.
struct Viewer {
  const Caller* caller = nullptr;

  bool crew() const { return caller != nullptr && caller->actor().crew(); }
  bool Is(std::string_view member_id) const {
    return caller != nullptr && caller->actor().member_id == member_id;
  }
};
inline Viewer ViewerOf(const Access& access) {
  return {access.caller ? &*access.caller : nullptr};
}

// For a device that was just signed in.
std::string AccessToken(const Context& context, const codec::Stored<schema::GymMember>& member,
                        const codec::Stored<schema::Tenant>& gym, const domain::IssuedToken& token);
std::string RenderAuth(const Context& context, const codec::Stored<schema::GymMember>& member,
                       const codec::Stored<schema::Tenant>& gym, const domain::IssuedToken& token);

template <class T>
std::string RenderArray(const std::vector<codec::Stored<T>>& records) {
  std::string out = "[";
  for (const codec::Stored<T>& record : records) {
    if (out.size() > 1) out.push_back(',');
    codec::AppendObject<T>(&out, *record);
  }
  out.push_back(']');
  return out;
}

std::string_view RoleName(schema::GymRole role);
// What others see of a member: id, name, e-mail.
void AppendMemberRef(std::string* out, const schema::GymMember::Reader& member);

// Session with its counters; `is_booked` is about the viewer.
std::string RenderSession(const domain::Session& session, bool is_booked);
// With type and place.
std::string RenderSessionPlus(const domain::SessionParts& parts, bool is_booked);
// And with bookings, as nobody can have booked a session just made.
std::string RenderNewSession(const domain::SessionParts& parts);
// And with the bookings that `space` holds: of every status, or confirmed ones and the free seats.
enum class SessionShape : uint8_t { kFull, kAvail };
Status AppendSessionFull(std::string* out, const SpaceReader& space,
                         const domain::SessionParts& parts, const Viewer& viewer,
                         SessionShape shape = SessionShape::kFull);

// A session of the viewer's: with type, place, the confirmed bookings without members, and their
// own booking.
Status AppendMySession(std::string* out, const SpaceReader& space, const domain::BookingParts& own,
                       const Viewer& viewer);

// Place with its JSON texts opened.
void AppendOpenedLocation(std::string* out, const domain::Location& location,
                          std::optional<double> distance_km);

// Entry with its position; others' members are blank unless the viewer is crew.
void AppendWaitlistEntry(std::string* out, const domain::WaitlistParts& waiting,
                         const Viewer& viewer);
// For who just joined: member and session in full.
std::string RenderJoinedWaitlist(const domain::JoinedWaitlist& joined);

// Booking with session, type and place; and with the member where it was loaded.
void AppendBooking(std::string* out, const domain::BookingParts& parts);
std::string RenderBooking(const domain::BookingParts& parts);
std::string RenderBookings(const std::vector<domain::BookingParts>& bookings);

}  // namespace tenantry::server::gym
