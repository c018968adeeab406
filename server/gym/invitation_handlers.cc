// Invitations. Managers of the gym make and list them; whoever holds the code or the id answers or
// looks, and names no gym.

#include "engine/codec/json_in.h"
#include "engine/codec/json_out.h"
#include "engine/gym/invitations.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/member_render.h"
#include "server/gym/password.h"
#include "server/gym/render.h"
#include "server/paging.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

// Invitations of one request; more are an import.
constexpr size_t kBulkMax = 100;

void AppendTenant(std::string* out, const schema::Tenant::Reader& tenant) {
  codec::ObjectWriter object(out);
  object.String("id", View(tenant.getId()));
  object.String("name", View(tenant.getName()));
  object.String("code", View(tenant.getCode()));
  object.Instant("createdAt", tenant.getCreatedAt());
  object.Instant("updatedAt", tenant.getUpdatedAt());
}

std::string RenderMade(const Access& access, const domain::Invitation& invitation) {
  std::string out = "{";
  codec::AppendMembers<schema::GymInvitation>(&out, *invitation);
  out.append(",\"tenant\":");
  AppendTenant(&out, *access.gym->record);
  out.append(",\"invitedBy\":");
  {
    codec::ObjectWriter inviter(&out);
    const schema::GymMember::Reader member = *access.caller->member;
    inviter.OptionalString("name", member.hasName(), View(member.getName()));
  }
  out.push_back('}');
  return out;
}

std::string RenderAlone(const domain::Invitation& invitation) {
  std::string out;
  codec::AppendObject<schema::GymInvitation>(&out, *invitation);
  return out;
}

// The inviter may have left; the record still has an id and a name.
Status AppendInviter(std::string* out, const SpaceReader& space,
                     const domain::Invitation& invitation) {
  TNT_ASSIGN_OR_RETURN(const domain::Member inviter,
                       space.Get<schema::GymMember>({View(invitation->getInvitedById())}));
  AppendMemberRef(out, *inviter);
  return Status::Ok();
}

Result<std::string> RenderList(const Access& access, const domain::Page& page, int64_t now_ms) {
  const SpaceReader space = access.Space();
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Invitation> invitations,
                       domain::ListInvitations(space, page, now_ms));
  std::string out = "[";
  for (const domain::Invitation& invitation : invitations) {
    if (out.size() > 1) out.push_back(',');
    out.push_back('{');
    codec::AppendMembers<schema::GymInvitation>(&out, *invitation);
    out.append(",\"invitedBy\":");
    TNT_RETURN_IF_ERROR(AppendInviter(&out, space, invitation));
    out.push_back('}');
  }
  out.push_back(']');
  return out;
}

// The first message of a refusal, for the list of those that failed.
std::string MessageOf(const Status& status) {
  return status.details().empty() ? std::string(status.message()) : status.details().front();
}

// What an item that cannot be decoded says its e-mail is.
std::string EmailIn(const std::string& item) {
  const auto input = codec::Input<schema::GymInvitationAddress>::Decode(item);
  return input.ok() ? domain::String((**input).getInviteeEmail()) : std::string();
}

struct Bulk {
  std::string successful, failed;
  Outcome last;
};

// Each on its own: one that fails holds up none of the others.
void InviteOne(const domain::Scope& scope, const Access& access, const std::string& item,
               Bulk* bulk) {
  const auto input = codec::Input<schema::GymInvitationInput>::Decode(item);
  Status refusal = input.ok() ? Status::Ok() : input.status();
  if (input.ok()) {
    domain::Done<domain::Invitation> done = domain::Invite(scope, **input);
    bulk->last.release_index = std::max(bulk->last.release_index, done.outcome.release_index);
    if (done.ok()) {
      if (!bulk->successful.empty()) bulk->successful.push_back(',');
      bulk->successful.append(RenderMade(access, *done.value));
      return;
    }
    refusal = done.outcome.status;
  }
  if (!bulk->failed.empty()) bulk->failed.push_back(',');
  codec::ObjectWriter object(&bulk->failed);
  object.String("email", EmailIn(item));
  object.String("error", MessageOf(refusal));
}

// The gym of a code. A header, when sent, is checked as usual and must agree.
Result<TenantRef> GymOfInvitation(const Access& access, const http::Request& request,
                                  std::string_view id_or_code) {
  TNT_ASSIGN_OR_RETURN(const std::optional<tenant::TenantEntry> chosen,
                       ChosenGym(access.view, request, access.tier));
  TNT_ASSIGN_OR_RETURN(const TenantRef gym,
                       domain::FindInvitationGym(access.view, id_or_code, access.tier));
  if (chosen && chosen->ref.space() != gym.space()) {
    return NotFound("Invitation with ID " + std::string(id_or_code) + " not found");
  }
  return gym;
}

std::string RenderAccepted(const Context& context, const domain::Accepted& accepted) {
  // AuthResult, with more said of each part.
  const domain::SignedIn& in = *accepted.in;
  std::string out;
  {
    codec::ObjectWriter object(&out);
    AppendProfileAlone(object.Key("member"), in.member);
    AppendTenant(object.Key("tenant"), *in.tenant);
    codec::AppendObject<schema::GymInvitation>(object.Key("invitation"), *accepted.invitation);
    object.String("token", AccessToken(context, in.member, in.tenant, in.token));
    object.String("refreshToken", in.token.token);
  }
  return out;
}

// What somebody sees who knows the id but not the code, and is not of the gym's managers.
domain::Invitation Redacted(const domain::Invitation& invitation) {
  codec::Draft<schema::GymInvitation> blank(invitation);
  blank->disownInvitationCode();
  blank->disownInviteeEmail();
  Result<domain::Invitation> seen = domain::Freeze(blank);
  TNT_CHECK(seen.ok());
  return *std::move(seen);
}

Result<std::string> RenderLooked(const Context& context, const Access& access,
                                 const http::Request& request) {
  const std::string& key = request.params.values[0];
  TNT_ASSIGN_OR_RETURN(const TenantRef gym, GymOfInvitation(access, request, key));
  const SpaceReader space = access.view.Space(gym, access.tier);
  TNT_ASSIGN_OR_RETURN(domain::Invitation invitation,
                       domain::GetInvitation(space, key, context.engine.clock().NowUnixMs()));
  TNT_ASSIGN_OR_RETURN(const std::optional<Caller> caller, CallerIn(context, request, access, gym));
  const bool manager = caller && caller->actor().manager();
  const bool trusted = manager || View(invitation->getInvitationCode()) == key;
  TNT_ASSIGN_OR_RETURN(const tenant::TenantEntry entry,
                       tenant::Directory::Find(access.view, View(invitation->getTenantId()),
                                               schema::TenantKind::GYM, access.tier));
  TNT_ASSIGN_OR_RETURN(const domain::Member inviter,
                       space.Get<schema::GymMember>({View(invitation->getInvitedById())}));
  std::string out = "{";
  codec::AppendMembers<schema::GymInvitation>(&out, trusted ? *invitation : *Redacted(invitation));
  out.append(",\"invitedBy\":");
  if (trusted) {
    AppendMemberRef(&out, *inviter);
  } else {
    codec::ObjectWriter object(&out);
    object.String("id", View(inviter->getId()));
    object.OptionalString("name", inviter->hasName(), View(inviter->getName()));
    object.Null("email");
  }
  out.append(",\"tenant\":");
  AppendTenant(&out, *entry.record);
  out.push_back('}');
  return out;
}

}  // namespace

http::Response AddInvitation(const Context& context, const Access& access,
                             const http::Request& request) {
  const auto input = codec::Input<schema::GymInvitationInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(
      context, request, domain::Invite(access.Scope(context, request), **input), 201,
      [&access](const domain::Invitation& invitation) { return RenderMade(access, invitation); });
}

http::Response AddInvitations(const Context& context, const Access& access,
                              const http::Request& request) {
  const auto input = codec::Input<schema::GymInvitationBulkInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const std::vector<std::string> items = codec::SplitJsonArray(View((**input).getInvitations()));
  if (items.size() > kBulkMax) {
    return Refused(context,
                   InvalidFields({"invitations must contain no more than " +
                                  std::to_string(kBulkMax) + " elements"}),
                   request);
  }
  const domain::Scope scope = access.Scope(context, request);
  Bulk bulk;
  for (const std::string& item : items) InviteOne(scope, access, item, &bulk);
  return Parked(http::Response::Json(201, "{\"successful\":[" + bulk.successful + "],\"failed\":[" +
                                              bulk.failed + "]}"),
                bulk.last);
}

http::Response Invitations(const Context& context, const Access& access,
                           const http::Request& request) {
  const Result<Paging> paging = ParsePaging(request);
  if (!paging.ok()) return Refused(context, paging.status(), request);
  const int64_t now_ms = context.engine.clock().NowUnixMs();
  const auto counts = domain::CountInvitations(access.Space(), now_ms);
  if (!counts.ok()) return Refused(context, counts.status(), request);
  http::Response response =
      Answered(context, request, RenderList(access, {paging->page, paging->limit}, now_ms));
  AddPagingHeaders(request, *paging, counts->total(), &response);
  return response;
}

http::Response InvitationSummary(const Context& context, const Access& access,
                                 const http::Request& request) {
  const auto counts = domain::CountInvitations(access.Space(), context.engine.clock().NowUnixMs());
  if (!counts.ok()) return Refused(context, counts.status(), request);
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Int("totalSent", counts->total());
    object.Int("pending", counts->pending);
    object.Int("accepted", counts->accepted);
    object.Int("declined", counts->declined);
    object.Int("expired", counts->expired);
    object.Int("cancelled", counts->cancelled);
  }
  return http::Response::Json(200, std::move(out));
}

http::Response AnswerYes(const Context& context, const Access& access,
                         const http::Request& request) {
  const auto input = codec::Input<schema::GymInvitationAnswerInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const schema::GymInvitationAnswerInput::Reader body = **input;
  const std::string_view code = View(body.getInvitationCode());
  const Result<TenantRef> gym = GymOfInvitation(access, request, code);
  if (!gym.ok()) return Refused(context, gym.status(), request);
  std::string hash;
  if (body.hasPassword()) {
    Result<std::string> hashed = HashPassword(View(body.getPassword()));
    if (!hashed.ok()) return Refused(context, hashed.status(), request);
    hash = *std::move(hashed);
  }
  const auto done = domain::AcceptInvitation(
      {context.engine, *gym, code, request.request_id, access.tier}, {View(body.getName()), hash});
  if (done.ok() && !done.value->in) {
    return Parked(Refused(context, InvalidArgument("This invitation has expired"), request),
                  done.outcome);
  }
  return Replied(context, request, done, 201, [&context](const domain::Accepted& accepted) {
    return RenderAccepted(context, accepted);
  });
}

http::Response AnswerNo(const Context& context, const Access& access,
                        const http::Request& request) {
  const auto input = codec::Input<schema::GymInvitationAnswerInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const std::string_view code = View((**input).getInvitationCode());
  const Result<TenantRef> gym = GymOfInvitation(access, request, code);
  if (!gym.ok()) return Refused(context, gym.status(), request);
  const auto done = domain::DeclineInvitation(
      {context.engine, *gym, code, request.request_id, access.tier}, View((**input).getReason()));
  return Replied(context, request, done, 201, RenderAlone);
}

http::Response InvitationById(const Context& context, const Access& access,
                              const http::Request& request) {
  return Answered(context, request, RenderLooked(context, access, request));
}

http::Response WithdrawInvitation(const Context& context, const Access& access,
                                  const http::Request& request) {
  return Replied(context, request,
                 domain::CancelInvitation(access.Scope(context, request), request.params.values[0]),
                 200, RenderAlone);
}

}  // namespace tenantry::server::gym
