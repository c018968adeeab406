#include "engine/gym/bookings.h"

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

Result<BookingParts> PlanCreate(Transaction& tx, const Scope& scope, const NewBooking& request) {
  TNT_ASSIGN_OR_RETURN(const std::string member_id,
                       WhoseBooking(tx, scope.actor, request.member_id));
  Result<Session> session = GetSession(tx, request.session_id);
  RuleTrace& trace = tx.trace();
  if (!trace.Check("booking.session_exists", session.ok(), {{"session", request.session_id}})) {
    return session.status();
  }
  TNT_ASSIGN_OR_RETURN(Member member, GetMember(tx, member_id));
  if (!trace.Check("booking.member_listed", member->getListed(), {{"member", member_id}})) {
    return NotFound("Member with ID " + member_id + " not found");
  }
  TNT_RETURN_IF_ERROR(CheckOpenForBooking(trace, *session, tx.now_unix_ms()));
  TNT_ASSIGN_OR_RETURN(const std::optional<Booking> earlier,
                       tx.FindUnique<schema::GymBooking>(
                           kByMemberAndSession, {std::string_view(member_id), request.session_id}));
  const bool free = !earlier || (*earlier)->getStatus() == BookingStatus::CANCELLED;
  if (!trace.Check("booking.not_booked_yet", free, {{"member", member_id}})) {
    return Conflict(member_id == scope.actor.member_id
                        ? "You have already booked this session"
                        : "This member has already booked this session");
  }
  if (!trace.Check(
          "booking.capacity", HasRoom(**session),
          {{"booked", (*session)->getBookedCount()}, {"capacity", (*session)->getCapacity()}})) {
    return Conflict("Session is full");
  }

  SessionChange change(tx, *session);
  TNT_ASSIGN_OR_RETURN(Booking booking, change.Take({member_id, request.notes, earlier}));
  TNT_ASSIGN_OR_RETURN(SessionParts parts, change.Save());
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

// A booking that the actor may change: their own, or any for crew.
Result<Booking> VisibleBooking(Transaction& tx, const Actor& actor, std::string_view booking_id) {
  TNT_ASSIGN_OR_RETURN(std::optional<Booking> booking, tx.Find<schema::GymBooking>({booking_id}));
  const bool visible =
      booking && (actor.crew() || View((*booking)->getMemberId()) == actor.member_id);
  if (!tx.trace().Check("booking.visible", visible, {{"booking", booking_id}})) {
    return BookingNotFound(booking_id);
  }
  return *std::move(booking);
}

Result<BookingParts> PlanCancel(Transaction& tx, const Scope& scope, std::string_view booking_id) {
  TNT_ASSIGN_OR_RETURN(const Booking before, VisibleBooking(tx, scope.actor, booking_id));
  TNT_ASSIGN_OR_RETURN(const Session session, GetSession(tx, View(before->getSessionInstanceId())));
  TNT_RETURN_IF_ERROR(CheckMayCancel(tx.trace(), scope.actor, before, session, tx.now_unix_ms()));
  TNT_ASSIGN_OR_RETURN(Member member, GetMember(tx, View(before->getMemberId())));
  SessionChange change(tx, session);
  TNT_ASSIGN_OR_RETURN(Booking booking, change.Free(before, {}));
  TNT_ASSIGN_OR_RETURN(SessionParts parts, change.Save());
  return BookingParts{std::move(booking), std::move(parts), std::move(member)};
}

Result<BookingParts> PlanNoShow(Transaction& tx, const Scope& scope, std::string_view booking_id) {
  TNT_ASSIGN_OR_RETURN(const Booking before, VisibleBooking(tx, scope.actor, booking_id));
  TNT_ASSIGN_OR_RETURN(const Session session, GetSession(tx, View(before->getSessionInstanceId())));
  RuleTrace& trace = tx.trace();
  if (!trace.Check("no_show.by_crew", scope.actor.crew(), {})) {
    return PermissionDenied("Forbidden resource");
  }
  const bool confirmed = EffectiveStatus(*before, *session) == BookingStatus::CONFIRMED;
  if (!trace.Check("no_show.confirmed", confirmed, {})) {
    return InvalidArgument("Only confirmed bookings can be marked as no-show");
  }
  const int64_t now_ms = tx.now_unix_ms();
  if (!trace.Check("no_show.started", now_ms >= session->getStartTime(),
                   {{"startTime", session->getStartTime()}, {"now", now_ms}})) {
    return InvalidArgument("A booking can be marked as no-show once the session has started");
  }
  TNT_ASSIGN_OR_RETURN(Member member, GetMember(tx, View(before->getMemberId())));
  SessionChange change(tx, session);
  TNT_ASSIGN_OR_RETURN(Booking booking, change.MarkNoShow(before));
  TNT_ASSIGN_OR_RETURN(SessionParts parts, change.Save());
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
  SessionChange change(tx, session);
  TNT_ASSIGN_OR_RETURN(Booking booking, change.Attend(*before));
  TNT_ASSIGN_OR_RETURN(SessionParts parts, change.Save());
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

Done<BookingParts> MarkNoShow(const Scope& scope, std::string_view booking_id) {
  return Run<BookingParts>(scope, CommandKind::kGymNoShow,
                           [&](Transaction& tx) { return PlanNoShow(tx, scope, booking_id); });
}

Done<BookingParts> CheckIn(const Scope& scope, std::string_view session_id,
                           std::string_view member_id) {
  return Run<BookingParts>(scope, CommandKind::kGymCheckIn, [&](Transaction& tx) {
    return PlanCheckIn(tx, scope, session_id, member_id);
  });
}

}  // namespace tenantry::gym
