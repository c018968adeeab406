// Sign-up, sign-in, refresh and sign-out. Conflicts are looked for before a password is hashed, and
// again by the command.

#include "engine/gym/names.h"
#include "engine/gym/signup.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/password.h"
#include "server/gym/render.h"
#include "server/limits/gate.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

http::Response SignedInReply(const Context& context, const http::Request& request,
                             const domain::Done<domain::SignedIn>& done, int status) {
  return Replied(context, request, done, status, [&context](const domain::SignedIn& in) {
    return RenderAuth(context, in.member, in.tenant, in.token);
  });
}

Status Unauthorized() {
  return Unauthenticated("Unauthorized");
}

// The candidate whose password it is, after exactly one computation, or five when an e-mail is in
// several gyms: the time taken says nothing about which gym matched, or whether the e-mail is known
// at all.
const domain::LoginCandidate* FindMatch(const domain::LoginCandidates& candidates,
                                        std::string_view password) {
  const size_t computations = candidates.several ? domain::kLoginGymsMax : 1;
  const domain::LoginCandidate* match = nullptr;
  for (size_t i = 0; i < computations; ++i) {
    if (i >= candidates.gyms.size()) {
      PretendToVerify(password);
      continue;
    }
    const domain::LoginCandidate& candidate = candidates.gyms[i];
    const bool matches = VerifyPassword(View(candidate.member->getPasswordHash()), password);
    if (matches && match == nullptr) match = &candidate;
  }
  return match;
}

// The outcome of a try is held back as long as whatever else was tried on the account says.
http::Response HeldBack(int64_t hold_ms, http::Response response) {
  response.hold_ms = hold_ms;
  return response;
}

// The gym a login names: by body, else by header. A header that names none is harmless here.
Result<std::optional<std::string>> LoginGym(const Access& access, const http::Request& request,
                                            const schema::GymLoginInput::Reader& body) {
  std::optional<std::string> chosen;
  if (body.hasTenantId() && body.getTenantId().size() > 0) {
    chosen = domain::String(body.getTenantId());
    return chosen;
  }
  const Result<std::optional<tenant::TenantEntry>> header =
      ChosenGym(access.view, request, access.tier);
  if (header.ok()) {
    if (*header) chosen = domain::String((*header)->record->getId());
    return chosen;
  }
  if (header.status().code() != StatusCode::kInvalidArgument) return header.status();
  return chosen;
}

// The gym of a refresh token. A header, when sent, must agree.
Result<TenantRef> RefreshGym(const Access& access, const http::Request& request,
                             const std::optional<domain::RefreshToken>& shown) {
  TNT_ASSIGN_OR_RETURN(const std::optional<tenant::TenantEntry> chosen,
                       ChosenGym(access.view, request, access.tier));
  if (!shown) return Unauthorized();
  Result<TenantRef> gym = tenant::Directory::FindServed(access.view, shown->space, access.tier);
  if (!gym.ok()) {
    return gym.status().code() == StatusCode::kNotFound ? Unauthorized() : gym.status();
  }
  if (chosen && chosen->ref.space() != gym->space()) return Unauthorized();
  return gym;
}

http::Response TooManyReply(const Context& context, const http::Request& request,
                            int64_t wait_seconds) {
  http::Response refusal = Refused(context, TooManyAttempts(), request);
  refusal.headers.emplace_back("Retry-After", std::to_string(wait_seconds));
  return refusal;
}

// crosscutting.md K9. A request that runs again because a row was not in memory may count twice.
std::optional<http::Response> RefreshTooOften(const Context& context, const Access& access,
                                              const http::Request& request, const TenantRef& gym,
                                              const domain::RefreshToken& shown) {
  if (context.gate == nullptr) return std::nullopt;
  const Result<std::optional<std::string>> member =
      domain::MemberOfDevice(access.view.Space(gym, access.tier), shown.device_id);
  if (!member.ok()) return Refused(context, member.status(), request);
  if (!*member) return std::nullopt;  // No token of ours, as the command will find.
  const limits::RateDecision decision =
      context.gate->CountRefresh(gym.space().value(), **member, request.received_ns);
  if (decision.allowed) return std::nullopt;
  return TooManyReply(context, request, (decision.reset_ns + 999'999'999) / 1'000'000'000);
}

}  // namespace

http::Response Hello(const Context&, const Access&, const http::Request&) {
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = "Hello World!";
  return response;
}

http::Response SignUp(const Context& context, const Access& access, const http::Request& request) {
  const auto input = codec::Input<schema::GymSignupInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const Status free =
      domain::CheckGymNameFree(access.view, View((**input).getTenantName()), access.tier);
  if (!free.ok()) return Refused(context, free, request);
  const Result<std::string> hash = HashPassword(View((**input).getPassword()));
  if (!hash.ok()) return Refused(context, hash.status(), request);
  const auto done = domain::SignUpGym(
      context.engine, {.input = **input, .password_hash = *hash, .request_id = request.request_id},
      access.tier);
  return SignedInReply(context, request, done, 201);
}

http::Response JoinAsMember(const Context& context, const Access& access,
                            const http::Request& request) {
  const Result<std::optional<tenant::TenantEntry>> header =
      ChosenGym(access.view, request, access.tier);
  if (!header.ok()) return Refused(context, header.status(), request);
  const auto input = codec::Input<schema::GymSignupMemberInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const schema::GymSignupMemberInput::Reader body = **input;
  const Result<tenant::TenantEntry> gym =
      GymNamed(access.view, View(body.getTenantId()), access.tier);
  if (!gym.ok()) return Refused(context, gym.status(), request);
  if (*header && (*header)->ref.space() != gym->ref.space()) {
    return Refused(context, InvalidArgument("tenantId and x-tenant-id header name two gyms"),
                   request);
  }
  const Status free =
      domain::CheckEmailFree(access.view, gym->ref, View(body.getEmail()), access.tier);
  if (!free.ok()) return Refused(context, free, request);
  const Result<std::string> hash = HashPassword(View(body.getPassword()));
  if (!hash.ok()) return Refused(context, hash.status(), request);
  const auto done = domain::SignUpMember(context.engine,
                                         {.gym = *gym,
                                          .email = View(body.getEmail()),
                                          .name = View(body.getName()),
                                          .password_hash = *hash,
                                          .request_id = request.request_id},
                                         access.tier);
  return SignedInReply(context, request, done, 201);
}

http::Response LogIn(const Context& context, const Access& access, const http::Request& request) {
  const auto input = codec::Input<schema::GymLoginInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  LoginGuard& logins = access.state->logins;
  const std::string account = domain::EmailKey(View((**input).getEmail()));
  const std::string customer = http::CustomerOf(request.client);
  const int64_t wait_ms = logins.WaitMs(account, customer);
  if (wait_ms > 0) {
    return TooManyReply(context, request, (wait_ms + 999) / 1000);
  }
  const Result<std::optional<std::string>> gym = LoginGym(access, request, **input);
  if (!gym.ok()) return Refused(context, gym.status(), request);
  std::optional<std::string_view> gym_id;
  if (*gym) gym_id = **gym;
  const Result<domain::LoginCandidates> candidates =
      domain::FindLoginCandidates(access.view, View((**input).getEmail()), gym_id,
                                  context.engine.clock().NowUnixMs(), access.tier);
  if (!candidates.ok()) return Refused(context, candidates.status(), request);
  const domain::LoginCandidate* match = FindMatch(*candidates, View((**input).getPassword()));
  const int64_t hold_ms = logins.HoldMs(account);
  if (match == nullptr) {
    logins.NoteFailure(account, customer);
    return HeldBack(hold_ms, Refused(context, Unauthorized(), request));
  }
  logins.NoteSuccess(account, customer);
  if (tenant::IsSuspended(*match->record)) {
    return HeldBack(hold_ms, Refused(context, tenant::Suspended(), request));
  }
  domain::LoginCandidate chosen = *match;
  if (IsOutdated(View(chosen.member->getPasswordHash()))) {
    Result<std::string> hash = HashPassword(View((**input).getPassword()));
    // Without memory for it the old hash stays for now.
    if (hash.ok()) chosen.upgraded_hash = *std::move(hash);
  }
  const auto done = domain::SignIn(context.engine, chosen, request.request_id, access.tier);
  return HeldBack(hold_ms, SignedInReply(context, request, done, 200));
}

http::Response RefreshLogin(const Context& context, const Access& access,
                            const http::Request& request) {
  const auto input = codec::Input<schema::GymRefreshInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const std::optional<domain::RefreshToken> shown =
      domain::ParseRefreshToken(View((**input).getRefreshToken()));
  const Result<TenantRef> gym = RefreshGym(access, request, shown);
  if (!gym.ok()) return Refused(context, gym.status(), request);
  if (auto refusal = RefreshTooOften(context, access, request, *gym, *shown)) {
    return *std::move(refusal);
  }
  const auto done = domain::Refresh(context.engine, *gym, *shown, request.request_id, access.tier);
  if (!done.ok() || !done.value->member) {
    const Status refusal = done.ok() ? Unauthorized() : done.outcome.status;
    return Parked(Refused(context, refusal, request), done.outcome);
  }
  const codec::Stored<schema::GymMember>& member = *done.value->member;
  // The token is rotated by now, so the gym's name is read where waiting is allowed: a rerun would
  // show the old token.
  const Result<tenant::TenantEntry> entry = tenant::Directory::Find(
      access.view, View(member->getTenantId()), schema::TenantKind::GYM, ReadTier::kBlocking);
  if (!entry.ok()) return Parked(Refused(context, Unauthorized(), request), done.outcome);
  return Parked(
      http::Response::Json(200, RenderAuth(context, member, entry->record, done.value->token)),
      done.outcome);
}

http::Response LogOut(const Context& context, const Access& access, const http::Request& request) {
  const auto input = codec::Input<schema::GymLogoutInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  std::string device_id = access.caller->device_id;
  if ((**input).hasRefreshToken()) {
    const std::optional<domain::RefreshToken> shown =
        domain::ParseRefreshToken(View((**input).getRefreshToken()));
    // A token of another gym names no device here. Either way the answer is the same.
    const bool here = shown && shown->space == access.tenant().space();
    if (!here) return http::Response::Empty(200);
    device_id = shown->device_id;
  }
  const Outcome outcome = domain::SignOut(access.Scope(context, request), device_id);
  if (!outcome.status.ok()) return Parked(Refused(context, outcome.status, request), outcome);
  return Parked(http::Response::Empty(200), outcome);
}

}  // namespace tenantry::server::gym
