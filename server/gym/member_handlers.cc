// Members as staff see and change them, and what members tell of themselves.

#include "engine/gym/member_search.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/members.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/member_render.h"
#include "server/gym/password.h"
#include "server/gym/render.h"
#include "server/gym/session_filter.h"
#include "server/paging.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

Result<std::string> RenderRows(const Context& context, const Access& access,
                               const std::vector<domain::Member>& members) {
  const SpaceReader space = access.Space();
  const int64_t now_ms = context.engine.clock().NowUnixMs();
  std::string out = "[";
  for (const domain::Member& member : members) {
    TNT_ASSIGN_OR_RETURN(const domain::MemberStats stats,
                         domain::StatsOf(space, View(member->getId()), now_ms));
    if (out.size() > 1) out.push_back(',');
    AppendMemberRow(&out, member, stats);
  }
  out.push_back(']');
  return out;
}

// By the words of `q`, else all; with `role`, only those.
Result<domain::MemberPage> FindMembers(const Access& access, std::optional<schema::GymRole> role,
                                       const std::string& q, const Paging& paging) {
  if (q.empty()) return domain::ListMembers(access.Space(), role, {paging.page, paging.limit});
  domain::MemberPage found;
  TNT_ASSIGN_OR_RETURN(found.rows, domain::SearchMembers(access.Space(), q));
  std::erase_if(found.rows, [role](const domain::Member& member) {
    return !member->getListed() || (role && member->getRole() != *role);
  });
  found.total = found.rows.size();
  domain::KeepPage({paging.page, paging.limit}, &found.rows);
  return found;
}

Result<std::string> RenderMember(const Context& context, const Access& access,
                                 std::string_view id) {
  const domain::Actor actor = access.caller->actor();
  // Others' profiles are for crew; to members they do not exist.
  if (!actor.crew() && id != actor.member_id) {
    return NotFound("Member with ID " + std::string(id) + " not found");
  }
  const SpaceReader space = access.Space();
  TNT_ASSIGN_OR_RETURN(const domain::Member member, domain::GetMember(space, id));
  TNT_ASSIGN_OR_RETURN(const domain::MemberStats stats,
                       domain::StatsOf(space, id, context.engine.clock().NowUnixMs()));
  std::string out;
  AppendProfile(&out, member, access.gym->record);
  out.append(",\"stats\":");
  {
    codec::ObjectWriter object(&out);
    object.Int("totalBookings", stats.bookings);
    object.Int("attendanceRate", stats.attendance_percent());
  }
  out.push_back('}');
  return out;
}

std::string RenderNew(const domain::Member& member) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.String("id", View(member->getId()));
    object.OptionalString("name", member->hasName(), View(member->getName()));
    object.String("email", View(member->getEmail()));
    object.String("tenantId", View(member->getTenantId()));
    object.String("role", RoleName(member->getRole()));
    object.Instant("createdAt", member->getCreatedAt());
  }
  return out;
}

// The id, what the body named, and when that was.
std::string RenderChanged(const domain::Member& member,
                          const codec::Input<schema::GymMemberPatch>& in) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.String("id", View(member->getId()));
    if (in.Sent("name")) {
      object.OptionalString("name", member->hasName(), View(member->getName()));
    }
    if (in.Sent("email")) object.String("email", View(member->getEmail()));
    if (in.Sent("role")) object.String("role", RoleName(member->getRole()));
    if (in.Sent("avatarUrl")) {
      object.OptionalString("avatarUrl", member->hasAvatarUrl(), View(member->getAvatarUrl()));
    }
    if (in.Sent("phoneNumber")) {
      object.OptionalString("phoneNumber", member->hasPhoneNumber(),
                            View(member->getPhoneNumber()));
    }
    object.Instant("updatedAt", member->getUpdatedAt());
  }
  return out;
}

std::string RenderCompleted(const domain::Member& member, domain::ProfileKind kind) {
  std::string message = "Profile completed";
  if (kind == domain::ProfileKind::kTrainer) {
    message.append(". Your trainer code is ").append(View(member->getTrainerCode()));
  }
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Bool("success", true);
    object.String("message", message);
    object.Int("profileCompleteness", domain::ProfileCompleteness(*member));
    AppendProfileAlone(object.Key("member"), member);
  }
  return out;
}

// The role's part of the body as a JSON object; empty when it told nothing.
template <class Profile>
std::string DocumentOf(const codec::Input<Profile>& in) {
  if ((in.fields().sent & ~in.fields().null).none()) return {};
  std::string document;
  codec::AppendObject<Profile>(&document, *in);
  return document;
}

std::string TrainerTypeOf(const codec::Input<schema::GymTrainerProfile>& in) {
  return (*in).getTrainerType() == schema::GymTrainerType::GYM_AFFILIATED ? "gym_affiliated"
                                                                          : "freelance";
}
template <class Profile>
std::string TrainerTypeOf(const codec::Input<Profile>&) {
  return {};
}

template <class Profile>
http::Response Complete(const Context& context, const Access& access, const http::Request& request,
                        domain::ProfileKind kind) {
  const auto common = codec::Input<schema::GymProfileInput>::Decode(request.body);
  if (!common.ok()) return Refused(context, common.status(), request);
  const auto profile = codec::Input<Profile>::Decode(request.body);
  if (!profile.ok()) return Refused(context, profile.status(), request);
  const auto done = domain::CompleteProfile(
      access.Scope(context, request),
      {kind, *common, DocumentOf<Profile>(*profile), TrainerTypeOf(*profile)});
  return Replied(context, request, done, 201,
                 [kind](const domain::Member& member) { return RenderCompleted(member, kind); });
}

template <class Render>
http::Response ChangedProfile(const Context& context, const Access& access,
                              const http::Request& request, const Render& render) {
  const auto input = codec::Input<schema::GymProfileInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(context, request, domain::ChangeProfile(access.Scope(context, request), *input),
                 200, render);
}

}  // namespace

http::Response Members(const Context& context, const Access& access, const http::Request& request) {
  const Result<Paging> paging = ParsePaging(request);
  if (!paging.ok()) return Refused(context, paging.status(), request);
  std::optional<schema::GymRole> role;
  if (const std::optional<std::string> name = request.FindQuery("role"); name && !name->empty()) {
    role = ParseRole(*name);
    if (!role) return http::Response::Json(200, "[]");
  }
  const Result<domain::MemberPage> members =
      FindMembers(access, role, request.FindQuery("q").value_or(""), *paging);
  if (!members.ok()) return Refused(context, members.status(), request);
  http::Response response = Answered(context, request, RenderRows(context, access, members->rows));
  AddPagingHeaders(request, *paging, static_cast<int64_t>(members->total), &response);
  return response;
}

http::Response AddMember(const Context& context, const Access& access,
                         const http::Request& request) {
  const auto input = codec::Input<schema::GymMemberInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const schema::GymMemberInput::Reader body = **input;
  const Status free = domain::CheckEmailFree(access.Space(), View(body.getEmail()));
  if (!free.ok()) return Refused(context, free, request);
  std::string hash;
  if (body.hasPassword()) {
    Result<std::string> hashed = HashPassword(View(body.getPassword()));
    if (!hashed.ok()) return Refused(context, hashed.status(), request);
    hash = *std::move(hashed);
  }
  const auto done =
      domain::AddMember(access.Scope(context, request), {.tenant_id = access.tenant_id(),
                                                         .email = View(body.getEmail()),
                                                         .name = View(body.getName()),
                                                         .password_hash = hash,
                                                         .role = body.getRole()});
  return Replied(context, request, done, 201, RenderNew);
}

http::Response MemberById(const Context& context, const Access& access,
                          const http::Request& request) {
  return Answered(context, request, RenderMember(context, access, request.params.values[0]));
}

http::Response ChangeMember(const Context& context, const Access& access,
                            const http::Request& request) {
  const auto input = codec::Input<schema::GymMemberPatch>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const auto done =
      domain::ChangeMember(access.Scope(context, request), request.params.values[0], *input);
  return Replied(context, request, done, 200,
                 [&input](const domain::Member& member) { return RenderChanged(member, *input); });
}

http::Response MyCard(const Context&, const Access& access, const http::Request&) {
  return http::Response::Json(200, RenderCard(access.caller->member));
}

http::Response ChangeMyCard(const Context& context, const Access& access,
                            const http::Request& request) {
  return ChangedProfile(context, access, request, RenderCard);
}

http::Response MyProfile(const Context&, const Access& access, const http::Request&) {
  return http::Response::Json(200, RenderProfile(access.caller->member, access.gym->record));
}

http::Response ChangeMyProfile(const Context& context, const Access& access,
                               const http::Request& request) {
  return ChangedProfile(context, access, request, [&access](const domain::Member& member) {
    return RenderProfile(member, access.gym->record);
  });
}

http::Response CompleteOwner(const Context& context, const Access& access,
                             const http::Request& request) {
  return Complete<schema::GymOwnerProfile>(context, access, request, domain::ProfileKind::kOwner);
}

http::Response CompleteTrainer(const Context& context, const Access& access,
                               const http::Request& request) {
  return Complete<schema::GymTrainerProfile>(context, access, request,
                                             domain::ProfileKind::kTrainer);
}

http::Response CompleteClient(const Context& context, const Access& access,
                              const http::Request& request) {
  return Complete<schema::GymClientProfile>(context, access, request, domain::ProfileKind::kClient);
}

http::Response CompleteStaff(const Context& context, const Access& access,
                             const http::Request& request) {
  return Complete<schema::GymStaffProfile>(context, access, request, domain::ProfileKind::kStaff);
}

}  // namespace tenantry::server::gym
