#include "server/gym/auth_replay.h"

#include "engine/gym/sign_in.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/render.h"
#include "server/stored_answer.h"

namespace tenantry::server::gym {

using domain::View;

http::Response ReplaySignIn(const Context& context, const http::Request& request,
                            const schema::StoredAnswer::Reader& answer, uint64_t index) {
  Engine& engine = context.engine;
  if (engine.released_index() < index) {
    if (!request.blocking_lane) return Refused(context, WouldBlock(), request);
    engine.WaitReleased(index);
  }
  const ReadTier tier = TierOf(request);
  const Result<tenant::TenantEntry> gym = tenant::Directory::Find(
      engine.View(), View(answer.getTenantId()), schema::TenantKind::GYM, tier);
  if (!gym.ok()) {
    const bool gone = gym.status().code() == StatusCode::kNotFound;
    return Refused(context, gone ? Unauthenticated("Unauthorized") : gym.status(), request);
  }
  const auto done = domain::Reissue(engine, *gym,
                                    {.member_id = View(answer.getMemberId()),
                                     .device_id = View(answer.getDeviceId()),
                                     .token_epoch = answer.getTokenEpoch(),
                                     .request_id = request.request_id},
                                    tier);
  http::Response response =
      Replied(context, request, done, answer.getStatus(), [&context](const domain::SignedIn& in) {
        return RenderAuth(context, in.member, in.tenant, in.token);
      });
  if (done.ok()) MarkReplayed(&response);
  return response;
}

}  // namespace tenantry::server::gym
