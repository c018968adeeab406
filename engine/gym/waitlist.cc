#include "engine/gym/waitlist.h"

#include "engine/gym/text.h"
#include "engine/read_recorder.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByMemberAndSession = 1;
constexpr uint8_t kByTicket = 2;
constexpr uint8_t kBookingByMemberAndSession = 1;

Result<std::optional<WaitlistEntry>> EntryOf(const SpaceReader& space, std::string_view member_id,
                                             std::string_view session_id) {
  return space.FindUnique<schema::GymWaitlistEntry>(kByMemberAndSession, {member_id, session_id});
}

Status CheckMayWait(Transaction& tx, std::string_view member_id, const Session& session) {
  RuleTrace& trace = tx.trace();
  if (!trace.Check("waitlist.session_scheduled",
                   session->getStatus() == schema::GymSessionStatus::SCHEDULED, {})) {
    return InvalidArgument("Session is not open for booking");
  }
  if (!trace.Check("waitlist.session_in_future", IsOpen(*session, tx.now_unix_ms()),
                   {{"startTime", session->getStartTime()}, {"now", tx.now_unix_ms()}})) {
    return InvalidArgument("Cannot join the waitlist of a session that has already started");
  }
  const std::string_view session_id = View(session->getId());
  TNT_ASSIGN_OR_RETURN(const std::optional<WaitlistEntry> entry,
                       EntryOf(tx, member_id, session_id));
  if (!trace.Check("waitlist.not_waiting_yet", !entry, {{"member", member_id}})) {
    return Conflict("You are already on the waitlist of this session");
  }
  TNT_ASSIGN_OR_RETURN(
      const std::optional<Booking> booking,
      tx.FindUnique<schema::GymBooking>(kBookingByMemberAndSession, {member_id, session_id}));
  const bool free = !booking || (*booking)->getStatus() == schema::GymBookingStatus::CANCELLED;
  if (!trace.Check("waitlist.not_booked_yet", free, {{"member", member_id}})) {
    return Conflict("You have already booked this session");
  }
  if (!trace.Check("waitlist.session_full", !HasRoom(*session),
                   {{"booked", session->getBookedCount()}, {"capacity", session->getCapacity()}})) {
    return Conflict("Session has free seats: book one instead of waiting");
  }
  if (!trace.Check("waitlist.not_too_long", session->getWaitlistCount() < kWaitlistMax,
                   {{"waiting", session->getWaitlistCount()}, {"limit", kWaitlistMax}})) {
    return Conflict("The waitlist of this session is full");
  }
  return Status::Ok();
}

Result<JoinedWaitlist> PlanJoin(Transaction& tx, const Scope& scope, std::string_view session_id) {
  Result<Session> session = GetSession(tx, session_id);
  if (!tx.trace().Check("waitlist.session_exists", session.ok(), {{"session", session_id}})) {
    return session.status();
  }
  const std::string_view member_id = scope.actor.member_id;
  TNT_RETURN_IF_ERROR(CheckMayWait(tx, member_id, *session));
  Result<Member> member = tx.Get<schema::GymMember>({member_id});
  if (!member.ok()) return member.status();
  SessionChange change(tx, *session);
  TNT_ASSIGN_OR_RETURN(WaitlistEntry entry, change.Join(member_id));
  TNT_ASSIGN_OR_RETURN(SessionParts parts, change.Save());
  const int64_t position = parts.session->getWaitlistCount();
  return JoinedWaitlist{{std::move(entry), position, *std::move(member)}, std::move(parts)};
}

Status PlanLeave(Transaction& tx, const Scope& scope, std::string_view session_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<WaitlistEntry> entry,
                       EntryOf(tx, scope.actor.member_id, session_id));
  const Status gone = NotFound("You are not on the waitlist of this session");
  if (!tx.trace().Check("waitlist.waiting", entry.has_value(), {{"session", session_id}})) {
    return gone;
  }
  TNT_ASSIGN_OR_RETURN(const Session session, GetSession(tx, session_id));
  if (!tx.trace().Check("waitlist.alive", IsOpen(*session, tx.now_unix_ms()),
                        {{"startTime", session->getStartTime()}, {"now", tx.now_unix_ms()}})) {
    return gone;
  }
  SessionChange change(tx, session);
  TNT_RETURN_IF_ERROR(change.Leave(*entry));
  return change.Save().status();
}

}  // namespace

Done<JoinedWaitlist> JoinWaitlist(const Scope& scope, std::string_view session_id) {
  return Run<JoinedWaitlist>(scope, CommandKind::kGymWaitlistJoin,
                             [&](Transaction& tx) { return PlanJoin(tx, scope, session_id); });
}

Outcome LeaveWaitlist(const Scope& scope, std::string_view session_id) {
  return scope.engine.Execute(scope.tenant, scope.Info(CommandKind::kGymWaitlistLeave), scope.tier,
                              [&](Transaction& tx) { return PlanLeave(tx, scope, session_id); });
}

Result<std::vector<WaitlistParts>> WaitlistOf(const SpaceReader& space, std::string_view session_id,
                                              int64_t now_ms) {
  std::vector<WaitlistParts> rows;
  TNT_ASSIGN_OR_RETURN(const std::optional<Session> session,
                       space.Find<schema::GymSession>({session_id}));
  if (!session) return rows;
  const bool open = IsOpen(**session, now_ms);
  ReadRecorder::AnswerChangesAt(open ? (*session)->getStartTime() : ReadRecorder::kNever);
  if (!open) return rows;
  std::vector<WaitlistEntry> entries;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymWaitlistEntry>(
      {.index = kByTicket, .equal = {session_id}}, [&entries](const WaitlistEntry& entry) {
        entries.push_back(entry);
        return true;
      }));
  for (const WaitlistEntry& entry : entries) {
    Result<Member> member = space.Get<schema::GymMember>({View(entry->getMemberId())});
    if (!member.ok()) return member.status();
    rows.push_back({entry, static_cast<int64_t>(rows.size()) + 1, *std::move(member)});
  }
  return rows;
}

}  // namespace tenantry::gym
