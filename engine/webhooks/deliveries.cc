#include "engine/webhooks/deliveries.h"

#include "engine/codec/text_view.h"
#include "engine/commands.h"
#include "engine/schema/annotations.capnp.h"
#include "engine/webhooks/endpoints.h"
#include "engine/webhooks/events.h"

namespace tenantry::webhooks {
namespace {

using schema::DeliveryState;

constexpr uint8_t kByEndpoint = 1;
constexpr uint8_t kByCreation = 2;
constexpr size_t kReclaimMax = 200;

using codec::View;

bool Wants(const Endpoint& endpoint, std::string_view type) {
  if (!endpoint->getIsActive()) return false;
  for (const auto pattern : endpoint->getEvents()) {
    if (MatchesEvent(View(pattern), type)) return true;
  }
  return false;
}

Status PutDelivery(Transaction& tx, const Endpoint& endpoint, const Event& event) {
  codec::Draft<schema::WebhookDelivery> draft;
  const std::string id = "msg_" + NewUuid(tx.random());
  TNT_ASSIGN_OR_RETURN(const std::string job,
                       jobs::Enqueue(tx, {.kind = kDeliverJob, .payload = id}));
  draft->setId(id);
  draft->setEndpointId(endpoint->getId());
  draft->setType(std::string(event.type));
  draft->setPayload(std::string(event.body));
  draft->setCreatedAt(tx.now_unix_ms());
  draft->setJobId(job);
  return tx.InsertFresh(draft);
}

Status PlanFanOut(Transaction& tx, std::string_view notes) {
  TNT_ASSIGN_OR_RETURN(const std::vector<Endpoint> endpoints, ListEndpoints(tx));
  size_t made = 0;
  std::string rest;
  for (const Event& event : ParseNotes(notes)) {
    // Whole events only: an event goes to all its endpoints in one entry.
    const bool full = made >= kFanOutMax ||
                      !tx.HasRoomFor(6 * endpoints.size() + 8,
                                     endpoints.size() * (event.body.size() + 1024) + notes.size());
    if (made > 0 && full) {
      AppendNote(event, &rest);
      continue;
    }
    for (const Endpoint& endpoint : endpoints) {
      if (!Wants(endpoint, event.type)) continue;
      TNT_RETURN_IF_ERROR(PutDelivery(tx, endpoint, event));
      ++made;
    }
  }
  if (rest.empty()) return Status::Ok();
  return jobs::Enqueue(tx, {.kind = kFanOutJob, .payload = std::move(rest)}).status();
}

}  // namespace

jobs::RunResult FanOut(const jobs::Claim& claim) {
  return {Status::Ok(), {}, [job = claim.job](Transaction& tx) {
            return PlanFanOut(tx, View(job->getPayload()));
          }};
}

Status NoteAttempt(SpaceWriter& tx, std::string_view delivery_id, const Attempt& attempt) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Delivery> before,
                       tx.Find<schema::WebhookDelivery>({delivery_id}));
  if (!before) return Status::Ok();  // Its log was reclaimed meanwhile.
  codec::Draft<schema::WebhookDelivery> after(*before);
  after->setAttempts((*before)->getAttempts() + 1);
  after->setLastCode(attempt.code == 0 ? schema::NULL_INT32 : attempt.code);
  after->disownLastError();
  if (!attempt.succeeded) after->setLastError(attempt.error.substr(0, jobs::kErrorBytesMax));
  if (attempt.succeeded || attempt.final) {
    after->setState(attempt.succeeded ? DeliveryState::SUCCEEDED : DeliveryState::FAILED);
    after->setFinishedAt(tx.now_unix_ms());
  }
  return tx.Update(*before, after);
}

ReplayReply Replay(Engine& engine, const TenantRef& tenant, std::string_view endpoint_id,
                   std::string_view delivery_id, CommandInfo info, ReadTier tier) {
  ReplayReply reply;
  info.command = static_cast<uint16_t>(CommandKind::kWebhookReplay);
  reply.outcome = engine.Execute(tenant, info, tier, [&](Transaction& tx) -> Status {
    TNT_RETURN_IF_ERROR(GetEndpoint(tx, endpoint_id).status());
    TNT_ASSIGN_OR_RETURN(const Delivery before, GetDelivery(tx, delivery_id));
    if (View(before->getEndpointId()) != endpoint_id) {
      return NotFound("Delivery with ID " + std::string(delivery_id) + " not found");
    }
    // The job of a delivery that still waits, or died, gives way to a fresh one.
    TNT_RETURN_IF_ERROR(jobs::EraseJob(tx, View(before->getJobId())));
    codec::Draft<schema::WebhookDelivery> after(before);
    TNT_ASSIGN_OR_RETURN(
        const std::string job,
        jobs::Enqueue(tx, {.kind = kDeliverJob, .payload = std::string(delivery_id)}));
    after->setJobId(job);
    after->setState(DeliveryState::PENDING);
    after->setFinishedAt(schema::NULL_INT);
    TNT_RETURN_IF_ERROR(tx.Update(before, after));
    TNT_ASSIGN_OR_RETURN(reply.delivery, Delivery::Decode(after.Encode()));
    return Status::Ok();
  });
  if (!reply.outcome.status.ok()) reply.delivery.reset();
  return reply;
}

Result<Delivery> GetDelivery(const SpaceReader& space, std::string_view id) {
  Result<Delivery> delivery = space.Get<schema::WebhookDelivery>({id});
  if (!delivery.ok() && delivery.status().code() == StatusCode::kNotFound) {
    return NotFound("Delivery with ID " + std::string(id) + " not found");
  }
  return delivery;
}

Result<std::vector<Delivery>> ListDeliveries(const SpaceReader& space, std::string_view endpoint_id,
                                             size_t limit) {
  std::vector<Delivery> deliveries;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::WebhookDelivery>(
      {.index = kByEndpoint, .equal = {endpoint_id}, .reverse = true},
      [&](const Delivery& delivery) {
        deliveries.push_back(delivery);
        return deliveries.size() < limit;
      }));
  return deliveries;
}

Result<bool> ReclaimDeliveries(Engine& engine, const TenantRef& tenant) {
  const IndexRange old{.index = kByCreation,
                       .until = keys::Part(engine.clock().NowUnixMs() - kDeliveryKeptMs)};
  bool any = false;
  TNT_RETURN_IF_ERROR(engine.View()
                          .Space(tenant, ReadTier::kBlocking)
                          .ScanIndexKeys(schema::CollectionOf<schema::WebhookDelivery>(), old,
                                         [&any](std::string_view) {
                                           any = true;
                                           return false;
                                         }));
  if (!any) return false;
  size_t found = 0;
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kReclaim), "system", "", true};
  const Outcome outcome =
      engine.Execute(tenant, info, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
        std::vector<Delivery> expired;
        TNT_RETURN_IF_ERROR(
            tx.ScanIndex<schema::WebhookDelivery>(old, [&](const Delivery& delivery) {
              expired.push_back(delivery);
              return expired.size() < kReclaimMax;
            }));
        for (const Delivery& delivery : expired) TNT_RETURN_IF_ERROR(tx.Erase(delivery));
        found = expired.size();
        return Status::Ok();
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  return found == kReclaimMax;
}

}  // namespace tenantry::webhooks
