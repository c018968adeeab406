#include "engine/gym/sessions.h"

#include <vector>

#include "engine/gym/session_change.h"
#include "engine/gym/session_rules.h"
#include "engine/gym/text.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {
namespace {

constexpr int64_t kMinuteMs = 60'000;

bool HasInstant(int64_t value) {
  return value != schema::NULL_INT;
}

// The type, the place and the instructor that a session names must be there and in use.
struct Named {
  SessionType type;
  Location location;
};

struct Names {
  std::string_view type_id;
  std::string_view location_id;
  // What the session already had may have been retired since.
  bool new_type = true;
  bool new_location = true;
};

Result<Named> CheckNamed(Transaction& tx, const Names& names) {
  RuleTrace& trace = tx.trace();
  Result<SessionType> type = GetSessionType(tx, names.type_id);
  if (!trace.Check("session.type_exists", type.ok(), {{"sessionTypeId", names.type_id}})) {
    return type.status();
  }
  Result<Location> location = GetLocation(tx, names.location_id);
  if (!trace.Check("session.location_exists", location.ok(), {{"locationId", names.location_id}})) {
    return location.status();
  }
  if (!trace.Check("session.type_active", !names.new_type || (*type)->getIsActive(),
                   {{"sessionTypeId", names.type_id}})) {
    return InvalidArgument("Session type with ID " + std::string(names.type_id) + " is not active");
  }
  if (!trace.Check("session.location_active", !names.new_location || (*location)->getIsActive(),
                   {{"locationId", names.location_id}})) {
    return InvalidArgument("Location with ID " + std::string(names.location_id) + " is not active");
  }
  return Named{*std::move(type), *std::move(location)};
}

Status CheckInstructor(Transaction& tx, std::string_view member_id) {
  if (member_id.empty()) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::GymMember>> member,
                       tx.Find<schema::GymMember>({member_id}));
  if (!tx.trace().Check("session.instructor_exists", member.has_value(),
                        {{"instructorId", member_id}})) {
    return NotFound("Member with ID " + std::string(member_id) + " not found");
  }
  return Status::Ok();
}

// No id is null, not "".
void DropEmptyInstructor(codec::Draft<schema::GymSession>* session) {
  if ((*session)->getInstructorId().size() == 0) (*session)->disownInstructorId();
}

Result<SessionParts> PlanCreate(Transaction& tx, const Scope& scope,
                                const codec::Input<schema::GymSessionInput>& in) {
  const schema::GymSessionInput::Reader body = *in;
  TNT_ASSIGN_OR_RETURN(Named named, CheckNamed(tx, {.type_id = View(body.getSessionTypeId()),
                                                    .location_id = View(body.getLocationId())}));
  TNT_RETURN_IF_ERROR(CheckInstructor(tx, View(body.getInstructorId())));
  const int64_t start_ms = body.getStartTime();
  const int64_t end_ms = HasInstant(body.getEndTime())
                             ? body.getEndTime()
                             : start_ms + named.type->getDurationMin() * kMinuteMs;
  TNT_RETURN_IF_ERROR(CheckTimes(tx.trace(), start_ms, end_ms));
  TNT_RETURN_IF_ERROR(CheckNoOverlap(tx, {.location_id = View(body.getLocationId()),
                                          .start_ms = start_ms,
                                          .end_ms = end_ms,
                                          .except_session_id = {}}));

  codec::Draft<schema::GymSession> draft;
  codec::CopySent(in, &draft);
  DropEmptyInstructor(&draft);
  const std::string id = NewGymId(tx.random());
  draft->setId(Text(id));
  draft->setTenantId(Text(std::string(scope.tenant_id)));
  draft->setEndTime(end_ms);
  if (IsUnlimited(draft.reader())) draft->setCapacity(named.type->getMaxCapacity());
  draft->setCreatedAt(tx.now_unix_ms());
  draft->setUpdatedAt(tx.now_unix_ms());
  TNT_ASSIGN_OR_RETURN(Session session, InsertSession(tx, &draft));
  TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::SESSION, id));
  return SessionParts{std::move(session), std::move(named.type), std::move(named.location)};
}

// Where and when the session takes place after the patch. A new start alone moves the end along;
// null counts as not sent, except that a null end means "as long as the type lasts".
struct Slot {
  std::string type_id;
  std::string location_id;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
};

Slot PatchedSlot(const schema::GymSession::Reader& before,
                 const schema::GymSessionPatch::Reader& body) {
  Slot slot;
  slot.type_id =
      String(body.hasSessionTypeId() ? body.getSessionTypeId() : before.getSessionTypeId());
  slot.location_id = String(body.hasLocationId() ? body.getLocationId() : before.getLocationId());
  slot.start_ms = HasInstant(body.getStartTime()) ? body.getStartTime() : before.getStartTime();
  slot.end_ms = HasInstant(body.getEndTime())
                    ? body.getEndTime()
                    : before.getEndTime() + (slot.start_ms - before.getStartTime());
  return slot;
}

Result<SessionParts> PlanUpdate(Transaction& tx, std::string_view session_id,
                                const codec::Input<schema::GymSessionPatch>& in) {
  TNT_ASSIGN_OR_RETURN(const Session before, GetSession(tx, session_id));
  Slot slot = PatchedSlot(*before, *in);
  const bool moved_place = slot.location_id != View(before->getLocationId());
  const bool new_type = slot.type_id != View(before->getSessionTypeId());
  TNT_ASSIGN_OR_RETURN(Named named, CheckNamed(tx, {.type_id = slot.type_id,
                                                    .location_id = slot.location_id,
                                                    .new_type = new_type,
                                                    .new_location = moved_place}));
  TNT_RETURN_IF_ERROR(CheckInstructor(tx, View((*in).getInstructorId())));
  if (in.Sent("endTime") && !HasInstant((*in).getEndTime())) {
    slot.end_ms = slot.start_ms + named.type->getDurationMin() * kMinuteMs;
  }
  TNT_RETURN_IF_ERROR(CheckTimes(tx.trace(), slot.start_ms, slot.end_ms));
  const bool moved =
      moved_place || slot.start_ms != before->getStartTime() || slot.end_ms != before->getEndTime();
  if (moved && before->getStatus() != schema::GymSessionStatus::CANCELLED) {
    TNT_RETURN_IF_ERROR(CheckNoOverlap(tx, {.location_id = slot.location_id,
                                            .start_ms = slot.start_ms,
                                            .end_ms = slot.end_ms,
                                            .except_session_id = session_id}));
  }

  SessionChange change(tx, before);
  codec::Draft<schema::GymSession>& after = change.draft();
  codec::CopySent(in, &after);
  DropEmptyInstructor(&after);
  after->setSessionTypeId(Text(slot.type_id));
  after->setLocationId(Text(slot.location_id));
  after->setStartTime(slot.start_ms);
  after->setEndTime(slot.end_ms);
  const bool fits = !in.Sent("capacity") || IsUnlimited(after.reader()) ||
                    after->getCapacity() >= before->getBookedCount();
  if (!tx.trace().Check(
          "session.capacity_covers_bookings", fits,
          {{"capacity", after->getCapacity()}, {"booked", before->getBookedCount()}})) {
    return Conflict("Capacity cannot be lower than the number of booked seats");
  }
  after->setUpdatedAt(tx.now_unix_ms());
  return change.Save();
}

Result<Session> PlanComplete(Transaction& tx, std::string_view session_id) {
  TNT_ASSIGN_OR_RETURN(const Session before, GetSession(tx, session_id));
  if (!tx.trace().Check("session.scheduled",
                        before->getStatus() == schema::GymSessionStatus::SCHEDULED, {})) {
    return InvalidArgument("Only scheduled sessions can be completed");
  }
  SessionChange change(tx, before);
  change.draft()->setStatus(schema::GymSessionStatus::COMPLETED);
  change.draft()->setUpdatedAt(tx.now_unix_ms());
  TNT_ASSIGN_OR_RETURN(SessionParts parts, change.Save());
  return std::move(parts.session);
}

}  // namespace

Done<SessionParts> CreateSession(const Scope& scope,
                                 const codec::Input<schema::GymSessionInput>& in) {
  return Run<SessionParts>(scope, CommandKind::kGymSessionCreate,
                           [&](Transaction& tx) { return PlanCreate(tx, scope, in); });
}

Done<SessionParts> UpdateSession(const Scope& scope, std::string_view session_id,
                                 const codec::Input<schema::GymSessionPatch>& in) {
  return Run<SessionParts>(scope, CommandKind::kGymSessionUpdate,
                           [&](Transaction& tx) { return PlanUpdate(tx, session_id, in); });
}

Done<Session> CompleteSession(const Scope& scope, std::string_view session_id) {
  return Run<Session>(scope, CommandKind::kGymSessionComplete,
                      [&](Transaction& tx) { return PlanComplete(tx, session_id); });
}

}  // namespace tenantry::gym
