#include "engine/gym/bookings.h"

#include "engine/gym/events.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/sessions.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

using BookingStatus = schema::GymBookingStatus;

constexpr uint8_t kByMemberAndSession = 1;

Status BookingNotFound(std::string_view id) {
  return NotFound("Booking with ID " + std::string(id) + " not found");
}

// Members act for themselves, crew for anybody.
Result<std::string> WhoseBooking(Transaction& tx, const Actor& actor, std::string_view member_id) {
  const bool own = member_id.empty() || member_id == actor.member_id;
  if (!tx.trace().Check("booking.may_act_for", own || actor.crew(), {{"member", member_id}})) {
    return PermissionDenied("Forbidden resource");
  }
  return std::string(own ? actor.member_id : member_id);
}

Result<Member> GetMember(Transaction& tx, std::string_view id) {
  Result<Member> member = tx.Get<schema::GymMember>({id});
  if (!tx.trace().Check("booking.member_exists", member.ok(), {{"member", id}}) &&
      member.status().code() == StatusCode::kNotFound) {
    return NotFound("Member with ID " + std::string(id) + " not found");
  }
  return member;
}

// Writes the session with `delta` more seats taken.
Result<Session> TakeSeats(Transaction& tx, const Session& before, int32_t delta) {
  codec::Draft<schema::GymSession> after(before);
  after->setBookedCount(before->getBookedCount() + delta);
  RefreshFlags(&after);
  TNT_RETURN_IF_ERROR(tx.Update(before, after));
  return Freeze(after);
}

Status CheckOpenForBooking(RuleTrace& trace, const Session& session, int64_t now_ms) {
  if (!trace.Check("booking.session_scheduled",
                   session->getStatus() == schema::GymSessionStatus::SCHEDULED, {})) {
    return InvalidArgument("Session is not open for booking");
  }
  if (!trace.Check("booking.session_in_future", session->getStartTime() > now_ms,
                   {{"startTime", session->getStartTime()}, {"now", now_ms}})) {
    return InvalidArgument("Cannot book a session that has already started");
  }
  return Status::Ok();
}

// A new record, or the cancelled one brought back with the same id.
Result<Booking> WriteConfirmed(Transaction& tx, const Scope& scope, const NewBooking& request,
                               std::string_view member_id, const std::optional<Booking>& earlier) {
  const int64_t now_ms = tx.now_unix_ms();
  codec::Draft<schema::GymBooking> draft =
      earlier ? codec::Draft<schema::GymBooking>(*earlier) : codec::Draft<schema::GymBooking>();
  if (!earlier) {
    draft->setId(Text(NewGymId(tx.random())));
    draft->setTenantId(Text(std::string(scope.tenant_id)));
    draft->setMemberId(Text(std::string(member_id)));
    draft->setSessionInstanceId(Text(std::string(request.session_id)));
    draft->setCreatedAt(now_ms);
  }
  draft->setStatus(BookingStatus::CONFIRMED);
  draft->setBookedAt(now_ms);
  draft->setCancelledAt(schema::NULL_INT);
  draft->disownNotes();
  if (request.notes) draft->setNotes(Text(std::string(*request.notes)));
  draft->setUpdatedAt(now_ms);
  TNT_RETURN_IF_ERROR(earlier ? tx.Update(*earlier, draft) : tx.Insert(draft));
  return Freeze(draft);
}

Result<BookingParts> PlanCreate(Transaction& tx, const Scope& scope, const NewBooking& request) {
  TNT_ASSIGN_OR_RETURN(const std::string member_id,
                       WhoseBooking(tx, scope.actor, request.member_id));
  Result<Session> session = GetSession(tx, request.session_id);
  RuleTrace& trace = tx.trace();
  if (!trace.Check("booking.session_exists", session.ok(), {{"session", request.session_id}})) {
    return session.status();
  }
  TNT_ASSIGN_OR_RETURN(Member member, GetMember(tx, member_id));
  TNT_RETURN_IF_ERROR(CheckOpenForBooking(trace, *session, tx.now_unix_ms()));
  TNT_ASSIGN_OR_RETURN(const std::optional<Booking> earlier,
                       tx.FindUnique<schema::GymBooking>(
                           kByMemberAndSession, {std::string_view(member_id), request.session_id}));
  const bool free = !earlier || (*earlier)->getStatus() == BookingStatus::CANCELLED;
  if (!trace.Check("booking.not_booked_yet", free, {{"member", member_id}})) {
    return Conflict("You have already booked this session");
  }
  if (!trace.Check(
          "booking.capacity", HasRoom(**session),
          {{"booked", (*session)->getBookedCount()}, {"capacity", (*session)->getCapacity()}})) {
    return Conflict("Session is full");
  }

  TNT_ASSIGN_OR_RETURN(Booking booking, WriteConfirmed(tx, scope, request, member_id, earlier));
  TNT_ASSIGN_OR_RETURN(const Session taken, TakeSeats(tx, *session, +1));
  PartsCache cache(tx);
  TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(taken));
  std::optional<BookingStatus> status_before;
  if (earlier) status_before = (*earlier)->getStatus();
  TNT_RETURN_IF_ERROR(CountBooking(
      tx, {scope.tenant_id, member_id, parts, status_before, BookingStatus::CONFIRMED}));
  TNT_RETURN_IF_ERROR(
      AppendEvent(tx, {.tenant_id = scope.tenant_id,
                       .member_id = member_id,
                       .session_id = request.session_id,
                       .type = schema::GymEventType::BOOKING_CREATED,
                       .metadata = BookingCreatedMetadata(*taken, View(parts.type->getName()),
                                                          View(parts.location->getName()))}));
  return BookingParts{std::move(booking), std::move(parts), std::move(member)};
}

Status CheckMayCancel(RuleTrace& trace, const Actor& actor, const Booking& booking,
                      const Session& session, int64_t now_ms) {
  const bool confirmed = EffectiveStatus(*booking, *session) == BookingStatus::CONFIRMED;
  if (!trace.Check("booking.confirmed", confirmed, {})) {
    return InvalidArgument("Only confirmed bookings can be cancelled");
  }
  const int64_t notice_ms = session->getStartTime() - now_ms;
  if (!trace.Check("booking.cancel_notice", actor.crew() || notice_ms >= kCancelNoticeMs,
                   {{"noticeMs", notice_ms}, {"requiredMs", kCancelNoticeMs}})) {
    return InvalidArgument("Bookings can be cancelled until 2 hours before the session starts");
  }
  return Status::Ok();
}

Result<BookingParts> PlanCancel(Transaction& tx, const Scope& scope, std::string_view booking_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Booking> before,
                       tx.Find<schema::GymBooking>({booking_id}));
  const bool visible =
      before && (scope.actor.crew() || View((*before)->getMemberId()) == scope.actor.member_id);
  if (!tx.trace().Check("booking.visible", visible, {{"booking", booking_id}})) {
    return BookingNotFound(booking_id);
  }
  TNT_ASSIGN_OR_RETURN(const Session session,
                       GetSession(tx, View((*before)->getSessionInstanceId())));
  const int64_t now_ms = tx.now_unix_ms();
  TNT_RETURN_IF_ERROR(CheckMayCancel(tx.trace(), scope.actor, *before, session, now_ms));
  TNT_ASSIGN_OR_RETURN(Member member, GetMember(tx, View((*before)->getMemberId())));

  codec::Draft<schema::GymBooking> after(*before);
  after->setStatus(BookingStatus::CANCELLED);
  after->setCancelledAt(now_ms);
  after->setUpdatedAt(now_ms);
  TNT_RETURN_IF_ERROR(tx.Update(*before, after));
  TNT_ASSIGN_OR_RETURN(const Session freed, TakeSeats(tx, session, -1));
  PartsCache cache(tx);
  TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(freed));
  TNT_RETURN_IF_ERROR(CountBooking(tx, {scope.tenant_id, View((*before)->getMemberId()), parts,
                                        BookingStatus::CONFIRMED, BookingStatus::CANCELLED}));
  TNT_RETURN_IF_ERROR(AppendEvent(
      tx, {.tenant_id = scope.tenant_id,
           .member_id = View((*before)->getMemberId()),
           .session_id = View((*before)->getSessionInstanceId()),
           .type = schema::GymEventType::BOOKING_CANCELLED,
           .metadata = BookingCancelledMetadata(View(parts.type->getName()),
                                                View(parts.location->getName()), now_ms, {})}));
  TNT_ASSIGN_OR_RETURN(Booking booking, Freeze(after));
  return BookingParts{std::move(booking), std::move(parts), std::move(member)};
}

Result<BookingParts> PlanCheckIn(Transaction& tx, const Scope& scope, std::string_view session_id,
                                 std::string_view member_id) {
  TNT_ASSIGN_OR_RETURN(const std::string attendee, WhoseBooking(tx, scope.actor, member_id));
  TNT_ASSIGN_OR_RETURN(const Session session, GetSession(tx, session_id));
  TNT_ASSIGN_OR_RETURN(const std::optional<Booking> before,
                       tx.FindUnique<schema::GymBooking>(kByMemberAndSession,
                                                         {std::string_view(attendee), session_id}));
  RuleTrace& trace = tx.trace();
  const bool confirmed = before && EffectiveStatus(**before, *session) == BookingStatus::CONFIRMED;
  if (!trace.Check("check_in.confirmed_booking", confirmed, {{"member", attendee}})) {
    return NotFound("No confirmed booking found for this session");
  }
  const int64_t now_ms = tx.now_unix_ms();
  if (!trace.Check("check_in.started", now_ms >= session->getStartTime(),
                   {{"startTime", session->getStartTime()}, {"now", now_ms}})) {
    return InvalidArgument("Check-in opens when the session starts");
  }
  if (!trace.Check("check_in.not_late", now_ms <= session->getEndTime() + kCheckInGraceMs,
                   {{"endTime", session->getEndTime()}, {"now", now_ms}})) {
    return InvalidArgument("Check-in closes 60 minutes after the session ends");
  }
  TNT_ASSIGN_OR_RETURN(Member member, GetMember(tx, attendee));

  codec::Draft<schema::GymBooking> after(*before);
  after->setStatus(BookingStatus::ATTENDED);
  after->setAttendedAt(now_ms);
  after->setUpdatedAt(now_ms);
  TNT_RETURN_IF_ERROR(tx.Update(*before, after));
  PartsCache cache(tx);
  TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(session));
  TNT_RETURN_IF_ERROR(CountBooking(
      tx, {scope.tenant_id, attendee, parts, BookingStatus::CONFIRMED, BookingStatus::ATTENDED}));
  TNT_RETURN_IF_ERROR(
      AppendEvent(tx, {.tenant_id = scope.tenant_id,
                       .member_id = attendee,
                       .session_id = session_id,
                       .type = schema::GymEventType::CLASS_ATTENDANCE,
                       .metadata = AttendanceMetadata(*session, View(parts.type->getName()),
                                                      View(parts.location->getName()), now_ms)}));
  TNT_ASSIGN_OR_RETURN(Booking booking, Freeze(after));
  return BookingParts{std::move(booking), std::move(parts), std::move(member)};
}

}  // namespace

Done<BookingParts> CreateBooking(const Scope& scope, const NewBooking& request) {
  return Run<BookingParts>(scope, CommandKind::kGymBookingCreate,
                           [&](Transaction& tx) { return PlanCreate(tx, scope, request); });
}

Done<BookingParts> CancelBooking(const Scope& scope, std::string_view booking_id) {
  return Run<BookingParts>(scope, CommandKind::kGymBookingCancel,
                           [&](Transaction& tx) { return PlanCancel(tx, scope, booking_id); });
}

Done<BookingParts> CheckIn(const Scope& scope, std::string_view session_id,
                           std::string_view member_id) {
  return Run<BookingParts>(scope, CommandKind::kGymCheckIn, [&](Transaction& tx) {
    return PlanCheckIn(tx, scope, session_id, member_id);
  });
}

}  // namespace tenantry::gym
