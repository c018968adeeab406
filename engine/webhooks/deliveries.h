#pragma once
// Deliveries: one event for one endpoint, and what became of it.
//
//   job "webhook.fanout" ─ FanOut ─▶ pending, job "webhook.deliver" ─▶ succeeded
//                                       ▲        │ attempts run out, or no use to try
//                                       └ Replay ┴▶ failed
//
// Units    the log of deliveries is kept kDeliveryKeptMs.
// Errors   kNotFound "Delivery with ID <id> not found".
// Threads  any.

#include <string>
#include <string_view>
#include <vector>

#include "engine/jobs/runner.h"
#include "engine/schema/webhooks.capnp.h"

namespace tenantry::webhooks {

using Delivery = codec::Stored<schema::WebhookDelivery>;

inline constexpr int64_t kDeliveryKeptMs = int64_t{7} * 24 * 3'600'000;
// Deliveries that one entry makes; the rest goes on as another job.
inline constexpr size_t kFanOutMax = 200;

// Handler of fan-out jobs.
jobs::RunResult FanOut(const jobs::Claim& claim);

// What a try at delivering came to; a step of the plan that ends its job.
struct Attempt {
  int32_t code = 0;  // HTTP status; 0: no answer.
  std::string error;
  bool succeeded = false;
  bool final = false;  // Not tried again.
};
Status NoteAttempt(SpaceWriter& tx, std::string_view delivery_id, const Attempt& attempt);

// Sends a finished or waiting delivery again, at once.
struct ReplayReply {
  Outcome outcome;
  std::optional<Delivery> delivery;
};
ReplayReply Replay(Engine& engine, const TenantRef& tenant, std::string_view endpoint_id,
                   std::string_view delivery_id, CommandInfo info, ReadTier tier);

Result<Delivery> GetDelivery(const SpaceReader& space, std::string_view id);
// Newest first.
Result<std::vector<Delivery>> ListDeliveries(const SpaceReader& space, std::string_view endpoint_id,
                                             size_t limit);

// Erases some deliveries that are older than kDeliveryKeptMs; true when there may be more.
Result<bool> ReclaimDeliveries(Engine& engine, const TenantRef& tenant);

}  // namespace tenantry::webhooks
