#include "engine/gym/session_change.h"

#include <vector>

#include "engine/base/ids.h"
#include "engine/gym/events.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/room_count.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

using BookingStatus = schema::GymBookingStatus;
using EventType = schema::GymEventType;

constexpr uint8_t kEntryByMemberAndSession = 1;
constexpr uint8_t kEntryByTicket = 2;
constexpr uint8_t kBookingByMemberAndSession = 1;

std::string_view TypeName(const SessionParts& parts) {
  return View(parts.type->getName());
}
std::string_view PlaceName(const SessionParts& parts) {
  return View(parts.location->getName());
}

// Sets what indexes are built on.
void RefreshFlags(codec::Draft<schema::GymSession>* session) {
  const schema::GymSessionStatus status = (*session)->getStatus();
  (*session)->setLive(status != schema::GymSessionStatus::CANCELLED);
  (*session)->setHasRoom(status == schema::GymSessionStatus::SCHEDULED &&
                         HasRoom(session->reader()));
  (*session)->setTrainerKey(Text(TrainerKeyOf(session->reader())));
}

}  // namespace

bool IsOpen(const schema::GymSession::Reader& session, int64_t now_ms) {
  return session.getStatus() == schema::GymSessionStatus::SCHEDULED &&
         session.getStartTime() > now_ms;
}

Result<Session> InsertSession(Transaction& tx, codec::Draft<schema::GymSession>* draft) {
  RefreshFlags(draft);
  TNT_RETURN_IF_ERROR(tx.Insert(*draft));
  TNT_RETURN_IF_ERROR(CountRoom(tx, std::nullopt, draft->reader()));
  return Freeze(*draft);
}

Result<int64_t> PositionOf(const SpaceReader& space, const WaitlistEntry& entry) {
  TNT_ASSIGN_OR_RETURN(const uint64_t rank, space.CountIndex<schema::GymWaitlistEntry>(
                                                {.index = kEntryByTicket,
                                                 .equal = {View(entry->getSessionInstanceId())},
                                                 .until = entry->getTicket() + 1}));
  return static_cast<int64_t>(rank);
}

SessionChange::SessionChange(Transaction& tx, const Session& before)
    : tx_(tx), before_(before), now_ms_(tx.now_unix_ms()), after_(before), cache_(tx) {}

Status SessionChange::LoadParts() {
  if (parts_) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(SessionType type, cache_.Type(View(after_->getSessionTypeId())));
  TNT_ASSIGN_OR_RETURN(Location place, cache_.Place(View(after_->getLocationId())));
  parts_ = SessionParts{before_, std::move(type), std::move(place)};
  return Status::Ok();
}

Status SessionChange::AppendEvent(std::string_view member_id, EventType type,
                                  std::string metadata) {
  return gym::AppendEvent(tx_, {.tenant_id = View(before_->getTenantId()),
                                .member_id = member_id,
                                .session_id = View(before_->getId()),
                                .type = type,
                                .metadata = std::move(metadata),
                                .place = events_++});
}

Result<Booking> SessionChange::Write(const std::optional<Booking>& before,
                                     codec::Draft<schema::GymBooking>* after) {
  (*after)->setUpdatedAt(now_ms_);
  TNT_RETURN_IF_ERROR(before ? tx_.Update(*before, *after) : tx_.Insert(*after));
  std::optional<BookingStatus> status_before;
  if (before) status_before = (*before)->getStatus();
  TNT_RETURN_IF_ERROR(LoadParts());
  TNT_RETURN_IF_ERROR(
      CountBooking(tx_, {View(before_->getTenantId()), View((*after)->getMemberId()), *parts_,
                         status_before, (*after)->getStatus()}));
  return Freeze(*after);
}

void SessionChange::AddSeats(int32_t delta) {
  draft()->setBookedCount(after_->getBookedCount() + delta);
}

Result<Booking> SessionChange::Confirm(const Seat& seat) {
  codec::Draft<schema::GymBooking> draft = seat.earlier
                                               ? codec::Draft<schema::GymBooking>(*seat.earlier)
                                               : codec::Draft<schema::GymBooking>();
  if (!seat.earlier) {
    draft->setId(Text(NewGymId(tx_.random())));
    draft->setTenantId(before_->getTenantId());
    draft->setMemberId(Text(std::string(seat.member_id)));
    draft->setSessionInstanceId(before_->getId());
    draft->setCreatedAt(now_ms_);
  }
  draft->setStatus(BookingStatus::CONFIRMED);
  draft->setBookedAt(now_ms_);
  draft->setCancelledAt(schema::NULL_INT);
  draft->disownNotes();
  if (seat.notes) draft->setNotes(Text(std::string(*seat.notes)));
  return Write(seat.earlier, &draft);
}

Result<Booking> SessionChange::Take(const Seat& seat) {
  TNT_RETURN_IF_ERROR(LoadParts());
  if (after_->getWaitlistCount() > 0) {
    TNT_ASSIGN_OR_RETURN(const std::optional<WaitlistEntry> own,
                         tx_.FindUnique<schema::GymWaitlistEntry>(
                             kEntryByMemberAndSession, {seat.member_id, View(before_->getId())}));
    if (own) TNT_RETURN_IF_ERROR(Leave(*own));
  }
  TNT_ASSIGN_OR_RETURN(Booking booking, Confirm(seat));
  AddSeats(+1);
  TNT_RETURN_IF_ERROR(
      AppendEvent(seat.member_id, EventType::BOOKING_CREATED,
                  BookingCreatedMetadata(after_.reader(), TypeName(*parts_), PlaceName(*parts_))));
  return booking;
}

Result<Booking> SessionChange::Free(const Booking& booking, std::string_view reason) {
  TNT_RETURN_IF_ERROR(LoadParts());
  codec::Draft<schema::GymBooking> after(booking);
  after->setStatus(BookingStatus::CANCELLED);
  after->setCancelledAt(now_ms_);
  TNT_ASSIGN_OR_RETURN(Booking cancelled, Write(booking, &after));
  AddSeats(-1);
  TNT_RETURN_IF_ERROR(AppendEvent(
      View(booking->getMemberId()), EventType::BOOKING_CANCELLED,
      BookingCancelledMetadata(TypeName(*parts_), PlaceName(*parts_), now_ms_, reason)));
  return cancelled;
}

Result<Booking> SessionChange::Attend(const Booking& booking) {
  TNT_RETURN_IF_ERROR(LoadParts());
  codec::Draft<schema::GymBooking> after(booking);
  after->setStatus(BookingStatus::ATTENDED);
  after->setAttendedAt(now_ms_);
  TNT_ASSIGN_OR_RETURN(Booking attended, Write(booking, &after));
  TNT_RETURN_IF_ERROR(AppendEvent(
      View(booking->getMemberId()), EventType::CLASS_ATTENDANCE,
      AttendanceMetadata(after_.reader(), TypeName(*parts_), PlaceName(*parts_), now_ms_)));
  return attended;
}

Result<Booking> SessionChange::MarkNoShow(const Booking& booking) {
  TNT_RETURN_IF_ERROR(LoadParts());
  codec::Draft<schema::GymBooking> after(booking);
  after->setStatus(BookingStatus::NO_SHOW);
  TNT_ASSIGN_OR_RETURN(Booking marked, Write(booking, &after));
  AddSeats(-1);
  TNT_RETURN_IF_ERROR(AppendEvent(View(booking->getMemberId()), EventType::NO_SHOW,
                                  NoShowMetadata(TypeName(*parts_), PlaceName(*parts_), now_ms_)));
  return marked;
}

Result<WaitlistEntry> SessionChange::Join(std::string_view member_id) {
  TNT_RETURN_IF_ERROR(LoadParts());
  codec::Draft<schema::GymWaitlistEntry> entry;
  entry->setId(Text(NewGymId(tx_.random())));
  entry->setTenantId(before_->getTenantId());
  entry->setMemberId(Text(std::string(member_id)));
  entry->setSessionInstanceId(before_->getId());
  entry->setTicket(after_->getWaitlistTickets());
  entry->setCreatedAt(now_ms_);
  entry->setUpdatedAt(now_ms_);
  TNT_RETURN_IF_ERROR(tx_.Insert(entry));
  const int32_t position = after_->getWaitlistCount() + 1;
  draft()->setWaitlistTickets(after_->getWaitlistTickets() + 1);
  draft()->setWaitlistCount(position);
  TNT_RETURN_IF_ERROR(AppendEvent(
      member_id, EventType::WAITLIST_JOINED,
      WaitlistMetadata(after_.reader(), TypeName(*parts_), PlaceName(*parts_), position)));
  return Freeze(entry);
}

Status SessionChange::EraseEntry(const WaitlistEntry& entry, int64_t position, EventType event) {
  TNT_RETURN_IF_ERROR(LoadParts());
  TNT_RETURN_IF_ERROR(tx_.Erase(entry));
  draft()->setWaitlistCount(after_->getWaitlistCount() - 1);
  return AppendEvent(
      View(entry->getMemberId()), event,
      WaitlistMetadata(after_.reader(), TypeName(*parts_), PlaceName(*parts_), position));
}

Status SessionChange::Leave(const WaitlistEntry& entry) {
  TNT_ASSIGN_OR_RETURN(const int64_t position, PositionOf(tx_, entry));
  return EraseEntry(entry, position, EventType::WAITLIST_LEFT);
}

Result<std::optional<WaitlistEntry>> SessionChange::LowestWaiting() const {
  std::optional<WaitlistEntry> lowest;
  TNT_RETURN_IF_ERROR(tx_.ScanIndex<schema::GymWaitlistEntry>(
      {.index = kEntryByTicket, .equal = {View(before_->getId())}},
      [&lowest](const WaitlistEntry& entry) {
        lowest = entry;
        return false;
      }));
  return lowest;
}

Status SessionChange::PromoteWaiting() {
  while (after_->getWaitlistCount() > 0 && HasRoom(after_.reader())) {
    TNT_ASSIGN_OR_RETURN(const std::optional<WaitlistEntry> lowest, LowestWaiting());
    if (!lowest) return Corruption("a waitlist is shorter than its session says");
    const std::string member_id = String((*lowest)->getMemberId());
    TNT_RETURN_IF_ERROR(EraseEntry(*lowest, 1, EventType::WAITLIST_PROMOTED));
    TNT_ASSIGN_OR_RETURN(
        std::optional<Booking> earlier,
        tx_.FindUnique<schema::GymBooking>(kBookingByMemberAndSession,
                                           {std::string_view(member_id), View(before_->getId())}));
    TNT_RETURN_IF_ERROR(Take({member_id, std::nullopt, std::move(earlier)}).status());
  }
  return Status::Ok();
}

Status SessionChange::EmptyWaitlist() {
  if (after_->getWaitlistCount() == 0) return Status::Ok();
  std::vector<WaitlistEntry> entries;
  TNT_RETURN_IF_ERROR(tx_.ScanIndex<schema::GymWaitlistEntry>(
      {.index = kEntryByTicket, .equal = {View(before_->getId())}},
      [&entries](const WaitlistEntry& entry) {
        entries.push_back(entry);
        return true;
      }));
  int64_t position = 0;
  for (const WaitlistEntry& entry : entries) {
    TNT_RETURN_IF_ERROR(EraseEntry(entry, ++position, EventType::WAITLIST_LEFT));
  }
  return Status::Ok();
}

Result<SessionParts> SessionChange::Save() {
  // A waitlist dies when its session starts; moving the start later does not revive it.
  const bool open = IsOpen(*before_, now_ms_) && IsOpen(after_.reader(), now_ms_);
  TNT_RETURN_IF_ERROR(open ? PromoteWaiting() : EmptyWaitlist());
  if (!touched_) return cache_.Parts(before_);
  RefreshFlags(&after_);
  TNT_RETURN_IF_ERROR(tx_.Update(before_, after_));
  TNT_RETURN_IF_ERROR(CountRoom(tx_, *before_, after_.reader()));
  TNT_ASSIGN_OR_RETURN(const Session saved, Freeze(after_));
  return cache_.Parts(saved);
}

}  // namespace tenantry::gym
