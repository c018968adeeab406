// Cancelling a session: the one command that may need several entries.
//
//   scheduled ──first entry──▶ cancelled, cascading ──further entries──▶ cancelled
//       └──────first entry, all bookings fit──────────────────────────────▲

#include <vector>

#include "engine/gym/bookings.h"
#include "engine/gym/session_change.h"
#include "engine/gym/sessions.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kBySessionAndStatus = 3;
constexpr uint8_t kCascading = 7;

// Up to `limit` confirmed bookings, and whether there are more.
Status ConfirmedBookings(const SpaceReader& space, std::string_view session_id, size_t limit,
                         std::vector<Booking>* found, bool* more) {
  const int64_t confirmed = static_cast<int64_t>(schema::GymBookingStatus::CONFIRMED);
  return space.ScanIndex<schema::GymBooking>(
      {.index = kBySessionAndStatus, .equal = {session_id, confirmed}},
      [&](const Booking& booking) {
        *more = found->size() == limit;
        if (!*more) found->push_back(booking);
        return !*more;
      });
}

// One entry of the cascade.
Result<Session> PlanCancel(Transaction& tx, std::string_view session_id) {
  TNT_ASSIGN_OR_RETURN(const Session before, GetSession(tx, session_id));
  const schema::GymSessionStatus status = before->getStatus();
  if (!tx.trace().Check("session.not_completed", status != schema::GymSessionStatus::COMPLETED,
                        {})) {
    return InvalidArgument("A completed session cannot be cancelled");
  }
  if (status == schema::GymSessionStatus::CANCELLED && !before->getCascading()) return before;

  std::vector<Booking> bookings;
  bool more = false;
  const auto limit = static_cast<size_t>(kCascadeBookingsMax - before->getWaitlistCount());
  TNT_RETURN_IF_ERROR(ConfirmedBookings(tx, session_id, limit, &bookings, &more));
  SessionChange change(tx, before);
  for (const Booking& booking : bookings) {
    TNT_RETURN_IF_ERROR(change.Free(booking, "session_cancelled").status());
  }
  codec::Draft<schema::GymSession>& after = change.draft();
  if (status != schema::GymSessionStatus::CANCELLED) after->setUpdatedAt(tx.now_unix_ms());
  after->setStatus(schema::GymSessionStatus::CANCELLED);
  after->setCascading(more);
  TNT_ASSIGN_OR_RETURN(SessionParts parts, change.Save());
  return std::move(parts.session);
}

}  // namespace

Done<Session> CancelSession(const Scope& scope, std::string_view session_id) {
  while (true) {
    Done<Session> done = Run<Session>(
        scope, CommandKind::kGymSessionCancel, [&](Transaction& tx) -> Result<Session> {
          TNT_ASSIGN_OR_RETURN(Session session, PlanCancel(tx, session_id));
          const bool several = session->getCascading();
          if (several && scope.tier == ReadTier::kInline) return WouldBlock();
          return session;
        });
    if (!done.ok() || !(*done.value)->getCascading()) return done;
  }
}

Status FinishCancellations(const Scope& scope) {
  std::vector<std::string> unfinished;
  const SpaceReader space = scope.engine.View().Space(scope.tenant, scope.tier);
  TNT_RETURN_IF_ERROR(
      space.ScanIndex<schema::GymSession>({.index = kCascading}, [&](const Session& session) {
        unfinished.push_back(String(session->getId()));
        return true;
      }));
  for (const std::string& id : unfinished) {
    const Outcome outcome = CancelSession(scope, id).outcome;
    scope.engine.WaitReleased(outcome.release_index);
    TNT_RETURN_IF_ERROR(outcome.status);
  }
  return Status::Ok();
}

}  // namespace tenantry::gym
