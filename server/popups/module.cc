#include "server/popups/module.h"

#include <utility>

#include "server/popups/api_docs.h"
#include "server/popups/routes.h"
#include "server/stored_answer.h"

namespace tenantry::server::popups {

namespace db = ::tenantry::popups;

namespace {

// The answer to a repeated event; nullopt for one that was counted now.
std::optional<http::Response> ReplayOf(const db::KeyedEvent& keyed) {
  if (!keyed.found) return std::nullopt;
  const schema::StoredAnswer::Reader found = **keyed.found;
  if (found.getFingerprint() != keyed.answer.reader().getFingerprint()) {
    return PopupError(422, kKeyReused);
  }
  return ResponseOf(found);
}

}  // namespace

Module::Module(const Context& context) : context_(context), gate_(context.options) {
  for (uint32_t loop = 0; loop < context.loops; ++loop) {
    loops_.push_back(std::make_unique<LoopState>(context.engine));
  }
}

Result<TenantRef> Module::ShopForWrite(const http::Request& request, std::string_view shop_id,
                                       std::string_view actor) const {
  const db::ShopCreation creation{.allowed = context_.options.shop_auth_open,
                                  .shops_max = context_.options.open_shops_max};
  return db::EnsureShop(engine(), shop_id, creation, InfoOf(request, actor), TierOf(request));
}

Result<std::optional<SpaceReader>> Module::FindSpace(const ReadView& view,
                                                     const http::Request& request,
                                                     std::string_view shop_id) {
  const Result<TenantRef> shop = db::FindShop(view, shop_id, TierOf(request));
  if (shop.ok()) return std::optional<SpaceReader>(view.Space(*shop, TierOf(request)));
  if (shop.status().code() == StatusCode::kNotFound) return std::optional<SpaceReader>();
  return shop.status();
}

void Module::EndTick(uint32_t loop, std::vector<http::TickVerdict>* verdicts) {
  db::Tracker& tracker = loops_[loop]->tracker;
  if (tracker.empty()) return;
  std::vector<counters::Verdict> decided;
  tracker.Flush(&decided);
  const auto keyed = std::exchange(loops_[loop]->keyed, {});
  for (const counters::Verdict& verdict : decided) {
    http::TickVerdict out{verdict.ticket, verdict.release_index, std::nullopt};
    if (!verdict.status.ok()) {
      const bool blocked = verdict.status.code() == StatusCode::kWouldBlock;
      out.replacement = PopupError(blocked ? Unavailable("try again") : verdict.status);
      out.replacement->release_index = verdict.release_index;
    }
    if (const auto at = keyed.find(verdict.ticket); at != keyed.end() && verdict.status.ok()) {
      out.replacement = ReplayOf(*at->second);
      if (out.replacement) out.replacement->release_index = verdict.release_index;
    }
    verdicts->push_back(std::move(out));
  }
}

void AddRow(std::vector<http::Route>* routes, const std::shared_ptr<Module>& module,
            http::Method method, std::string_view path, std::string_view name, Handler handler,
            const RowOptions& options) {
  const auto run = [module, handler](const http::Request& request) {
    Result<http::Response> response = handler(*module, request);
    if (response.ok()) return std::move(response).value();
    http::Response refusal = PopupError(response.status());
    if (refusal.status == 401) refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refusal;
  };
  http::RateClass rate = options.rate;
  const bool storefront_read =
      options.permission == http::Permission::kStorefront && method == http::Method::kGet;
  if (storefront_read && rate == http::RateClass::kDefault) rate = http::RateClass::kStorefront;
  routes->push_back({method, path, name, http::Module::kPopups, options.permission, rate,
                     options.cache, options.lane, run});
}

TenantryApplication::Module PopupModule(const Context& context) {
  const auto module = std::make_shared<Module>(context);
  TenantryApplication::Module out;
  AddPopupRoutes(module, &out.routes);
  AddTrackingRoutes(module, &out.routes);
  AddStatsRoutes(module, &out.routes);
  AddDiscountCodeRoutes(module, &out.routes);
  AddSubscriberRoutes(module, &out.routes);
  AddScriptRoutes(module, &out.routes);
  AddWebhookRoutes(module, &out.routes);
  AddSeriesRoutes(module, &out.routes);
  AddAbRoutes(module, &out.routes);
  AddRevenueRoutes(module, &out.routes);
  AddSubscriptionRoutes(module, &out.routes);
  out.on_tick_end = [module](uint32_t loop, std::vector<http::TickVerdict>* verdicts) {
    module->EndTick(loop, verdicts);
  };
  out.docs = PopupApiDocs();
  return out;
}

}  // namespace tenantry::server::popups
