#pragma once
// WebhookApi: the answers of /webhooks (gyms) and /shops/:shopId/webhooks, for a caller who was checked before.
//
//   GET    …/webhooks                          the tenant's endpoints
//   POST   …/webhooks                          a new one; the only answer with its secret
//   GET    …/webhooks/events                   the types there are
//   GET, PATCH, DELETE …/webhooks/:id
//   GET    …/webhooks/:id/deliveries           newest first, ?limit= up to 100
//   POST   …/webhooks/:id/deliveries/:deliveryId/replay
//
// Errors   what `refused` of the caller makes of a status.
// Threads  any.

#include <functional>
#include <string_view>

#include "engine/engine.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::server::webhooks {

enum class Operation { kList, kCreate, kEvents, kGet, kUpdate, kDelete, kDeliveries, kReplay };

struct Caller {
  Engine& engine;
  TenantRef tenant;
  const ReadView& view;
  std::string_view actor;
  // Of the request's path, when the operation has them.
  std::string_view id;
  std::string_view delivery_id;
  // Errors look different in the two families.
  std::function<http::Response(const Status& status)> refused;
};

http::Response Run(Operation operation, const Caller& caller, const http::Request& request);

}  // namespace tenantry::server::webhooks
