#include "engine/gym/signup.h"

#include "engine/gym/members.h"
#include "engine/gym/names.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kTenantByGymName = 1;

Status NameTaken() {
  return AlreadyExists("A gym with this name already exists");
}

// The member and its first signed-in device.
Result<SignedIn> PlanMember(DirectoryTransaction& tx, SpaceWriter& space, const NewMember& wanted) {
  TNT_ASSIGN_OR_RETURN(Member member, InsertMember(tx, space, wanted));
  TNT_RETURN_IF_ERROR(
      TouchMembership(tx, View(member->getEmailKey()), wanted.tenant_id, View(member->getId())));
  TNT_ASSIGN_OR_RETURN(IssuedToken token, AddDevice(space, *member));
  TNT_ASSIGN_OR_RETURN(codec::Stored<schema::Tenant> tenant,
                       tx.Get<schema::Tenant>({wanted.tenant_id}));
  return SignedIn{std::move(member), std::move(tenant), std::move(token)};
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

}  // namespace

Status CheckGymNameFree(const ReadView& view, std::string_view name, ReadTier tier) {
  return CheckNameFreeIn(view.DirectorySpace(tier), name);
}

Status CheckEmailFree(const ReadView& view, const TenantRef& tenant, std::string_view email,
                      ReadTier tier) {
  return CheckEmailFree(view.Space(tenant, tier), email);
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
    if (!space.ok()) {
      // A strange conflict of ours must not name collections to clients.
      return space.status().code() == StatusCode::kAlreadyExists ? NameTaken() : space.status();
    }
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
    return PlanMember(tx, *space,
                      {.tenant_id = View(request.gym.record->getId()),
                       .email = request.email,
                       .name = request.name,
                       .password_hash = request.password_hash});
  };
  return RunSignup(engine, CommandKind::kGymSignupMember, request.request_id, tier, plan);
}

}  // namespace tenantry::gym
