// /shops/:shopId/webhooks, for who shows the shop's key.

#include "server/popups/module.h"
#include "server/webhooks/webhook_api.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;
using webhooks::Operation;

template <Operation operation>
Result<http::Response> Run(Module& module, const http::Request& request) {
  const auto& values = request.params.values;
  const ReadView view = module.engine().View();
  TNT_ASSIGN_OR_RETURN(const std::string actor, module.gate().Admit(view, request, values[0]));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, db::FindShop(view, values[0], TierOf(request)));
  return webhooks::Run(operation,
                       {module.engine(), shop, view, actor, values[1], values[2],
                        [](const Status& status) { return PopupError(status); }},
                       request);
}

}  // namespace

void AddWebhookRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  using http::Method;
  const RowOptions managed;
  AddRow(routes, module, Method::kGet, "/shops/:shopId/webhooks", "listShopWebhooks",
         Run<Operation::kList>, managed);
  AddRow(routes, module, Method::kPost, "/shops/:shopId/webhooks", "createShopWebhook",
         Run<Operation::kCreate>, managed);
  AddRow(routes, module, Method::kGet, "/shops/:shopId/webhooks/events", "listShopWebhookEvents",
         Run<Operation::kEvents>, managed);
  AddRow(routes, module, Method::kGet, "/shops/:shopId/webhooks/:id", "getShopWebhook",
         Run<Operation::kGet>, managed);
  AddRow(routes, module, Method::kPatch, "/shops/:shopId/webhooks/:id", "updateShopWebhook",
         Run<Operation::kUpdate>, managed);
  AddRow(routes, module, Method::kDelete, "/shops/:shopId/webhooks/:id", "deleteShopWebhook",
         Run<Operation::kDelete>, managed);
  AddRow(routes, module, Method::kGet, "/shops/:shopId/webhooks/:id/deliveries",
         "listShopWebhookDeliveries", Run<Operation::kDeliveries>, managed);
  AddRow(routes, module, Method::kPost, "/shops/:shopId/webhooks/:id/deliveries/:deliveryId/replay",
         "replayShopWebhookDelivery", Run<Operation::kReplay>, managed);
}

}  // namespace tenantry::server::popups
