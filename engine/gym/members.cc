#include "engine/gym/members.h"

#include "engine/gym/names.h"
#include "engine/gym/sign_in.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByEmail = 1;
constexpr uint8_t kByRole = 2;
constexpr uint8_t kByTime = 3;
constexpr uint8_t kFounders = 5;

Status EmailTaken() {
  return AlreadyExists("A member with this email already exists in this gym");
}

Status CheckEmailFreeIn(SpaceWriter& space, std::string_view email) {
  const Status free = CheckEmailFree(space, email);
  const bool taken = free.code() == StatusCode::kAlreadyExists;
  if (!space.trace().Check("member.email_free", !taken, {})) return free;
  return free;
}

bool IsRankedHigh(const schema::GymMember::Reader& member) {
  return member.getOwnerRights() || member.getRole() == schema::GymRole::OWNER ||
         member.getRole() == schema::GymRole::ADMIN;
}

Status CheckMayMake(RuleTrace& trace, const Actor& actor, schema::GymRole role) {
  const bool high = role == schema::GymRole::OWNER || role == schema::GymRole::ADMIN;
  if (!trace.Check("member.role_not_above_actor", !high || actor.owner(),
                   {{"role", static_cast<int64_t>(role)}})) {
    return PermissionDenied("Forbidden resource");
  }
  return Status::Ok();
}

Status CheckMayChange(SpaceWriter& tx, const Actor& actor, const Member& member,
                      std::optional<schema::GymRole> role) {
  const bool self = View(member->getId()) == actor.member_id;
  if (!tx.trace().Check("member.not_above_actor", self || actor.owner() || !IsRankedHigh(*member),
                        {{"member", View(member->getId())}})) {
    return PermissionDenied("Forbidden resource");
  }
  if (!role || *role == member->getRole()) return Status::Ok();
  TNT_RETURN_IF_ERROR(CheckMayMake(tx.trace(), actor, *role));
  if (member->getRole() != schema::GymRole::OWNER) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const bool another, HasOtherOwner(tx, View(member->getId())));
  if (!tx.trace().Check("member.an_owner_stays", another, {{"member", View(member->getId())}})) {
    return Conflict("The last OWNER of a gym keeps the role");
  }
  return Status::Ok();
}

Result<bool> HasOther(const SpaceReader& space, const IndexRange& range,
                      std::string_view member_id) {
  bool other = false;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymMember>(range, [&](const Member& member) {
    other = View(member->getId()) != member_id;
    return !other;
  }));
  return other;
}

// Moves the way from an e-mail to this gym.
Status MoveMembership(DirectoryTransaction& tx, const Member& before, std::string_view email) {
  using Membership = codec::Stored<schema::EmailMembership>;
  const std::string_view tenant_id = View(before->getTenantId());
  TNT_ASSIGN_OR_RETURN(const std::optional<Membership> old,
                       tx.Find<schema::EmailMembership>({View(before->getEmailKey()), tenant_id}));
  codec::Draft<schema::EmailMembership> moved;
  moved->setEmailKey(Text(EmailKey(email)));
  moved->setTenantId(before->getTenantId());
  moved->setMemberId(before->getId());
  if (old) {
    moved->setLastUsedAt((*old)->getLastUsedAt());
    TNT_RETURN_IF_ERROR(tx.Erase(*old));
  }
  return tx.Insert(moved);
}

Result<Member> WriteChanged(SpaceWriter& space, const Member& before,
                            codec::Draft<schema::GymMember>* after) {
  (*after)->setUpdatedAt(space.now_unix_ms());
  TNT_RETURN_IF_ERROR(space.Update(before, *after));
  return Freeze(*after);
}

using Patch = codec::Input<schema::GymMemberPatch>;

std::optional<schema::GymRole> RoleIn(const Patch& in) {
  const schema::FieldInfo* role = schema::InfoOf<schema::GymMemberPatch>().FindField("role");
  if (!in.Sent("role") || in.fields().null[role->ordinal]) return std::nullopt;
  return (*in).getRole();
}

// Everything but the e-mail.
Result<codec::Draft<schema::GymMember>> PlanChange(SpaceWriter& space, const Scope& scope,
                                                   const Member& before, const Patch& in) {
  const std::optional<schema::GymRole> role = RoleIn(in);
  TNT_RETURN_IF_ERROR(CheckMayChange(space, scope.actor, before, role));
  codec::Draft<schema::GymMember> after(before);
  codec::CopySent(in, &after);
  after->setEmail(before->getEmail());
  after->setRole(role.value_or(before->getRole()));
  return after;
}

Result<Member> PlanChangeWithEmail(DirectoryTransaction& tx, SpaceWriter& space, const Scope& scope,
                                   std::string_view member_id, const Patch& in) {
  TNT_ASSIGN_OR_RETURN(const Member before, GetMember(space, member_id));
  TNT_ASSIGN_OR_RETURN(codec::Draft<schema::GymMember> after, PlanChange(space, scope, before, in));
  const std::string email(TrimName(View((*in).getEmail())));
  if (EmailKey(email) != View(before->getEmailKey())) {
    TNT_RETURN_IF_ERROR(CheckEmailFreeIn(space, email));
    TNT_RETURN_IF_ERROR(MoveMembership(tx, before, email));
    after->setEmailKey(Text(EmailKey(email)));
    after->setTokenEpoch(before->getTokenEpoch() + 1);
  }
  after->setEmail(Text(email));
  return WriteChanged(space, before, &after);
}

void SetDocument(codec::Draft<schema::GymMember>* member, const CompletedProfile& profile) {
  if (profile.document.empty()) return;
  const capnp::Text::Reader document = Text(profile.document);
  switch (profile.kind) {
    case ProfileKind::kOwner:
      return (*member)->setOwnerProfile(document);
    case ProfileKind::kTrainer:
      return (*member)->setTrainerProfile(document);
    case ProfileKind::kClient:
      return (*member)->setClientProfile(document);
    case ProfileKind::kStaff:
      return (*member)->setStaffProfile(document);
  }
}

Result<codec::Draft<schema::GymMember>> PlanCompletion(const Member& before,
                                                       const CompletedProfile& profile) {
  codec::Draft<schema::GymMember> after(before);
  codec::CopySent(profile.common, &after);
  SetDocument(&after, profile);
  after->setProfileCompleted(true);
  return after;
}

}  // namespace

Result<std::optional<Member>> FindMember(const SpaceReader& space, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(std::optional<Member> member, space.Find<schema::GymMember>({id}));
  if (member && !(*member)->getListed()) member.reset();
  return member;
}

Result<std::optional<Member>> FindMemberByEmail(const SpaceReader& space, std::string_view email) {
  const std::string key = EmailKey(email);
  return space.FindUnique<schema::GymMember>(kByEmail, {std::string_view(key)});
}

Result<Member> GetMember(const SpaceReader& space, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(std::optional<Member> member, FindMember(space, id));
  if (!member) return NotFound("Member with ID " + std::string(id) + " not found");
  return *std::move(member);
}

Status CheckEmailFree(const SpaceReader& space, std::string_view email) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Member> taken, FindMemberByEmail(space, email));
  return taken ? EmailTaken() : Status::Ok();
}

Result<MemberPage> ListMembers(const SpaceReader& space, std::optional<schema::GymRole> role,
                               const Page& page) {
  IndexRange range{.index = kByTime, .reverse = true};
  if (role) {
    range.index = kByRole;
    range.equal = {static_cast<int64_t>(*role)};
  }
  MemberPage found;
  if (role) {
    TNT_ASSIGN_OR_RETURN(found.total, space.CountIndex<schema::GymMember>(range));
  } else {
    TNT_ASSIGN_OR_RETURN(const int64_t members, Total(space, kTotalMembers, 0));
    found.total = static_cast<uint64_t>(members);
  }
  std::vector<std::string> ids;
  uint64_t skip = (page.number - 1) * page.limit;
  TNT_RETURN_IF_ERROR(space.ScanIndexKeys(schema::CollectionOf<schema::GymMember>(), range,
                                          [&](std::string_view primary_key) {
                                            if (skip > 0) {
                                              --skip;
                                              return true;
                                            }
                                            std::string id;
                                            if (!keys::TakeText(&primary_key, &id)) return false;
                                            ids.push_back(std::move(id));
                                            return ids.size() < page.limit;
                                          }));
  for (const std::string& id : ids) {
    TNT_ASSIGN_OR_RETURN(Member member, GetMember(space, id));
    found.rows.push_back(std::move(member));
  }
  return found;
}

Result<bool> HasOtherOwner(const SpaceReader& space, std::string_view member_id) {
  return HasOther(space,
                  {.index = kByRole, .equal = {static_cast<int64_t>(schema::GymRole::OWNER)}},
                  member_id);
}

Result<bool> HasOtherOwnerRights(const SpaceReader& space, std::string_view member_id) {
  TNT_ASSIGN_OR_RETURN(const bool labelled, HasOtherOwner(space, member_id));
  if (labelled) return true;
  return HasOther(space, {.index = kFounders}, member_id);
}

int64_t ProfileCompleteness(const schema::GymMember::Reader& member) {
  int64_t eighths = 0;
  for (const bool present :
       {member.getName().size() > 0, member.getEmail().size() > 0,
        member.getPhoneNumber().size() > 0, member.getProfilePhoto().size() > 0}) {
    eighths += present ? 1 : 0;
  }
  if (member.hasOwnerProfile() || member.hasTrainerProfile() || member.hasClientProfile() ||
      member.hasStaffProfile()) {
    eighths += 4;
  }
  return (eighths * 100 + 4) / 8;
}

Result<Member> InsertMember(DirectoryTransaction& tx, SpaceWriter& space, const NewMember& member) {
  TNT_RETURN_IF_ERROR(CheckEmailFreeIn(space, member.email));
  const int64_t now_ms = tx.now_unix_ms();
  codec::Draft<schema::GymMember> draft;
  draft->setId(Text(NewGymId(tx.random())));
  draft->setTenantId(Text(std::string(member.tenant_id)));
  draft->setEmail(Text(std::string(TrimName(member.email))));
  draft->setName(Text(std::string(member.name)));
  draft->setRole(member.role);
  draft->setCreatedAt(now_ms);
  draft->setUpdatedAt(now_ms);
  draft->setEmailKey(Text(EmailKey(member.email)));
  if (!member.password_hash.empty()) {
    draft->setPasswordHash(Text(std::string(member.password_hash)));
  }
  draft->setOwnerRights(member.owner_rights);
  TNT_RETURN_IF_ERROR(space.Insert(draft));
  TNT_RETURN_IF_ERROR(CountMemberJoined(space));
  // Never used so far: a gym that adds strangers must not push theirs out of the ones tried.
  codec::Draft<schema::EmailMembership> membership;
  membership->setEmailKey(draft->getEmailKey());
  membership->setTenantId(draft->getTenantId());
  membership->setMemberId(draft->getId());
  TNT_RETURN_IF_ERROR(tx.Insert(membership));
  return Freeze(draft);
}

Done<Member> AddMember(const Scope& scope, const NewMember& member) {
  return RunInDirectory<Member>(
      scope, CommandKind::kGymMemberAdd,
      [&](DirectoryTransaction& tx, SpaceWriter& gym) -> Result<Member> {
        TNT_RETURN_IF_ERROR(CheckMayMake(tx.trace(), scope.actor, member.role));
        return InsertMember(tx, gym, member);
      });
}

Done<Member> ChangeMember(const Scope& scope, std::string_view member_id, const Patch& in) {
  if ((*in).hasEmail()) {
    return RunInDirectory<Member>(scope, CommandKind::kGymMemberUpdate,
                                  [&](DirectoryTransaction& tx, SpaceWriter& gym) {
                                    return PlanChangeWithEmail(tx, gym, scope, member_id, in);
                                  });
  }
  return Run<Member>(scope, CommandKind::kGymMemberUpdate, [&](Transaction& tx) -> Result<Member> {
    TNT_ASSIGN_OR_RETURN(const Member before, GetMember(tx, member_id));
    TNT_ASSIGN_OR_RETURN(codec::Draft<schema::GymMember> after, PlanChange(tx, scope, before, in));
    return WriteChanged(tx, before, &after);
  });
}

Done<Member> ChangeProfile(const Scope& scope, const codec::Input<schema::GymProfileInput>& in) {
  return Run<Member>(scope, CommandKind::kGymProfileUpdate, [&](Transaction& tx) -> Result<Member> {
    TNT_ASSIGN_OR_RETURN(const Member before, GetMember(tx, scope.actor.member_id));
    codec::Draft<schema::GymMember> after(before);
    codec::CopySent(in, &after);
    return WriteChanged(tx, before, &after);
  });
}

Done<Member> CompleteProfile(const Scope& scope, const CompletedProfile& profile) {
  if (profile.kind != ProfileKind::kTrainer) {
    return Run<Member>(
        scope, CommandKind::kGymProfileComplete, [&](Transaction& tx) -> Result<Member> {
          TNT_ASSIGN_OR_RETURN(const Member before, GetMember(tx, scope.actor.member_id));
          TNT_ASSIGN_OR_RETURN(codec::Draft<schema::GymMember> after,
                               PlanCompletion(before, profile));
          return WriteChanged(tx, before, &after);
        });
  }
  return RunInDirectory<Member>(
      scope, CommandKind::kGymProfileComplete,
      [&](DirectoryTransaction& tx, SpaceWriter& gym) -> Result<Member> {
        TNT_ASSIGN_OR_RETURN(const Member before, GetMember(gym, scope.actor.member_id));
        TNT_ASSIGN_OR_RETURN(codec::Draft<schema::GymMember> after,
                             PlanCompletion(before, profile));
        after->setTrainerType(Text(profile.trainer_type));
        if (!before->hasTrainerCode()) {
          TNT_ASSIGN_OR_RETURN(const std::string code, tenant::NextTrainerCode(tx));
          after->setTrainerCode(Text(code));
        }
        return WriteChanged(gym, before, &after);
      });
}

}  // namespace tenantry::gym
