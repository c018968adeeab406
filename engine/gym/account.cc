#include "engine/gym/account.h"

#include "engine/gym/bookings.h"
#include "engine/gym/devices.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/members.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"
#include "engine/gym/waitlist.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kBookingsByMember = 2;
constexpr uint8_t kFavoritesByMember = 1;
constexpr uint8_t kWaitingByMember = 1;
constexpr std::string_view kNobody = "Deleted member";

// The member, when the judged password still is theirs.
Result<Member> GetJudged(SpaceWriter& space, std::string_view member_id,
                         std::string_view judged_hash) {
  TNT_ASSIGN_OR_RETURN(Member member, GetMember(space, member_id));
  const bool unchanged = View(member->getPasswordHash()) == judged_hash;
  if (!space.trace().Check("account.password_unchanged", unchanged, {{"member", member_id}})) {
    return Unauthenticated("Unauthorized");
  }
  return member;
}

// Confirmed bookings of sessions that are still to come.
Result<std::vector<std::string>> FutureBookings(const SpaceReader& space,
                                                std::string_view member_id, int64_t now_ms) {
  std::vector<Booking> confirmed;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymBooking>(
      {.index = kBookingsByMember, .equal = {member_id}}, [&](const Booking& booking) {
        if (booking->getStatus() == schema::GymBookingStatus::CONFIRMED) {
          confirmed.push_back(booking);
        }
        return true;
      }));
  std::vector<std::string> ahead;
  for (const Booking& booking : confirmed) {
    TNT_ASSIGN_OR_RETURN(const Session session,
                         GetSession(space, View(booking->getSessionInstanceId())));
    const bool stands = EffectiveStatus(*booking, *session) == booking->getStatus();
    if (stands && session->getStartTime() > now_ms) ahead.push_back(String(booking->getId()));
  }
  return ahead;
}

// Sessions whose waitlist the member is on.
Result<std::vector<std::string>> WaitedFor(const SpaceReader& space, std::string_view member_id) {
  std::vector<std::string> sessions;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymWaitlistEntry>(
      {.index = kWaitingByMember, .equal = {member_id}},
      [&](const codec::Stored<schema::GymWaitlistEntry>& entry) {
        sessions.push_back(String(entry->getSessionInstanceId()));
        return true;
      }));
  return sessions;
}

Status EraseFavorites(SpaceWriter& space, std::string_view member_id) {
  std::vector<codec::Stored<schema::GymFavorite>> favorites;
  TNT_RETURN_IF_ERROR(
      space.ScanIndex<schema::GymFavorite>({.index = kFavoritesByMember, .equal = {member_id}},
                                           [&](const codec::Stored<schema::GymFavorite>& favorite) {
                                             favorites.push_back(favorite);
                                             return true;
                                           }));
  for (const auto& favorite : favorites) TNT_RETURN_IF_ERROR(space.Erase(favorite));
  return Status::Ok();
}

// Keeps what bookings need to name somebody, and forgets who it was.
codec::Draft<schema::GymMember> Blank(const Member& before, int64_t now_ms) {
  codec::Draft<schema::GymMember> blank;
  blank->setId(before->getId());
  blank->setTenantId(before->getTenantId());
  blank->setEmail("");
  blank->setName(Text(std::string(kNobody)));
  blank->setCreatedAt(before->getCreatedAt());
  blank->setUpdatedAt(now_ms);
  blank->setTokenEpoch(before->getTokenEpoch() + 1);
  blank->setListed(false);
  return blank;
}

Status PlanDelete(DirectoryTransaction& tx, SpaceWriter& gym, const Scope& scope,
                  std::string_view judged_hash) {
  const std::string_view id = scope.actor.member_id;
  TNT_ASSIGN_OR_RETURN(const Member before, GetJudged(gym, id, judged_hash));
  TNT_ASSIGN_OR_RETURN(const std::vector<std::string> ahead,
                       FutureBookings(gym, id, tx.now_unix_ms()));
  // Booked again between the cancellations and here.
  if (!tx.trace().Check("account.no_future_seats", ahead.empty(), {})) {
    return Conflict("A booking was made while the account was being deleted");
  }
  TNT_ASSIGN_OR_RETURN(
      const std::optional<codec::Stored<schema::EmailMembership>> membership,
      tx.Find<schema::EmailMembership>({View(before->getEmailKey()), scope.tenant_id}));
  if (membership) TNT_RETURN_IF_ERROR(tx.Erase(*membership));
  TNT_RETURN_IF_ERROR(EraseDevices(gym, id, {}));
  TNT_RETURN_IF_ERROR(EraseFavorites(gym, id));
  TNT_RETURN_IF_ERROR(EraseStats(gym, id));
  TNT_RETURN_IF_ERROR(CountMemberLeft(gym));
  return gym.Update(before, Blank(before, tx.now_unix_ms()));
}

Status CheckNotLastOwner(SpaceWriter& tx, const Actor& actor) {
  if (!actor.owner()) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const bool another, HasOtherOwnerRights(tx, actor.member_id));
  if (!tx.trace().Check("account.an_owner_stays", another, {{"member", actor.member_id}})) {
    return Conflict("The last OWNER of a gym cannot leave it");
  }
  return Status::Ok();
}

// Leaving is not bound to the notice that a cancellation needs.
Scope AsCrew(const Scope& scope) {
  Scope crew = scope;
  crew.actor.role = schema::GymRole::STAFF;
  return crew;
}

}  // namespace

Outcome ChangePassword(const Scope& scope, const NewPassword& change) {
  return scope.engine.Execute(scope.tenant, scope.Info(CommandKind::kGymPasswordChange), scope.tier,
                              [&](Transaction& tx) -> Status {
                                TNT_ASSIGN_OR_RETURN(
                                    const Member before,
                                    GetJudged(tx, scope.actor.member_id, change.judged_hash));
                                codec::Draft<schema::GymMember> after(before);
                                after->setPasswordHash(Text(std::string(change.new_hash)));
                                after->setUpdatedAt(tx.now_unix_ms());
                                TNT_RETURN_IF_ERROR(tx.Update(before, after));
                                return EraseDevices(tx, scope.actor.member_id, change.device_id);
                              });
}

Outcome DeleteAccount(const Scope& scope, std::string_view judged_hash) {
  const CommandInfo info = scope.Info(CommandKind::kGymAccountDelete);
  // A plan that writes nothing: refuse before any seat is given back.
  std::vector<std::string> bookings, queues;
  const Outcome checked =
      scope.engine.Execute(scope.tenant, info, scope.tier, [&](Transaction& tx) -> Status {
        TNT_RETURN_IF_ERROR(GetJudged(tx, scope.actor.member_id, judged_hash).status());
        TNT_RETURN_IF_ERROR(CheckNotLastOwner(tx, scope.actor));
        TNT_ASSIGN_OR_RETURN(bookings, FutureBookings(tx, scope.actor.member_id, tx.now_unix_ms()));
        TNT_ASSIGN_OR_RETURN(queues, WaitedFor(tx, scope.actor.member_id));
        return scope.tier == ReadTier::kInline ? WouldBlock() : Status::Ok();
      });
  if (!checked.status.ok()) return checked;
  for (const std::string& session : queues) {
    const Outcome left = LeaveWaitlist(scope, session);
    if (!left.status.ok() && left.status.code() != StatusCode::kNotFound) return left;
  }
  for (const std::string& booking : bookings) {
    const Outcome cancelled = CancelBooking(AsCrew(scope), booking).outcome;
    // kInvalidArgument: somebody else was faster.
    if (!cancelled.status.ok() && cancelled.status.code() != StatusCode::kInvalidArgument) {
      return cancelled;
    }
  }
  return scope.engine.ExecuteDirectory(info, scope.tier, [&](DirectoryTransaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(SpaceWriter * gym, tx.OpenSpace(scope.tenant.space()));
    TNT_RETURN_IF_ERROR(CheckNotLastOwner(*gym, scope.actor));
    return PlanDelete(tx, *gym, scope, judged_hash);
  });
}

}  // namespace tenantry::gym
