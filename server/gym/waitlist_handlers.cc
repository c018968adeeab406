#include "engine/gym/waitlist.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"

namespace tenantry::server::gym {
namespace {

// The gym that a public request is about: chosen, or the one that owns the session; nullopt for a
// session that nobody has.
Result<std::optional<TenantRef>> GymOfSession(const Access& access, std::string_view session_id) {
  if (access.gym) return std::optional<TenantRef>(access.tenant());
  const Result<TenantRef> owner = tenant::Directory::FindByReference(
      access.view, schema::ReferenceKind::SESSION, session_id, access.tier);
  if (owner.ok()) return std::optional<TenantRef>(*owner);
  if (owner.status().code() == StatusCode::kNotFound) return std::optional<TenantRef>();
  return owner.status();
}

Result<std::string> RenderWaitlist(const Access& access, std::string_view session_id,
                                   int64_t now_ms) {
  TNT_ASSIGN_OR_RETURN(const std::optional<TenantRef> gym, GymOfSession(access, session_id));
  if (!gym) return std::string("[]");
  TNT_ASSIGN_OR_RETURN(
      const std::vector<domain::WaitlistParts> rows,
      domain::WaitlistOf(access.view.Space(*gym, access.tier), session_id, now_ms));
  std::string out = "[";
  for (const domain::WaitlistParts& row : rows) {
    if (out.size() > 1) out.push_back(',');
    AppendWaitlistEntry(&out, row, ViewerOf(access));
  }
  out.push_back(']');
  return out;
}

}  // namespace

http::Response QueueUp(const Context& context, const Access& access, const http::Request& request) {
  return Replied(context, request,
                 domain::JoinWaitlist(access.Scope(context, request), request.params.values[0]),
                 201, RenderJoinedWaitlist);
}

http::Response Waitlist(const Context& context, const Access& access,
                        const http::Request& request) {
  return Answered(
      context, request,
      RenderWaitlist(access, request.params.values[0], context.engine.clock().NowUnixMs()));
}

http::Response StepOut(const Context& context, const Access& access, const http::Request& request) {
  const Outcome outcome =
      domain::LeaveWaitlist(access.Scope(context, request), request.params.values[0]);
  if (!outcome.status.ok()) return Parked(Refused(context, outcome.status, request), outcome);
  return Parked(http::Response::Empty(200), outcome);
}

}  // namespace tenantry::server::gym
