#pragma once
// Module: what the popup handlers share.
//
// Shape    the gate, and per loop a tally of tracked events.
// Errors   handlers return Result<Response>; a Status becomes the popup family's error body.
// Threads  LoopOf() only from a handler on the inline lane, or from the end of that loop's tick.
// Owns     the per-loop state. Borrows the context.

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/popups/page.h"
#include "engine/popups/plans.h"
#include "engine/popups/shops.h"
#include "engine/popups/tracking.h"
#include "server/context.h"
#include "server/http/application.h"
#include "server/paging.h"
#include "server/popups/gate.h"
#include "server/reply.h"

namespace tenantry::server::popups {

struct LoopState {
  explicit LoopState(Engine& engine) : tracker(engine) {}
  ::tenantry::popups::Tracker tracker;
  // Keyed events of the tick in progress, by ticket.
  std::map<uint64_t, std::shared_ptr<::tenantry::popups::KeyedEvent>> keyed;
  ::tenantry::popups::BotMemory bots;
};

class Module {
 public:
  explicit Module(const Context& context);

  const Context& context() const { return context_; }
  Engine& engine() const { return context_.engine; }
  const ShopGate& gate() const { return gate_; }
  LoopState& LoopOf(const http::Request& request) { return *loops_[request.loop]; }

  // The shop of a write, created when the options let a first write do so.
  Result<TenantRef> ShopForWrite(const http::Request& request, std::string_view shop_id,
                                 std::string_view actor) const;
  // What a view holds of a shop; nothing for one that does not exist.
  static Result<std::optional<SpaceReader>> FindSpace(const ReadView& view,
                                                      const http::Request& request,
                                                      std::string_view shop_id);
  ::tenantry::popups::Billing billing() const {
    using ::tenantry::popups::Billing;
    return context_.options.billing ? Billing::kOn : Billing::kOff;
  }
  void EndTick(uint32_t loop, std::vector<http::TickVerdict>* verdicts);

 private:
  const Context& context_;
  const ShopGate gate_;
  std::vector<std::unique_ptr<LoopState>> loops_;
};

// Who does what, for the audit trail; the module's commands fill in which.
inline CommandInfo InfoOf(const http::Request& request, std::string_view actor) {
  return {0, actor, request.request_id};
}
inline constexpr std::string_view kStorefront = "storefront";
inline ::tenantry::popups::Page SliceOf(const Paging& paging) {
  return {.offset = paging.offset(), .limit = paging.limit};
}

// The error answer of a command, parked where its state was read.
inline http::Response Refused(const Outcome& outcome) {
  return Parked(PopupError(outcome.status), outcome);
}

using Handler = Result<http::Response> (*)(Module&, const http::Request&);
struct RowOptions {
  http::Permission permission = http::Permission::kShopKey;
  http::RateClass rate = http::RateClass::kDefault;
  http::CacheClass cache = http::CacheClass::kNone;
  http::Lane lane = http::Lane::kInline;
};
// Adds a row of the route table that runs `handler`.
void AddRow(std::vector<http::Route>* routes, const std::shared_ptr<Module>& module,
            http::Method method, std::string_view path, std::string_view name, Handler handler,
            const RowOptions& options);

// One per group of routes.
void AddPopupRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddTrackingRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddStatsRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddDiscountCodeRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddSubscriberRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddWebhookRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddScriptRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddSeriesRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddAbRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddRevenueRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);
void AddSubscriptionRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes);

}  // namespace tenantry::server::popups
