// Plans and subscriptions.

#include "engine/codec/json_out.h"
#include "engine/gym/memberships.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

template <class T>
std::string RenderOne(const codec::Stored<T>& record) {
  std::string out;
  codec::AppendObject<T>(&out, *record);
  return out;
}

}  // namespace

http::Response Plans(const Context& context, const Access& access, const http::Request& request) {
  const auto plans = domain::ActivePlans(access.Space());
  if (!plans.ok()) return Refused(context, plans.status(), request);
  return http::Response::Json(200, RenderArray(*plans));
}

http::Response AddPlan(const Context& context, const Access& access, const http::Request& request) {
  const auto input = codec::Input<schema::GymPlanInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(context, request, domain::CreatePlan(access.Scope(context, request), *input), 201,
                 RenderOne<schema::GymPlan>);
}

http::Response ChangePlan(const Context& context, const Access& access,
                          const http::Request& request) {
  const auto input = codec::Input<schema::GymPlanPatch>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(
      context, request,
      domain::UpdatePlan(access.Scope(context, request), request.params.values[0], *input), 200,
      RenderOne<schema::GymPlan>);
}

http::Response RemovePlan(const Context& context, const Access& access,
                          const http::Request& request) {
  return Replied(context, request,
                 domain::RetirePlan(access.Scope(context, request), request.params.values[0]), 200,
                 RenderOne<schema::GymPlan>);
}

http::Response SubscribeToPlan(const Context& context, const Access& access,
                               const http::Request& request) {
  const auto input = codec::Input<schema::GymSubscribeInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(context, request,
                 domain::Subscribe(access.Scope(context, request), View((**input).getPlanId())),
                 201, RenderOne<schema::GymSubscription>);
}

http::Response MySubscription(const Context& context, const Access& access,
                              const http::Request& request) {
  const auto found = domain::SubscriptionOf(access.Space(), access.caller->actor().member_id,
                                            context.engine.clock().NowUnixMs());
  if (!found.ok()) return Refused(context, found.status(), request);
  if (!*found) return http::Response::Empty(200);
  std::string out = "{";
  codec::AppendMembers<schema::GymSubscription>(&out, *(*found)->subscription);
  out.append(",\"membershipPlan\":");
  codec::AppendObject<schema::GymPlan>(&out, *(*found)->plan);
  out.push_back('}');
  return http::Response::Json(200, std::move(out));
}

http::Response EndSubscription(const Context& context, const Access& access,
                               const http::Request& request) {
  const auto input = codec::Input<schema::GymUnsubscribeInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  std::optional<std::string_view> reason;
  if ((**input).hasReason()) reason = View((**input).getReason());
  return Replied(context, request,
                 domain::CancelSubscription(access.Scope(context, request), reason), 200,
                 RenderOne<schema::GymSubscription>);
}

}  // namespace tenantry::server::gym
