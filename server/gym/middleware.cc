#include "server/gym/middleware.h"

#include "engine/gym/members.h"
#include "engine/gym/sign_in.h"
#include "engine/gym/text.h"
#include "engine/keyed_call.h"
#include "engine/read_recorder.h"
#include "server/gym/token.h"
#include "server/reply.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

constexpr std::string_view kTenantHeader = "x-tenant-id";

Status Unauthorized() {
  return Unauthenticated("Unauthorized");
}
Status HeaderMissing() {
  return InvalidArgument("x-tenant-id header is required");
}
// One text for both cases satisfies every known client.
Status TenantUnknown() {
  return InvalidArgument("Tenant not found: unknown id or invalid x-tenant-id format");
}

bool SameIgnoringCase(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

std::optional<std::string_view> BearerToken(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const std::optional<std::string_view> header = request.FindHeader("authorization");
  if (!header || header->size() <= kScheme.size()) return std::nullopt;
  if (!SameIgnoringCase(header->substr(0, kScheme.size()), kScheme)) return std::nullopt;
  return header->substr(kScheme.size());
}

// The gym and member a token stands for.
struct Bearer {
  tenant::TenantEntry gym;
  Caller caller;
};

// nullopt for no token, or one that is not ours, expired, revoked, or of a member or gym that is
// gone.
Result<std::optional<Bearer>> FindBearer(const Context& context, const http::Request& request,
                                         const ReadView& view, ReadTier tier) {
  const std::optional<Bearer> nobody;
  const std::optional<std::string_view> token = BearerToken(request);
  if (!token) return nobody;
  const std::optional<VerifiedClaims> verified =
      VerifyToken(context.token_secret, *token, context.engine.clock().NowUnixMs());
  if (!verified) return nobody;
  const schema::GymTokenClaims::Reader claims = **verified;
  ReadRecorder::AnswerChangesAt(claims.getExp() * 1000);
  Result<tenant::TenantEntry> gym =
      tenant::Directory::Find(view, View(claims.getTenantId()), schema::TenantKind::GYM, tier);
  if (!gym.ok()) {
    if (gym.status().code() == StatusCode::kNotFound) return nobody;
    return gym.status();
  }
  const SpaceReader space = view.Space(gym->ref, tier);
  TNT_ASSIGN_OR_RETURN(std::optional<codec::Stored<schema::GymMember>> member,
                       domain::FindMember(space, View(claims.getSub())));
  if (!member || (*member)->getTokenEpoch() != claims.getEpoch()) return nobody;
  TNT_ASSIGN_OR_RETURN(const bool alive, domain::IsDeviceAlive(space, View(claims.getFam())));
  if (!alive) return nobody;
  return std::optional<Bearer>(
      Bearer{*std::move(gym), Caller{*std::move(member), domain::String(claims.getFam())}});
}

Status CheckRole(const Caller& caller, http::Permission permission) {
  const domain::Actor actor = caller.actor();
  const bool allowed = permission == http::Permission::kManager ? actor.manager()
                       : permission == http::Permission::kCrew  ? actor.crew()
                                                                : true;
  return allowed ? Status::Ok() : PermissionDenied("Forbidden resource");
}

Result<Access> AuthorizePublic(Access access, std::optional<tenant::TenantEntry> chosen,
                               std::optional<Bearer> bearer) {
  if (chosen) {
    // A token of another gym counts as none: apps browse with stale tokens.
    if (bearer && bearer->gym.ref.space() == chosen->ref.space()) {
      access.caller = std::move(bearer->caller);
    }
    access.gym = std::move(chosen);
  } else if (bearer) {
    access.gym = std::move(bearer->gym);
    access.caller = std::move(bearer->caller);
  }
  return access;
}

// A request with an Idempotency-Key that was answered before ends here: what its handler would check has changed since.
Status CheckNotAnswered(const Access& access, http::Permission permission) {
  KeyedCall* const call = KeyedCall::Current();
  if (call == nullptr) return Status::Ok();
  if (access.caller) call->SetPrincipal(access.caller->actor().member_id);
  if (access.gym) return call->LookIn(access.Space());
  if (permission != http::Permission::kOpen) return Status::Ok();
  return call->LookIn(access.view.DirectorySpace(access.tier));
}

bool IsBelow(std::string_view path, std::string_view lower_root) {
  if (!SameIgnoringCase(path.substr(0, lower_root.size()), lower_root)) return false;
  return path.size() == lower_root.size() || path[lower_root.size()] == '/';
}

// Kind of route of a path that has none.
http::Permission PermissionOfUnknown(const http::Request& request) {
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  for (const std::string_view root :
       {"/locations", "/sessions", "/reference/onboarding", "/reference/locations/search"}) {
    if (reads && IsBelow(request.path, root)) return http::Permission::kPublic;
  }
  if (request.method == http::Method::kPost && IsBelow(request.path, "/auth/google")) {
    return http::Permission::kOpen;
  }
  return http::Permission::kAny;
}

}  // namespace

domain::Actor Caller::actor() const {
  return {View(member->getId()), member->getRole(), member->getOwnerRights()};
}

std::string_view Access::tenant_id() const {
  return View(gym->record->getId());
}

domain::Scope Access::Scope(const Context& context, const http::Request& request) const {
  return {context.engine, gym->ref, tenant_id(), caller->actor(), request.request_id, tier};
}

Result<tenant::TenantEntry> GymNamed(const ReadView& view, std::string_view id, ReadTier tier) {
  if (!IsGymId(id) && !IsUuid(id)) return TenantUnknown();
  Result<tenant::TenantEntry> gym =
      tenant::Directory::Find(view, id, schema::TenantKind::GYM, tier);
  if (!gym.ok() && gym.status().code() == StatusCode::kNotFound) return TenantUnknown();
  return gym;
}

Result<std::optional<tenant::TenantEntry>> ChosenGym(const ReadView& view,
                                                     const http::Request& request, ReadTier tier) {
  const std::optional<std::string_view> header = request.FindHeader(kTenantHeader);
  if (!header) return std::optional<tenant::TenantEntry>();
  TNT_ASSIGN_OR_RETURN(tenant::TenantEntry gym, GymNamed(view, *header, tier));
  return std::optional<tenant::TenantEntry>(std::move(gym));
}

Result<Access> Authorize(const Context& context, const http::Request& request,
                         http::Permission permission) {
  const ReadTier tier = TierOf(request);
  Access access{context.engine.View(), tier, std::nullopt, std::nullopt, nullptr};
  if (permission == http::Permission::kOpen) return access;
  TNT_ASSIGN_OR_RETURN(std::optional<tenant::TenantEntry> chosen,
                       ChosenGym(access.view, request, tier));
  TNT_ASSIGN_OR_RETURN(std::optional<Bearer> bearer,
                       FindBearer(context, request, access.view, tier));
  if (permission == http::Permission::kPublic) {
    return AuthorizePublic(std::move(access), std::move(chosen), std::move(bearer));
  }
  if (!chosen && !bearer) return HeaderMissing();
  if (!bearer) return Unauthorized();
  if (chosen && chosen->ref.space() != bearer->gym.ref.space()) return Unauthorized();
  TNT_RETURN_IF_ERROR(CheckRole(bearer->caller, permission));
  access.gym = std::move(bearer->gym);
  access.caller = std::move(bearer->caller);
  return access;
}

Result<std::optional<Caller>> CallerIn(const Context& context, const http::Request& request,
                                       const Access& access, const TenantRef& gym) {
  TNT_ASSIGN_OR_RETURN(std::optional<Bearer> bearer,
                       FindBearer(context, request, access.view, access.tier));
  if (!bearer || bearer->gym.ref.space() != gym.space()) return std::optional<Caller>();
  return std::optional<Caller>(std::move(bearer->caller));
}

std::function<http::Response(const http::Request&)> Guarded(const Context& context,
                                                            std::shared_ptr<GymState> state,
                                                            http::Permission permission,
                                                            Handler handler) {
  return [&context, state = std::move(state), permission, handler](const http::Request& request) {
    Result<Access> access = Authorize(context, request, permission);
    if (!access.ok()) return GymError(access.status(), request, context.engine.clock());
    const Status fresh = CheckNotAnswered(*access, permission);
    if (!fresh.ok()) return GymError(fresh, request, context.engine.clock());
    access->state = state.get();
    return handler(context, *access, request);
  };
}

std::optional<http::Response> CheckTenantForUnknownPath(const Context& context,
                                                        const http::Request& request) {
  const http::Permission permission = PermissionOfUnknown(request);
  if (permission == http::Permission::kOpen) return std::nullopt;
  // There is no lane to change to: this reads a few rows and may wait for them.
  const ReadTier tier = ReadTier::kBlocking;
  const ReadView view = context.engine.View();
  const Result<std::optional<tenant::TenantEntry>> chosen = ChosenGym(view, request, tier);
  if (!chosen.ok()) return GymError(chosen.status(), request, context.engine.clock());
  if (*chosen || permission == http::Permission::kPublic) return std::nullopt;
  const Result<std::optional<Bearer>> bearer = FindBearer(context, request, view, tier);
  if (bearer.ok() && *bearer) return std::nullopt;
  const Status refusal = bearer.ok() ? HeaderMissing() : bearer.status();
  return GymError(refusal, request, context.engine.clock());
}

}  // namespace tenantry::server::gym
