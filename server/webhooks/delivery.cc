#include "server/webhooks/delivery.h"

#include <utility>

#include "engine/codec/text_view.h"
#include "engine/webhooks/deliveries.h"
#include "engine/webhooks/endpoints.h"
#include "engine/webhooks/events.h"

namespace tenantry::server::webhooks {
namespace {

namespace db = tenantry::webhooks;

constexpr int kGone = 410;

using codec::String;
using codec::View;

// The run is over, whatever became of it; the delivery says why nothing was sent.
jobs::RunResult Unsent(const std::string& delivery_id, std::string why) {
  return {Status::Ok(), {}, [delivery_id, why = std::move(why)](Transaction& tx) {
            return db::NoteAttempt(tx, delivery_id, {.code = 0, .error = why, .final = true});
          }};
}

outbound::Call SignedCall(const schema::WebhookEndpoint::Reader& endpoint,
                          const schema::WebhookDelivery::Reader& delivery, int64_t now_s) {
  const std::string body = String(delivery.getPayload());
  const std::string signature =
      db::Sign(View(endpoint.getSecret()), View(delivery.getId()), now_s, body);
  return {String(endpoint.getUrl()),
          body,
          {{"webhook-id", String(delivery.getId())},
           {"webhook-timestamp", std::to_string(now_s)},
           {"webhook-signature", "v1," + signature}}};
}

Status TurnOff(Transaction& tx, const std::string& endpoint_id) {
  const Result<db::Endpoint> before = db::GetEndpoint(tx, endpoint_id);
  if (!before.ok()) {
    return before.status().code() == StatusCode::kNotFound ? Status::Ok() : before.status();
  }
  codec::Draft<schema::WebhookEndpoint> after(*before);
  after->setIsActive(false);
  after->setUpdatedAt(tx.now_unix_ms());
  return tx.Update(*before, after);
}

// How a failed try goes on.
jobs::RunResult Failed(const jobs::Claim& claim, const std::string& delivery_id,
                       const std::string& endpoint_id, const outbound::Reply& reply) {
  const bool gone = reply.code == kGone;
  const bool forbidden = reply.status.code() == StatusCode::kPermissionDenied;
  jobs::Failure failure;
  failure.final = gone || forbidden;
  db::Attempt attempt;
  attempt.code = reply.code;
  attempt.error = reply.status.ok() ? "the target answered " + std::to_string(reply.code)
                                    : std::string(reply.status.message());
  attempt.final = failure.final || claim.job->getAttempts() >= claim.job->getAttemptsMax();
  return {Unavailable(attempt.error), failure,
          [delivery_id, endpoint_id, attempt, gone](Transaction& tx) -> Status {
            if (gone) TNT_RETURN_IF_ERROR(TurnOff(tx, endpoint_id));
            return db::NoteAttempt(tx, delivery_id, attempt);
          }};
}

}  // namespace

jobs::RunResult Deliver(Engine& engine, outbound::Caller& caller, const jobs::Claim& claim) {
  const std::string id = String(claim.job->getPayload());
  const SpaceReader space = engine.View().Space(claim.tenant, ReadTier::kBlocking);
  const Result<db::Delivery> delivery = db::GetDelivery(space, id);
  // Reclaimed: nobody waits for it any more.
  if (delivery.status().code() == StatusCode::kNotFound) return {};
  if (!delivery.ok()) return {delivery.status(), {}, {}};
  const std::string endpoint_id = String((*delivery)->getEndpointId());
  const Result<db::Endpoint> endpoint = db::GetEndpoint(space, endpoint_id);
  if (endpoint.status().code() == StatusCode::kNotFound)
    return Unsent(id, "the webhook was deleted");
  if (!endpoint.ok()) return {endpoint.status(), {}, {}};
  if (!(*endpoint)->getIsActive()) return Unsent(id, "the webhook is turned off");

  const int64_t now_s = engine.clock().NowUnixMs() / 1000;
  const outbound::Reply reply = caller.Post(SignedCall(**endpoint, **delivery, now_s));
  if (reply.breaker_wait_ms) {
    return {reply.status, {.error = {}, .delay_ms = *reply.breaker_wait_ms, .counts = false}, {}};
  }
  if (!reply.status.ok() || reply.code < 200 || reply.code > 299) {
    return Failed(claim, id, endpoint_id, reply);
  }
  return {Status::Ok(), {}, [id, code = reply.code](Transaction& tx) {
            return db::NoteAttempt(tx, id, {.code = code, .error = {}, .succeeded = true});
          }};
}

std::map<std::string, jobs::Handler, std::less<>> JobHandlers(Engine& engine,
                                                              outbound::Caller& caller) {
  return {{std::string(db::kFanOutJob), db::FanOut},
          {std::string(db::kDeliverJob), [&engine, &caller](const jobs::Claim& claim) {
             return Deliver(engine, caller, claim);
           }}};
}

}  // namespace tenantry::server::webhooks
