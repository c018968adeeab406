// Queries of bookings.h.

#include <algorithm>

#include "engine/gym/bookings.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByMemberAndSession = 1;
constexpr uint8_t kByMemberAndTime = 2;
constexpr uint8_t kBySessionAndStatus = 3;

}  // namespace

schema::GymBookingStatus EffectiveStatus(const schema::GymBooking::Reader& booking,
                                         const schema::GymSession::Reader& session) {
  if (booking.getStatus() == schema::GymBookingStatus::CONFIRMED &&
      session.getStatus() == schema::GymSessionStatus::CANCELLED) {
    return schema::GymBookingStatus::CANCELLED;
  }
  return booking.getStatus();
}

Result<Booking> AsSeen(const Booking& booking, const Session& session) {
  const schema::GymBookingStatus status = EffectiveStatus(*booking, *session);
  if (status == booking->getStatus()) return booking;
  codec::Draft<schema::GymBooking> seen(booking);
  seen->setStatus(status);
  seen->setCancelledAt(session->getUpdatedAt());
  return Freeze(seen);
}

Result<std::vector<BookingParts>> BookingsOf(const SpaceReader& space, std::string_view member_id,
                                             std::optional<schema::GymBookingStatus> status) {
  std::vector<Booking> bookings;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymBooking>(
      {.index = kByMemberAndTime, .equal = {member_id}, .reverse = true},
      [&](const Booking& booking) {
        bookings.push_back(booking);
        return true;
      }));
  std::vector<BookingParts> found;
  PartsCache cache(space);
  for (const Booking& booking : bookings) {
    TNT_ASSIGN_OR_RETURN(const Session session,
                         cache.FindSession(View(booking->getSessionInstanceId())));
    TNT_ASSIGN_OR_RETURN(Booking seen, AsSeen(booking, session));
    if (status && seen->getStatus() != *status) continue;
    TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(session));
    found.push_back({std::move(seen), std::move(parts), std::nullopt});
  }
  return found;
}

Result<BookingParts> GetBooking(const SpaceReader& space, const Actor& actor,
                                std::string_view booking_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Booking> booking,
                       space.Find<schema::GymBooking>({booking_id}));
  if (!booking || (!actor.crew() && View((*booking)->getMemberId()) != actor.member_id)) {
    return NotFound("Booking with ID " + std::string(booking_id) + " not found");
  }
  PartsCache cache(space);
  TNT_ASSIGN_OR_RETURN(const Session session,
                       cache.FindSession(View((*booking)->getSessionInstanceId())));
  TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(session));
  TNT_ASSIGN_OR_RETURN(Booking seen, AsSeen(*booking, session));
  Result<Member> member = space.Get<schema::GymMember>({View((*booking)->getMemberId())});
  if (!member.ok()) return member.status();
  return BookingParts{std::move(seen), std::move(parts), *std::move(member)};
}

Result<std::vector<Booking>> BookingsIn(const SpaceReader& space, const Session& session) {
  std::vector<Booking> found;
  Status copied;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymBooking>(
      {.index = kBySessionAndStatus, .equal = {View(session->getId())}},
      [&](const Booking& booking) {
        Result<Booking> seen = AsSeen(booking, session);
        if (!seen.ok()) {
          copied = seen.status();
          return false;
        }
        found.push_back(*std::move(seen));
        return true;
      }));
  TNT_RETURN_IF_ERROR(copied);
  std::sort(found.begin(), found.end(), [](const Booking& a, const Booking& b) {
    if (a->getCreatedAt() != b->getCreatedAt()) return a->getCreatedAt() < b->getCreatedAt();
    return View(a->getId()) < View(b->getId());
  });
  return found;
}

Result<bool> IsBooked(const SpaceReader& space, std::string_view member_id,
                      std::string_view session_id) {
  TNT_ASSIGN_OR_RETURN(
      const std::optional<Booking> booking,
      space.FindUnique<schema::GymBooking>(kByMemberAndSession, {member_id, session_id}));
  return booking && ((*booking)->getStatus() == schema::GymBookingStatus::CONFIRMED ||
                     (*booking)->getStatus() == schema::GymBookingStatus::ATTENDED);
}

}  // namespace tenantry::gym
