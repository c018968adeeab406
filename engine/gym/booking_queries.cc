// Queries of bookings.h.

#include <algorithm>
#include <map>

#include "engine/gym/bookings.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByMemberAndSession = 1;
constexpr uint8_t kByMemberAndTime = 2;
constexpr uint8_t kBySessionAndStatus = 3;
constexpr uint8_t kByTime = 4;
constexpr uint8_t kByMemberAndBooked = 5;

Result<std::vector<Booking>> Scan(const SpaceReader& space, const IndexRange& range) {
  std::vector<Booking> found;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymBooking>(range, [&found](const Booking& booking) {
    found.push_back(booking);
    return found.size() < kBookingRowsMax;
  }));
  return found;
}

// Adds to bookings what answers show beside them; each session and member is read once.
class Loader {
 public:
  explicit Loader(const SpaceReader& space) : space_(space), cache_(space) {}

  // Keeps the order; leaves out other statuses.
  Result<std::vector<BookingParts>> Load(const std::vector<Booking>& bookings,
                                         std::optional<schema::GymBookingStatus> status) {
    std::vector<BookingParts> rows;
    for (const Booking& booking : bookings) {
      TNT_ASSIGN_OR_RETURN(const Session session,
                           cache_.FindSession(View(booking->getSessionInstanceId())));
      TNT_ASSIGN_OR_RETURN(Booking seen, AsSeen(booking, session));
      if (status && seen->getStatus() != *status) continue;
      TNT_ASSIGN_OR_RETURN(SessionParts parts, cache_.Parts(session));
      rows.push_back({std::move(seen), std::move(parts), std::nullopt});
    }
    return rows;
  }

  Status AddMembers(std::vector<BookingParts>* rows) {
    for (BookingParts& row : *rows) {
      const std::string_view id = View(row.booking->getMemberId());
      auto found = members_.find(id);
      if (found == members_.end()) {
        TNT_ASSIGN_OR_RETURN(const Member member, space_.Get<schema::GymMember>({id}));
        found = members_.emplace(std::string(id), member).first;
      }
      row.member = found->second;
    }
    return Status::Ok();
  }

 private:
  const SpaceReader& space_;
  PartsCache cache_;
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace

bool HoldsSeat(schema::GymBookingStatus status) {
  return status == schema::GymBookingStatus::CONFIRMED ||
         status == schema::GymBookingStatus::ATTENDED;
}

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
  TNT_ASSIGN_OR_RETURN(
      const std::vector<Booking> bookings,
      Scan(space, {.index = kByMemberAndTime, .equal = {member_id}, .reverse = true}));
  return Loader(space).Load(bookings, status);
}

Result<std::vector<BookingParts>> ListBookings(const SpaceReader& space, const Actor& actor,
                                               const BookingFilter& filter) {
  const std::string_view only = actor.crew() ? filter.member_id : actor.member_id;
  if (!filter.member_id.empty() && filter.member_id != only) return std::vector<BookingParts>();
  IndexRange range{.index = kByTime, .reverse = true};
  if (!only.empty()) {
    range = {.index = kByMemberAndTime, .equal = {only}, .reverse = true};
  } else if (!filter.session_id.empty()) {
    range = {.index = kBySessionAndStatus, .equal = {filter.session_id}};
  }
  TNT_ASSIGN_OR_RETURN(std::vector<Booking> bookings, Scan(space, range));
  std::erase_if(bookings, [&](const Booking& booking) {
    return !filter.session_id.empty() && View(booking->getSessionInstanceId()) != filter.session_id;
  });
  std::stable_sort(bookings.begin(), bookings.end(), [](const Booking& a, const Booking& b) {
    return a->getCreatedAt() > b->getCreatedAt();
  });
  Loader loader(space);
  TNT_ASSIGN_OR_RETURN(std::vector<BookingParts> rows, loader.Load(bookings, filter.status));
  TNT_RETURN_IF_ERROR(loader.AddMembers(&rows));
  return rows;
}

Result<BookingPage> BookingHistory(const SpaceReader& space, std::string_view member_id,
                                   std::optional<schema::GymBookingStatus> status,
                                   const Page& page) {
  TNT_ASSIGN_OR_RETURN(
      std::vector<Booking> bookings,
      Scan(space, {.index = kByMemberAndBooked, .equal = {member_id}, .reverse = true}));
  BookingPage found;
  Loader loader(space);
  // Without a status the page is cut before sessions are loaded.
  if (!status) {
    found.total = bookings.size();
    KeepPage(page, &bookings);
    TNT_ASSIGN_OR_RETURN(found.rows, loader.Load(bookings, status));
    return found;
  }
  TNT_ASSIGN_OR_RETURN(found.rows, loader.Load(bookings, status));
  found.total = found.rows.size();
  KeepPage(page, &found.rows);
  return found;
}

Result<std::vector<BookingParts>> SeatsAhead(const SpaceReader& space, std::string_view member_id,
                                             int64_t now_ms) {
  TNT_ASSIGN_OR_RETURN(std::vector<BookingParts> rows, BookingsOf(space, member_id, std::nullopt));
  std::erase_if(rows, [now_ms](const BookingParts& row) {
    const schema::GymSession::Reader session = *row.session.session;
    const bool on = session.getStatus() == schema::GymSessionStatus::SCHEDULED ||
                    session.getStatus() == schema::GymSessionStatus::COMPLETED;
    return !on || session.getStartTime() < now_ms || !HoldsSeat(row.booking->getStatus());
  });
  std::sort(rows.begin(), rows.end(), [](const BookingParts& a, const BookingParts& b) {
    const schema::GymSession::Reader left = *a.session.session;
    const schema::GymSession::Reader right = *b.session.session;
    if (left.getStartTime() != right.getStartTime()) {
      return left.getStartTime() < right.getStartTime();
    }
    return View(left.getId()) < View(right.getId());
  });
  return rows;
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

Result<std::vector<Booking>> BookingsIn(const SpaceReader& space, const Session& session,
                                        std::optional<schema::GymBookingStatus> status) {
  IndexRange range{.index = kBySessionAndStatus, .equal = {View(session->getId())}};
  if (status) range.equal.push_back(static_cast<int64_t>(*status));
  std::vector<Booking> found;
  Status copied;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymBooking>(range, [&](const Booking& booking) {
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
  return booking && HoldsSeat((*booking)->getStatus());
}

}  // namespace tenantry::gym
