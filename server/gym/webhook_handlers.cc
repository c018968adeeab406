// /webhooks of a gym, for its managers.

#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/webhooks/webhook_api.h"

namespace tenantry::server::gym {
namespace {

using webhooks::Operation;

http::Response Run(Operation operation, const Context& context, const Access& access,
                   const http::Request& request) {
  const domain::Actor actor = access.caller->actor();
  const auto& values = request.params.values;
  return webhooks::Run(
      operation,
      {context.engine, access.tenant(), access.view, actor.member_id, values[0], values[1],
       [&](const Status& status) { return Refused(context, status, request); }},
      request);
}

}  // namespace

http::Response Webhooks(const Context& context, const Access& access,
                        const http::Request& request) {
  return Run(Operation::kList, context, access, request);
}
http::Response AddWebhook(const Context& context, const Access& access,
                          const http::Request& request) {
  return Run(Operation::kCreate, context, access, request);
}
http::Response WebhookEvents(const Context& context, const Access& access,
                             const http::Request& request) {
  return Run(Operation::kEvents, context, access, request);
}
http::Response WebhookById(const Context& context, const Access& access,
                           const http::Request& request) {
  return Run(Operation::kGet, context, access, request);
}
http::Response ChangeWebhook(const Context& context, const Access& access,
                             const http::Request& request) {
  return Run(Operation::kUpdate, context, access, request);
}
http::Response RemoveWebhook(const Context& context, const Access& access,
                             const http::Request& request) {
  return Run(Operation::kDelete, context, access, request);
}
http::Response WebhookDeliveries(const Context& context, const Access& access,
                                 const http::Request& request) {
  return Run(Operation::kDeliveries, context, access, request);
}
http::Response ReplayDelivery(const Context& context, const Access& access,
                              const http::Request& request) {
  return Run(Operation::kReplay, context, access, request);
}

}  // namespace tenantry::server::gym
