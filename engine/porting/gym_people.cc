// Gyms, their members and invitations: what the directory knows of.

#include "engine/base/ids.h"
#include "engine/gym/members.h"
#include "engine/gym/names.h"
#include "engine/gym/sign_in.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"
#include "engine/porting/gym_import.h"
#include "engine/porting/row_record.h"

namespace tenantry::porting {
namespace {

using gym::Text;
using gym::View;

constexpr uint8_t kFounders = 5;
constexpr size_t kBcryptChars = 60;

constexpr ColumnField kMemberColumns[] = {
    {"MEM_ID", "id"},
    {"MEM_TENANT_ID", "tenantId"},
    {"MEM_EMAIL", "email"},
    {"MEM_NAME", "name"},
    {"MEM_GOOGLE_ID", "googleId"},
    {"MEM_AVATAR_URL", "avatarUrl"},
    {"MEM_ROLE", "role"},
    {"MEM_CREATED_AT", "createdAt"},
    {"MEM_UPDATED_AT", "updatedAt"},
    {"MEM_PHONE_NUMBER", "phoneNumber"},
    {"MEM_DATE_OF_BIRTH", "dateOfBirth"},
    {"MEM_GENDER", "gender"},
    {"MEM_PROFILE_PHOTO", "profilePhoto"},
    {"MEM_TRAINER_CODE", "trainerCode"},
    {"MEM_TRAINER_TYPE", "trainerType"},
    {"MEM_OWNER_PROFILE", "ownerProfile"},
    {"MEM_TRAINER_PROFILE", "trainerProfile"},
    {"MEM_CLIENT_PROFILE", "clientProfile"},
    {"MEM_STAFF_PROFILE", "staffProfile"},
    {"MEM_PROFILE_COMPLETED", "profileCompleted"},
    {"MEM_ONBOARDING_STEP", "onboardingStep"},
    {"MEM_PASSWORD_HASH", "passwordHash"},
};

constexpr ColumnField kInvitationColumns[] = {
    {"INV_ID", "id"},
    {"INV_TENANT_ID", "tenantId"},
    {"INV_SENDER_ID", "invitedById"},
    {"INV_EMAIL", "inviteeEmail"},
    {"INV_NAME", "inviteeName"},
    {"INV_ROLE", "role"},
    {"INV_STATUS", "status"},
    {"INV_MESSAGE", "message"},
    {"INV_CODE", "invitationCode"},
    {"INV_EXPIRES_AT", "expiresAt"},
    {"INV_ACCEPTED_AT", "acceptedAt"},
    {"INV_CREATED_AT", "createdAt"},
    {"INV_UPDATED_AT", "updatedAt"},
};

Result<SpaceWriter*> OpenGym(DirectoryTransaction& tx, const std::string& tenant_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::Tenant>> tenant,
                       tx.Find<schema::Tenant>({std::string_view(tenant_id)}));
  if (!tenant || (*tenant)->getKind() != schema::TenantKind::GYM) {
    return NotFound("there is no gym " + tenant_id);
  }
  return tx.OpenSpace(SpaceId((*tenant)->getSpace()));
}

// The hash is verified at sign-in only: what is no hash would lock the member out without a word.
Status CheckPasswordHash(std::string_view hash) {
  if (hash.empty()) return Status::Ok();
  const bool bcrypt = hash.size() == kBcryptChars && hash.starts_with("$2") && hash[3] == '$';
  if (bcrypt) return Status::Ok();
  return InvalidArgument("MEM_PASSWORD_HASH is no bcrypt hash ($2b$...)");
}

// The first owner to come is the founder, who has the rights whatever the label becomes.
Result<bool> IsFounder(const SpaceReader& space, schema::GymRole role) {
  if (role != schema::GymRole::OWNER) return false;
  bool found = false;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymMember>(
      {.index = kFounders}, [&found](const codec::Stored<schema::GymMember>&) {
        found = true;
        return false;
      }));
  return !found;
}

// Where the member signs in by e-mail, as used last when the account last changed.
Status AddMembership(DirectoryTransaction& tx, const codec::Draft<schema::GymMember>& member) {
  const auto reader = member.reader();
  TNT_ASSIGN_OR_RETURN(
      const std::optional<codec::Stored<schema::EmailMembership>> before,
      tx.Find<schema::EmailMembership>({View(reader.getEmailKey()), View(reader.getTenantId())}));
  codec::Draft<schema::EmailMembership> membership;
  membership->setEmailKey(reader.getEmailKey());
  membership->setTenantId(reader.getTenantId());
  membership->setMemberId(reader.getId());
  membership->setLastUsedAt(reader.getUpdatedAt());
  return before ? tx.Update(*before, membership) : tx.Insert(membership);
}

Status AddReference(DirectoryTransaction& tx, const std::string& id, SpaceId space) {
  codec::Draft<schema::Reference> reference;
  reference->setKind(schema::ReferenceKind::INVITATION);
  reference->setId(Text(id));
  reference->setSpace(space.value());
  return tx.Insert(reference);
}

}  // namespace

std::span<const ColumnField> MemberColumns() {
  return kMemberColumns;
}

Result<bool> AddGym(DirectoryTransaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const std::string id, Needed(row, "TEN_ID"));
  TNT_ASSIGN_OR_RETURN(const std::string name, Needed(row, "TEN_NAME"));
  if (!IsGymId(id) && !IsUuid(id)) {
    return InvalidArgument("TEN_ID is neither a cuid nor a UUID, so no request could name the gym");
  }
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::Tenant>> before,
                       tx.Find<schema::Tenant>({std::string_view(id)}));
  if (before) {
    if ((*before)->getKind() == schema::TenantKind::GYM) return false;
    return AlreadyExists("a shop has this id");
  }
  TNT_ASSIGN_OR_RETURN(const int64_t created, InstantOf(row, "TEN_CREATED_AT", tx.now_unix_ms()));
  TNT_ASSIGN_OR_RETURN(const int64_t updated, InstantOf(row, "TEN_UPDATED_AT", created));
  TNT_RETURN_IF_ERROR(tenant::Directory::CheckGymFree(tx, name, row.Text("TEN_CODE")));
  TNT_RETURN_IF_ERROR(tenant::Directory::Create(tx, {.id = id,
                                                     .kind = schema::TenantKind::GYM,
                                                     .name = name,
                                                     .code = row.Text("TEN_CODE"),
                                                     .created_unix_ms = created,
                                                     .updated_unix_ms = updated})
                          .status());
  return true;
}

Result<bool> AddMember(DirectoryTransaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const std::string id, Needed(row, "MEM_ID"));
  TNT_ASSIGN_OR_RETURN(const std::string tenant_id, Needed(row, "MEM_TENANT_ID"));
  TNT_ASSIGN_OR_RETURN(const std::string email, Needed(row, "MEM_EMAIL"));
  TNT_RETURN_IF_ERROR(CheckPasswordHash(row.Text("MEM_PASSWORD_HASH")));
  TNT_ASSIGN_OR_RETURN(SpaceWriter * space, OpenGym(tx, tenant_id));
  TNT_ASSIGN_OR_RETURN(const auto before, space->Find<schema::GymMember>({std::string_view(id)}));
  if (before) return false;

  codec::Draft<schema::GymMember> member;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymMember>(row, kMemberColumns, &member));
  const std::string trimmed(gym::TrimName(email));
  member->setEmail(Text(trimmed));
  member->setEmailKey(Text(gym::EmailKey(email)));
  if (member->getUpdatedAt() == 0) member->setUpdatedAt(member->getCreatedAt());
  TNT_ASSIGN_OR_RETURN(const bool founder, IsFounder(*space, member->getRole()));
  member->setOwnerRights(founder);
  if (const Status free = space->CheckFree(member); !free.ok()) {
    if (free.code() != StatusCode::kAlreadyExists) return free;
    return AlreadyExists("another member of the gym has this e-mail or trainer code");
  }
  TNT_RETURN_IF_ERROR(space->Insert(member));
  TNT_RETURN_IF_ERROR(gym::CountMemberJoinedAt(*space, member->getCreatedAt()));
  TNT_RETURN_IF_ERROR(tenant::NoteForeignCode(tx, row.Text("MEM_TRAINER_CODE")));
  TNT_RETURN_IF_ERROR(AddMembership(tx, member));
  return true;
}

Result<bool> AddInvitation(DirectoryTransaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const std::string id, Needed(row, "INV_ID"));
  TNT_ASSIGN_OR_RETURN(const std::string tenant_id, Needed(row, "INV_TENANT_ID"));
  TNT_ASSIGN_OR_RETURN(const std::string code, Needed(row, "INV_CODE"));
  TNT_ASSIGN_OR_RETURN(SpaceWriter * space, OpenGym(tx, tenant_id));
  TNT_ASSIGN_OR_RETURN(const auto before,
                       space->Find<schema::GymInvitation>({std::string_view(id)}));
  if (before) return false;
  codec::Draft<schema::GymInvitation> invitation;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymInvitation>(row, kInvitationColumns, &invitation));
  for (const std::string_view name : {std::string_view(id), std::string_view(code)}) {
    TNT_ASSIGN_OR_RETURN(const auto taken,
                         tx.Find<schema::Reference>(
                             {static_cast<int64_t>(schema::ReferenceKind::INVITATION), name}));
    if (taken) return AlreadyExists("another invitation has this id or code");
  }
  TNT_RETURN_IF_ERROR(space->CheckFree(invitation));
  TNT_RETURN_IF_ERROR(space->Insert(invitation));
  TNT_RETURN_IF_ERROR(AddReference(tx, id, space->space()));
  TNT_RETURN_IF_ERROR(AddReference(tx, code, space->space()));
  return true;
}

}  // namespace tenantry::porting
