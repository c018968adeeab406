#include "engine/gym/invitations.h"

#include "engine/base/bytes.h"
#include "engine/gym/names.h"
#include "engine/gym/text.h"
#include "engine/schema/directory.capnp.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {
namespace {

using InvitationStatus = schema::GymInvitationStatus;

constexpr uint8_t kByCode = 1;
constexpr uint8_t kByTime = 2;
constexpr uint8_t kByStatus = 3;
constexpr size_t kCodeBytes = 4;
constexpr int64_t kDayMs = int64_t{24} * 3'600'000;
constexpr int64_t kReferenceKind = static_cast<int64_t>(schema::ReferenceKind::INVITATION);

Status InvitationNotFound(std::string_view id) {
  return NotFound("Invitation with ID " + std::string(id) + " not found");
}

bool IsExpired(const schema::GymInvitation::Reader& invitation, int64_t now_ms) {
  return invitation.getStatus() == InvitationStatus::PENDING && invitation.getExpiresAt() <= now_ms;
}

Result<Invitation> AsSeen(const Invitation& invitation, int64_t now_ms) {
  if (!IsExpired(*invitation, now_ms)) return invitation;
  codec::Draft<schema::GymInvitation> seen(invitation);
  seen->setStatus(InvitationStatus::EXPIRED);
  return Freeze(seen);
}

Result<Invitation> FindStored(const SpaceReader& space, std::string_view id_or_code) {
  TNT_ASSIGN_OR_RETURN(std::optional<Invitation> invitation,
                       space.Find<schema::GymInvitation>({id_or_code}));
  if (!invitation) {
    TNT_ASSIGN_OR_RETURN(invitation,
                         space.FindUnique<schema::GymInvitation>(kByCode, {id_or_code}));
  }
  if (!invitation) return InvitationNotFound(id_or_code);
  return *std::move(invitation);
}

bool MayGrant(const Actor& actor, schema::GymRole role) {
  return role == schema::GymRole::OWNER ? actor.owner() : actor.manager();
}

std::string UpperHex(std::string_view bytes) {
  std::string text = FormatHex(bytes);
  for (char& c : text) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

Status PutReference(DirectoryTransaction& tx, std::string_view id, SpaceId space) {
  codec::Draft<schema::Reference> reference;
  reference->setKind(schema::ReferenceKind::INVITATION);
  reference->setId(Text(std::string(id)));
  reference->setSpace(space.value());
  return tx.Insert(reference);
}

// Short enough to be typed, so it may be taken: by an invitation of any gym.
Result<std::string> FreshCode(DirectoryTransaction& tx) {
  while (true) {
    std::string code = UpperHex(tx.random().Bytes(kCodeBytes));
    TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::Reference>> taken,
                         tx.Find<schema::Reference>({kReferenceKind, std::string_view(code)}));
    if (!taken) return code;
  }
}

Result<Invitation> PlanInvite(DirectoryTransaction& tx, SpaceWriter& gym, const Scope& scope,
                              const schema::GymInvitationInput::Reader& input) {
  if (!tx.trace().Check("invitation.role_not_above_inviter", MayGrant(scope.actor, input.getRole()),
                        {{"role", static_cast<int64_t>(input.getRole())}})) {
    return PermissionDenied("Forbidden resource");
  }
  const std::string_view email = TrimName(View(input.getInviteeEmail()));
  const Status free = CheckEmailFree(gym, email);
  const bool taken = free.code() == StatusCode::kAlreadyExists;
  if (!tx.trace().Check("invitation.not_a_member_yet", !taken, {})) return free;
  TNT_RETURN_IF_ERROR(free);
  const int64_t now_ms = tx.now_unix_ms();
  const std::string id = NewGymId(tx.random());
  TNT_ASSIGN_OR_RETURN(const std::string code, FreshCode(tx));
  codec::Draft<schema::GymInvitation> draft;
  draft->setId(Text(id));
  draft->setTenantId(Text(std::string(scope.tenant_id)));
  draft->setInvitedById(Text(std::string(scope.actor.member_id)));
  draft->setInviteeEmail(Text(std::string(email)));
  if (input.hasInviteeName()) draft->setInviteeName(input.getInviteeName());
  if (input.hasMessage()) draft->setMessage(input.getMessage());
  draft->setRole(input.getRole());
  draft->setInvitationCode(Text(code));
  draft->setExpiresAt(now_ms + input.getExpiresInDays() * kDayMs);
  draft->setCreatedAt(now_ms);
  draft->setUpdatedAt(now_ms);
  TNT_RETURN_IF_ERROR(gym.Insert(draft));
  TNT_RETURN_IF_ERROR(PutReference(tx, id, gym.space()));
  TNT_RETURN_IF_ERROR(PutReference(tx, code, gym.space()));
  return Freeze(draft);
}

Status CheckPending(RuleTrace& trace, const Invitation& invitation) {
  if (!trace.Check("invitation.pending", invitation->getStatus() == InvitationStatus::PENDING,
                   {{"status", static_cast<int64_t>(invitation->getStatus())}})) {
    return InvalidArgument("This invitation is no longer pending");
  }
  return Status::Ok();
}

Result<Invitation> WriteStatus(SpaceWriter& gym, const Invitation& before,
                               codec::Draft<schema::GymInvitation>* after,
                               InvitationStatus status) {
  (*after)->setStatus(status);
  (*after)->setUpdatedAt(gym.now_unix_ms());
  TNT_RETURN_IF_ERROR(gym.Update(before, *after));
  return Freeze(*after);
}

Status CheckInviterMayStillGrant(SpaceWriter& gym, const Invitation& invitation) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Member> inviter,
                       FindMember(gym, View(invitation->getInvitedById())));
  const bool may = inviter && MayGrant({View((*inviter)->getId()), (*inviter)->getRole(),
                                        (*inviter)->getOwnerRights()},
                                       invitation->getRole());
  if (!gym.trace().Check("invitation.inviter_may_still_grant", may, {})) {
    return InvalidArgument("This invitation is no longer valid");
  }
  return Status::Ok();
}

std::string NameOf(const NewInvitee& invitee, const Invitation& invitation) {
  if (!TrimName(invitee.name).empty()) return std::string(TrimName(invitee.name));
  if (invitation->getInviteeName().size() > 0) return String(invitation->getInviteeName());
  const std::string email = String(invitation->getInviteeEmail());
  return email.substr(0, email.find('@'));
}

Result<Accepted> PlanAccept(DirectoryTransaction& tx, SpaceWriter& gym, std::string_view code,
                            const NewInvitee& invitee) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Invitation> before,
                       gym.FindUnique<schema::GymInvitation>(kByCode, {code}));
  if (!tx.trace().Check("invitation.exists", before.has_value(), {}))
    return InvitationNotFound(code);
  TNT_RETURN_IF_ERROR(CheckPending(tx.trace(), *before));
  codec::Draft<schema::GymInvitation> after(*before);
  const int64_t expires_at_ms = (*before)->getExpiresAt();
  if (!tx.trace().Check("invitation.not_expired", !IsExpired(**before, tx.now_unix_ms()),
                        {{"expiresAt", expires_at_ms}})) {
    TNT_ASSIGN_OR_RETURN(Invitation expired,
                         WriteStatus(gym, *before, &after, InvitationStatus::EXPIRED));
    return Accepted{std::move(expired), std::nullopt};
  }
  TNT_RETURN_IF_ERROR(CheckInviterMayStillGrant(gym, *before));
  const std::string name = NameOf(invitee, *before);
  const std::string_view tenant_id = View((*before)->getTenantId());
  TNT_ASSIGN_OR_RETURN(Member member, InsertMember(tx, gym,
                                                   {.tenant_id = tenant_id,
                                                    .email = View((*before)->getInviteeEmail()),
                                                    .name = name,
                                                    .password_hash = invitee.password_hash,
                                                    .role = (*before)->getRole()}));
  TNT_RETURN_IF_ERROR(
      TouchMembership(tx, View(member->getEmailKey()), tenant_id, View(member->getId())));
  after->setAcceptedAt(tx.now_unix_ms());
  TNT_ASSIGN_OR_RETURN(Invitation accepted,
                       WriteStatus(gym, *before, &after, InvitationStatus::ACCEPTED));
  TNT_ASSIGN_OR_RETURN(IssuedToken token, AddDevice(gym, *member));
  TNT_ASSIGN_OR_RETURN(codec::Stored<schema::Tenant> tenant, tx.Get<schema::Tenant>({tenant_id}));
  return Accepted{std::move(accepted),
                  SignedIn{std::move(member), std::move(tenant), std::move(token)}};
}

// An answer acts in the gym as nobody's member.
Scope ScopeOf(const InvitationAnswer& answer) {
  return {answer.engine,     answer.gym, {}, {"invitee", schema::GymRole::MEMBER, false},
          answer.request_id, answer.tier};
}

}  // namespace

Done<Invitation> Invite(const Scope& scope, schema::GymInvitationInput::Reader input) {
  return RunInDirectory<Invitation>(scope, CommandKind::kGymInvite,
                                    [&](DirectoryTransaction& tx, SpaceWriter& gym) {
                                      return PlanInvite(tx, gym, scope, input);
                                    });
}

Done<Invitation> CancelInvitation(const Scope& scope, std::string_view id) {
  return Run<Invitation>(
      scope, CommandKind::kGymInvitationCancel, [&](Transaction& tx) -> Result<Invitation> {
        TNT_ASSIGN_OR_RETURN(const Invitation before, FindStored(tx, id));
        if (!tx.trace().Check("invitation.not_accepted",
                              before->getStatus() != InvitationStatus::ACCEPTED, {})) {
          return InvalidArgument("An accepted invitation cannot be cancelled");
        }
        codec::Draft<schema::GymInvitation> after(before);
        return WriteStatus(tx, before, &after, InvitationStatus::CANCELLED);
      });
}

Done<Accepted> AcceptInvitation(const InvitationAnswer& answer, const NewInvitee& invitee) {
  return RunInDirectory<Accepted>(ScopeOf(answer), CommandKind::kGymInvitationAccept,
                                  [&](DirectoryTransaction& tx, SpaceWriter& gym) {
                                    return PlanAccept(tx, gym, answer.code, invitee);
                                  });
}

Done<Invitation> DeclineInvitation(const InvitationAnswer& answer, std::string_view reason) {
  return Run<Invitation>(
      ScopeOf(answer), CommandKind::kGymInvitationDecline,
      [&](Transaction& tx) -> Result<Invitation> {
        TNT_ASSIGN_OR_RETURN(const std::optional<Invitation> before,
                             tx.FindUnique<schema::GymInvitation>(kByCode, {answer.code}));
        if (!tx.trace().Check("invitation.exists", before.has_value(), {})) {
          return InvitationNotFound(answer.code);
        }
        TNT_ASSIGN_OR_RETURN(const Invitation seen, AsSeen(*before, tx.now_unix_ms()));
        TNT_RETURN_IF_ERROR(CheckPending(tx.trace(), seen));
        codec::Draft<schema::GymInvitation> after(*before);
        if (!reason.empty()) after->setDeclineReason(Text(std::string(reason)));
        return WriteStatus(tx, *before, &after, InvitationStatus::DECLINED);
      });
}

Result<TenantRef> FindInvitationGym(const ReadView& view, std::string_view id_or_code,
                                    ReadTier tier) {
  Result<TenantRef> gym =
      tenant::Directory::FindByReference(view, schema::ReferenceKind::INVITATION, id_or_code, tier);
  if (!gym.ok() && gym.status().code() == StatusCode::kNotFound) {
    return InvitationNotFound(id_or_code);
  }
  return gym;
}

Result<Invitation> GetInvitation(const SpaceReader& space, std::string_view id_or_code,
                                 int64_t now_ms) {
  TNT_ASSIGN_OR_RETURN(const Invitation invitation, FindStored(space, id_or_code));
  return AsSeen(invitation, now_ms);
}

Result<std::vector<Invitation>> ListInvitations(const SpaceReader& space, const Page& page,
                                                int64_t now_ms) {
  std::vector<Invitation> stored;
  uint64_t skip = (page.number - 1) * page.limit;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymInvitation>({.index = kByTime, .reverse = true},
                                                             [&](const Invitation& invitation) {
                                                               if (skip > 0) {
                                                                 --skip;
                                                               } else {
                                                                 stored.push_back(invitation);
                                                               }
                                                               return stored.size() < page.limit;
                                                             }));
  std::vector<Invitation> found;
  for (const Invitation& invitation : stored) {
    TNT_ASSIGN_OR_RETURN(Invitation seen, AsSeen(invitation, now_ms));
    found.push_back(std::move(seen));
  }
  return found;
}

Result<InvitationCounts> CountInvitations(const SpaceReader& space, int64_t now_ms) {
  const auto count = [&](InvitationStatus status, std::optional<keys::Part> from) {
    return space.CountIndex<schema::GymInvitation>(
        {.index = kByStatus, .equal = {static_cast<int64_t>(status)}, .from = std::move(from)});
  };
  TNT_ASSIGN_OR_RETURN(const uint64_t written_pending,
                       count(InvitationStatus::PENDING, std::nullopt));
  TNT_ASSIGN_OR_RETURN(const uint64_t pending, count(InvitationStatus::PENDING, now_ms + 1));
  TNT_ASSIGN_OR_RETURN(const uint64_t accepted, count(InvitationStatus::ACCEPTED, std::nullopt));
  TNT_ASSIGN_OR_RETURN(const uint64_t declined, count(InvitationStatus::DECLINED, std::nullopt));
  TNT_ASSIGN_OR_RETURN(const uint64_t expired, count(InvitationStatus::EXPIRED, std::nullopt));
  TNT_ASSIGN_OR_RETURN(const uint64_t cancelled, count(InvitationStatus::CANCELLED, std::nullopt));
  InvitationCounts counts;
  counts.pending = static_cast<int64_t>(pending);
  counts.accepted = static_cast<int64_t>(accepted);
  counts.declined = static_cast<int64_t>(declined);
  counts.expired = static_cast<int64_t>(expired + written_pending - pending);
  counts.cancelled = static_cast<int64_t>(cancelled);
  return counts;
}

}  // namespace tenantry::gym
