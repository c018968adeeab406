// One's own account: another password, everything stored about oneself, and leaving.

#include "engine/gym/account.h"
#include "engine/gym/activity.h"
#include "engine/gym/bookings.h"
#include "engine/gym/favorites.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/members.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/member_render.h"
#include "server/gym/password.h"
#include "server/gym/render.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

// Whether the password is the caller's. An account without one is its token's.
Status JudgePassword(const Access& access, const http::Request& request, std::string_view field,
                     bool sent, std::string_view password) {
  const schema::GymMember::Reader member = *access.caller->member;
  if (!member.hasPasswordHash()) return Status::Ok();
  if (!sent) return InvalidFields({std::string(field) + " must be a string"});
  LoginGuard& logins = access.state->logins;
  const std::string_view account = View(member.getEmailKey());
  const std::string customer = http::CustomerOf(request.client);
  if (logins.WaitMs(account, customer) > 0) return TooManyAttempts();
  if (VerifyPassword(View(member.getPasswordHash()), password)) {
    logins.NoteSuccess(account, customer);
    return Status::Ok();
  }
  logins.NoteFailure(account, customer);
  return Unauthenticated("Unauthorized");
}

http::Response Emptied(const Context& context, const http::Request& request,
                       const Outcome& outcome) {
  if (!outcome.status.ok()) return Parked(Refused(context, outcome.status, request), outcome);
  return Parked(http::Response::Empty(200), outcome);
}

template <class T>
Status AppendOwned(std::string* out, const SpaceReader& space, uint8_t index,
                   std::string_view member_id) {
  out->push_back('[');
  TNT_RETURN_IF_ERROR(space.ScanIndex<T>({.index = index, .equal = {member_id}},
                                         [out](const codec::Stored<T>& record) {
                                           if (out->back() != '[') out->push_back(',');
                                           codec::AppendObject<T>(out, *record);
                                           return true;
                                         }));
  out->push_back(']');
  return Status::Ok();
}

// Every record that names the caller, oldest first.
Result<std::string> RenderExport(const Context& context, const Access& access) {
  constexpr uint8_t kByMember = 1;
  constexpr uint8_t kBookingsByMember = 2;
  const SpaceReader space = access.Space();
  const std::string_view id = access.caller->actor().member_id;
  const int64_t now_ms = context.engine.clock().NowUnixMs();
  std::string out = "{\"exportedAt\":\"" + FormatInstant(now_ms) + "\",\"member\":";
  out.append(RenderProfile(access.caller->member, access.gym->record));
  out.append(",\"devices\":");
  TNT_RETURN_IF_ERROR(AppendOwned<schema::GymRefreshToken>(&out, space, kByMember, id));
  out.append(",\"bookings\":");
  TNT_RETURN_IF_ERROR(AppendOwned<schema::GymBooking>(&out, space, kBookingsByMember, id));
  out.append(",\"waitlists\":");
  TNT_RETURN_IF_ERROR(AppendOwned<schema::GymWaitlistEntry>(&out, space, kByMember, id));
  out.append(",\"favorites\":");
  TNT_RETURN_IF_ERROR(AppendOwned<schema::GymFavorite>(&out, space, kByMember, id));
  out.append(",\"subscriptions\":");
  TNT_RETURN_IF_ERROR(AppendOwned<schema::GymSubscription>(&out, space, kByMember, id));
  out.append(",\"charges\":");
  TNT_RETURN_IF_ERROR(AppendOwned<schema::GymCharge>(&out, space, kByMember, id));
  out.append(",\"events\":[");
  TNT_RETURN_IF_ERROR(
      space.ScanRecords<schema::GymEvent>({id}, false, [&out](const domain::Event& event) {
        if (out.back() != '[') out.push_back(',');
        codec::AppendObject<schema::GymEvent>(&out, *event);
        return true;
      }));
  out.append("]}");
  return out;
}

}  // namespace

http::Response ChangePassword(const Context& context, const Access& access,
                              const http::Request& request) {
  const auto input = codec::Input<schema::GymPasswordInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const schema::GymPasswordInput::Reader body = **input;
  const Status judged = JudgePassword(access, request, "currentPassword", body.hasCurrentPassword(),
                                      View(body.getCurrentPassword()));
  if (!judged.ok()) return Refused(context, judged, request);
  const Result<std::string> hash = HashPassword(View(body.getNewPassword()));
  if (!hash.ok()) return Refused(context, hash.status(), request);
  const Outcome outcome =
      domain::ChangePassword(access.Scope(context, request),
                             {.judged_hash = View(access.caller->member->getPasswordHash()),
                              .new_hash = *hash,
                              .device_id = access.caller->device_id});
  return Emptied(context, request, outcome);
}

http::Response ExportAccount(const Context& context, const Access& access,
                             const http::Request& request) {
  return Answered(context, request, RenderExport(context, access));
}

http::Response DeleteAccount(const Context& context, const Access& access,
                             const http::Request& request) {
  const auto input = codec::Input<schema::GymAccountDeleteInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const Status judged = JudgePassword(access, request, "password", (**input).hasPassword(),
                                      View((**input).getPassword()));
  if (!judged.ok()) return Refused(context, judged, request);
  return Emptied(context, request,
                 domain::DeleteAccount(access.Scope(context, request),
                                       View(access.caller->member->getPasswordHash())));
}

}  // namespace tenantry::server::gym
