#include "engine/gym/signup.h"

#include "engine/gym/names.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kTenantByGymName = 1;
constexpr uint8_t kMemberByEmail = 1;

Status NameTaken() {
  return AlreadyExists("A gym with this name already exists");
}
Status EmailTaken() {
  return AlreadyExists("A member with this email already exists in this gym");
}

// A strange conflict of ours must not name collections to clients.
Status Renamed(const Status& status, Status (*conflict)()) {
  return status.code() == StatusCode::kAlreadyExists ? conflict() : status;
}

struct NewMember {
  std::string_view tenant_id;
  std::string_view email;
  std::string_view name;
  std::string_view password_hash;
  schema::GymRole role = schema::GymRole::MEMBER;
  bool owner_rights = false;
};

// The member, the way from its e-mail to this gym, and its first signed-in device.
Result<SignedIn> PlanMember(DirectoryTransaction& tx, SpaceWriter& space, const NewMember& member) {
  const int64_t now_ms = tx.now_unix_ms();
  const std::string email_key = EmailKey(member.email);
  codec::Draft<schema::GymMember> draft;
  draft->setId(Text(NewGymId(tx.random())));
  draft->setTenantId(Text(std::string(member.tenant_id)));
  draft->setEmail(Text(std::string(TrimName(member.email))));
  draft->setName(Text(std::string(member.name)));
  draft->setRole(member.role);
  draft->setCreatedAt(now_ms);
  draft->setUpdatedAt(now_ms);
  draft->setEmailKey(Text(email_key));
  draft->setPasswordHash(Text(std::string(member.password_hash)));
  draft->setOwnerRights(member.owner_rights);
  TNT_RETURN_IF_ERROR(Renamed(space.Insert(draft), EmailTaken));
  TNT_RETURN_IF_ERROR(CountMemberJoined(space));
  TNT_RETURN_IF_ERROR(
      TouchMembership(tx, email_key, member.tenant_id, View(draft.reader().getId())));
  TNT_ASSIGN_OR_RETURN(IssuedToken token, AddDevice(space, draft.reader()));
  TNT_ASSIGN_OR_RETURN(codec::Stored<schema::GymMember> stored, Freeze(draft));
  TNT_ASSIGN_OR_RETURN(codec::Stored<schema::Tenant> tenant,
                       tx.Get<schema::Tenant>({member.tenant_id}));
  return SignedIn{std::move(stored), std::move(tenant), std::move(token)};
}

using SignupPlan = std::function<Result<SignedIn>(DirectoryTransaction&)>;

Done<SignedIn> RunSignup(Engine& engine, CommandKind command, std::string_view request_id,
                         ReadTier tier, const SignupPlan& plan) {
  Done<SignedIn> done;
  const CommandInfo info{static_cast<uint16_t>(command), "signup", request_id};
  done.outcome = engine.ExecuteDirectory(info, tier, [&](DirectoryTransaction& tx) -> Status {
    Result<SignedIn> planned = plan(tx);
    if (!planned.ok()) return planned.status();
    done.value.emplace(std::move(planned).value());
    return Status::Ok();
  });
  if (!done.ok()) done.value.reset();
  return done;
}

Status CheckNameFreeIn(const SpaceReader& directory, std::string_view name) {
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<schema::Tenant>> taken,
                       directory.FindUnique<schema::Tenant>(kTenantByGymName, {TrimName(name)}));
  return taken ? NameTaken() : Status::Ok();
}

Status CheckEmailFreeIn(const SpaceReader& space, std::string_view email) {
  const std::string key = EmailKey(email);
  TNT_ASSIGN_OR_RETURN(
      const std::optional<codec::Stored<schema::GymMember>> taken,
      space.FindUnique<schema::GymMember>(kMemberByEmail, {std::string_view(key)}));
  return taken ? EmailTaken() : Status::Ok();
}

}  // namespace

Status CheckGymNameFree(const ReadView& view, std::string_view name, ReadTier tier) {
  return CheckNameFreeIn(view.DirectorySpace(tier), name);
}

Status CheckEmailFree(const ReadView& view, const TenantRef& tenant, std::string_view email,
                      ReadTier tier) {
  return CheckEmailFreeIn(view.Space(tenant, tier), email);
}

Done<SignedIn> SignUpGym(Engine& engine, const CreateGym& request, ReadTier tier) {
  const auto plan = [&](DirectoryTransaction& tx) -> Result<SignedIn> {
    const std::string_view name = TrimName(View(request.input.getTenantName()));
    const Status free = CheckNameFreeIn(tx, name);
    const bool taken = free.code() == StatusCode::kAlreadyExists;
    if (!tx.trace().Check("signup.gym_name_free", !taken, {{"name", name}})) return free;
    TNT_RETURN_IF_ERROR(free);

    const std::string id = NewGymId(tx.random());
    Result<SpaceWriter*> space =
        tenant::Directory::Create(tx, {.id = id, .kind = schema::TenantKind::GYM, .name = name});
    if (!space.ok()) return Renamed(space.status(), NameTaken);
    return PlanMember(tx, **space,
                      {.tenant_id = id,
                       .email = View(request.input.getEmail()),
                       .name = View(request.input.getName()),
                       .password_hash = request.password_hash,
                       .role = request.input.getRole(),
                       .owner_rights = true});
  };
  return RunSignup(engine, CommandKind::kGymSignup, request.request_id, tier, plan);
}

Done<SignedIn> SignUpMember(Engine& engine, const JoinGym& request, ReadTier tier) {
  const auto plan = [&](DirectoryTransaction& tx) -> Result<SignedIn> {
    TNT_ASSIGN_OR_RETURN(SpaceWriter * space, tx.OpenSpace(request.gym.ref.space()));
    const Status free = CheckEmailFreeIn(*space, request.email);
    const bool taken = free.code() == StatusCode::kAlreadyExists;
    if (!tx.trace().Check("signup.email_free", !taken, {})) return free;
    TNT_RETURN_IF_ERROR(free);
    return PlanMember(tx, *space,
                      {.tenant_id = View(request.gym.record->getId()),
                       .email = request.email,
                       .name = request.name,
                       .password_hash = request.password_hash});
  };
  return RunSignup(engine, CommandKind::kGymSignupMember, request.request_id, tier, plan);
}

}  // namespace tenantry::gym
