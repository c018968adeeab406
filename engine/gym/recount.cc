#include "engine/gym/recount.h"

#include <algorithm>
#include <map>

#include "engine/gym/room_count.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"
#include "engine/schema/gym.capnp.h"

namespace tenantry::gym {
namespace {

using Differs = std::function<void(std::string)>;

constexpr uint8_t kBookingsByMember = 2;
constexpr uint8_t kBookingsBySession = 3;

void Compare(int64_t stored, int64_t counted, const std::string& what, const Differs& differs) {
  if (stored == counted) return;
  differs(what + " is stored as " + std::to_string(stored) + ", the records make it " +
          std::to_string(counted));
}

Status RecountMembers(const SpaceReader& gym, const Differs& differs) {
  int64_t listed = 0;
  TNT_RETURN_IF_ERROR(gym.ScanRecords<schema::GymMember>(
      {}, false, [&listed](const codec::Stored<schema::GymMember>& member) {
        listed += member->getListed() ? 1 : 0;
        return true;
      }));
  TNT_ASSIGN_OR_RETURN(const int64_t stored, Total(gym, kTotalMembers, 0));
  Compare(stored, listed, "the number of members", differs);
  return Status::Ok();
}

// Of one member, from their bookings.
Status RecountMember(const SpaceReader& gym, const schema::GymMemberStats::Reader& stats,
                     const Differs& differs) {
  std::map<schema::GymBookingStatus, int64_t> counts;
  int64_t all = 0;
  IndexRange range{.index = kBookingsByMember, .equal = {View(stats.getMemberId())}};
  TNT_RETURN_IF_ERROR(gym.ScanIndex<schema::GymBooking>(
      range, [&](const codec::Stored<schema::GymBooking>& booking) {
        ++counts[booking->getStatus()];
        ++all;
        return true;
      }));
  const std::string of = " of member " + std::string(View(stats.getMemberId()));
  Compare(stats.getBookings(), all, "the number of bookings" + of, differs);
  Compare(stats.getAttended(), counts[schema::GymBookingStatus::ATTENDED],
          "the number of attendances" + of, differs);
  Compare(stats.getCancelled(), counts[schema::GymBookingStatus::CANCELLED],
          "the number of cancellations" + of, differs);
  Compare(stats.getNoShows(), counts[schema::GymBookingStatus::NO_SHOW],
          "the number of no-shows" + of, differs);
  return Status::Ok();
}

Status RecountSession(const SpaceReader& gym, const schema::GymSession::Reader& session,
                      const Differs& differs) {
  // While a cancelled session's bookings follow in later entries the number is on its way.
  if (session.getCascading()) return Status::Ok();
  uint64_t taken = 0;
  for (const auto status :
       {schema::GymBookingStatus::CONFIRMED, schema::GymBookingStatus::ATTENDED}) {
    TNT_ASSIGN_OR_RETURN(const uint64_t count,
                         gym.CountIndex<schema::GymBooking>(
                             {.index = kBookingsBySession,
                              .equal = {View(session.getId()), static_cast<int64_t>(status)}}));
    taken += count;
  }
  Compare(session.getBookedCount(), static_cast<int64_t>(taken),
          "the number of seats taken in session " + std::string(View(session.getId())), differs);
  return Status::Ok();
}

// The counts of sessions with room, by adding them all up.
Status RecountRoom(const SpaceReader& gym, const Differs& differs) {
  std::map<std::string, int64_t> with_room;  // By place; "" is the gym.
  int64_t earliest_ms = INT64_MAX;
  TNT_RETURN_IF_ERROR(gym.ScanRecords<schema::GymSession>(
      {}, false, [&](const codec::Stored<schema::GymSession>& session) {
        const std::string place(View(session->getLocationId()));
        with_room[""] += session->getHasRoom() ? 1 : 0;
        with_room[place] += session->getHasRoom() ? 1 : 0;
        earliest_ms = std::min(earliest_ms, session->getStartTime());
        return true;
      }));
  if (earliest_ms == INT64_MAX) return Status::Ok();
  for (const auto& [place, counted] : with_room) {
    TNT_ASSIGN_OR_RETURN(const uint64_t stored, RoomAfter(gym, place, earliest_ms - 1));
    Compare(static_cast<int64_t>(stored), counted,
            "the number of sessions with room" + (place.empty() ? "" : " at " + place), differs);
  }
  return Status::Ok();
}

}  // namespace

Status Recount(const SpaceReader& gym, const Differs& differs) {
  TNT_RETURN_IF_ERROR(RecountMembers(gym, differs));
  TNT_RETURN_IF_ERROR(RecountRoom(gym, differs));
  Status each;
  TNT_RETURN_IF_ERROR(gym.ScanRecords<schema::GymMemberStats>(
      {}, false, [&](const codec::Stored<schema::GymMemberStats>& stats) {
        each = RecountMember(gym, *stats, differs);
        return each.ok();
      }));
  TNT_RETURN_IF_ERROR(each);
  TNT_RETURN_IF_ERROR(gym.ScanRecords<schema::GymSession>(
      {}, false, [&](const codec::Stored<schema::GymSession>& session) {
        each = RecountSession(gym, *session, differs);
        return each.ok();
      }));
  return each;
}

}  // namespace tenantry::gym
