// POST /analytics/views, /analytics/conversions and /analytics/events: the answer is built at once and
// held until the loop's tick, or the batch's own entry, is written.

#include <algorithm>

#include "engine/codec/json_out.h"
#include "engine/popups/batch.h"
#include "engine/popups/text.h"
#include "engine/popups/tracking.h"
#include "engine/work_trace.h"
#include "server/http/text.h"
#include "server/popups/body.h"
#include "server/popups/module.h"
#include "server/stored_answer.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

// Of the names in an answer, about.
constexpr size_t kAnswerNamesBytes = 200;

db::BotRule BotRuleOf(Module& module, const http::Request& request) {
  if (!module.context().options.bot_filter) return db::BotRule::kNone;
  const std::optional<std::string_view> agent = request.FindHeader("User-Agent");
  if (!agent.has_value()) return db::BotRule::kNone;
  // A worker must not touch the loop's memory.
  return request.blocking_lane ? db::FindBot(*agent) : module.LoopOf(request).bots.Find(*agent);
}

// A bot gets the answer of a visitor, and learns nothing from it.
template <class Record, class Draft>
Result<http::Response> Track(Module& module, const http::Request& request, const TenantRef& shop,
                             Draft draft) {
  std::string json;
  json.reserve(draft.bytes() + kAnswerNamesBytes);
  codec::AppendObject<Record>(&json, draft.reader());
  http::Response response = http::Response::Json(201, std::move(json));
  db::Event event = std::move(draft);
  if (const db::BotRule bot = BotRuleOf(module, request); bot != db::BotRule::kNone) {
    std::string popup_id(db::PopupIdOf(event));
    event = db::FilteredEvent{std::move(popup_id), bot};
  }
  if (request.blocking_lane) {  // No tick here: an entry of its own.
    const Outcome outcome =
        db::TrackNow(module.engine(), shop, std::move(event), ReadTier::kBlocking);
    if (!outcome.status.ok()) return Refused(outcome);
    return Parked(std::move(response), outcome);
  }
  LoopState& loop = module.LoopOf(request);
  const KeyedCall* const call = KeyedCall::Current();
  if (call == nullptr) {
    response.tick_ticket = loop.tracker.Add(shop, std::move(event));
    return response;
  }
  const auto keyed = std::make_shared<db::KeyedEvent>(db::KeyedEvent{AnswerOf(response), {}});
  call->Complete(&keyed->answer, module.engine().clock().NowUnixMs());
  response.tick_ticket = loop.tracker.Add(shop, std::move(event), keyed);
  loop.keyed.emplace(response.tick_ticket, keyed);
  return response;
}

Result<TenantRef> ShopOfEvent(Module& module, const http::Request& request,
                              std::string_view popup_id) {
  if (request.blocking_lane) {
    return db::FindPopupShop(module.engine(), popup_id, ReadTier::kBlocking);
  }
  const Result<TenantRef> shop =
      module.LoopOf(request).tracker.finder().Find(popup_id, ReadTier::kInline);
  if (shop.ok()) WorkTrace::NoteSpace(shop->space());
  return shop;
}

Result<http::Response> View(Module& module, const http::Request& request) {
  Engine& engine = module.engine();
  TNT_ASSIGN_OR_RETURN(db::ViewEvent view,
                       db::NewView(JsonBody(request), engine.clock().NowUnixMs(), engine.random()));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop,
                       ShopOfEvent(module, request, db::View(view.reader().getPopupId())));
  return Track<schema::PopupView>(module, request, shop, std::move(view));
}

Result<http::Response> Conversion(Module& module, const http::Request& request) {
  Engine& engine = module.engine();
  TNT_ASSIGN_OR_RETURN(
      db::ConversionEvent conversion,
      db::NewConversion(JsonBody(request), engine.clock().NowUnixMs(), engine.random()));
  TNT_ASSIGN_OR_RETURN(const TenantRef shop,
                       ShopOfEvent(module, request, db::View(conversion.reader().getPopupId())));
  return Track<schema::PopupConversion>(module, request, shop, std::move(conversion));
}

// --- Batches ---

// Beacons are text/plain, which spares the browser a preflight.
Result<codec::Input<schema::TrackEventsInput>> DecodeBatch(const http::Request& request) {
  const std::string_view type = request.FindHeader("Content-Type").value_or("");
  const bool plain =
      http::EqualsIgnoreCase(http::TrimBlanks(type.substr(0, type.find(';'))), "text/plain");
  auto input = plain ? codec::Input<schema::TrackEventsInput>::Decode(request.body)
                     : DecodeBody<schema::TrackEventsInput>(request);
  if (!input.ok()) return input;
  const auto events = (**input).getEvents();
  if (events.size() > db::kBatchEventsMax) {
    return InvalidFields({"events must contain no more than 100 elements"});
  }
  std::vector<std::string> messages;
  for (unsigned i = 0; i < events.size(); ++i) {
    if (events[i].getEvent() == schema::EventKind::CONVERSION &&
        events[i].getType() == schema::EventConversionType::NONE) {
      messages.push_back("events." + std::to_string(i) +
                         ".type must be one of the following values: email_capture, "
                         "discount_code_used, click, purchase");
    }
  }
  if (!messages.empty()) return InvalidFields(std::move(messages));
  return input;
}

struct ShopBatch {
  TenantRef shop;
  std::vector<db::BatchEvent> events;
  std::vector<size_t> places;  // In the request.
};

// Groups the events by shop, each of which becomes one log entry; unknown popups stay out.
Result<std::vector<ShopBatch>> GroupByShop(Module& module, const http::Request& request,
                                           const schema::TrackEventsInput::Reader& input) {
  std::vector<ShopBatch> batches;
  Engine& engine = module.engine();
  const int64_t now = engine.clock().NowUnixMs();
  const db::BotRule bot = BotRuleOf(module, request);
  for (unsigned i = 0; i < input.getEvents().size(); ++i) {
    const schema::BatchEventInput::Reader event = input.getEvents()[i];
    const Result<TenantRef> shop = ShopOfEvent(module, request, db::View(event.getPopupId()));
    if (!shop.ok() && shop.status().code() == StatusCode::kNotFound) continue;
    TNT_RETURN_IF_ERROR(shop.status());
    auto at = std::find_if(batches.begin(), batches.end(), [&shop](const ShopBatch& batch) {
      return batch.shop.space() == shop->space();
    });
    if (at == batches.end()) at = batches.insert(at, ShopBatch{*shop, {}, {}});
    db::BatchEvent tracked{std::string(db::View(event.getId())),
                           db::FilteredEvent{std::string(db::View(event.getPopupId())), bot}};
    if (bot != db::BotRule::kNone) {
      tracked.id.clear();
    } else if (event.getEvent() == schema::EventKind::VIEW) {
      tracked.event = db::NewView(event, now, engine.random());
    } else {
      tracked.event = db::NewConversion(event, now, engine.random());
    }
    at->events.push_back(std::move(tracked));
    at->places.push_back(i);
  }
  return batches;
}

http::Response BatchReply(const std::vector<db::EventFate>& fates) {
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.Int("accepted", std::count(fates.begin(), fates.end(), db::EventFate::kCounted));
    std::string* const list = object.Key("results");
    list->push_back('[');
    for (const db::EventFate fate : fates) {
      if (list->back() != '[') list->push_back(',');
      codec::AppendJsonString(list, db::EventFateName(fate));
    }
    list->push_back(']');
  }
  return http::Response::Json(201, std::move(json));
}

Result<http::Response> Events(Module& module, const http::Request& request) {
  TNT_ASSIGN_OR_RETURN(const auto input, DecodeBatch(request));
  TNT_ASSIGN_OR_RETURN(std::vector<ShopBatch> batches, GroupByShop(module, request, *input));
  std::vector<db::EventFate> fates((*input).getEvents().size(), db::EventFate::kUnknownPopup);
  Outcome last;
  for (const ShopBatch& batch : batches) {
    std::vector<db::EventFate> decided;
    Outcome outcome =
        db::TrackBatch(module.engine(), batch.shop, batch.events, TierOf(request), &decided);
    // The shop went meanwhile, and its popups with it.
    if (outcome.status.code() == StatusCode::kNotFound) continue;
    if (!outcome.status.ok()) return Refused(outcome);
    for (size_t i = 0; i < decided.size(); ++i) fates[batch.places[i]] = decided[i];
    last.release_index = std::max(last.release_index, outcome.release_index);
  }
  return Parked(BatchReply(fates), last);
}

}  // namespace

void AddTrackingRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  AddRow(routes, module, http::Method::kPost, "/analytics/views", "trackView", View,
         {.permission = http::Permission::kStorefront, .rate = http::RateClass::kViews});
  AddRow(routes, module, http::Method::kPost, "/analytics/conversions", "trackConversion",
         Conversion,
         {.permission = http::Permission::kStorefront, .rate = http::RateClass::kConversions});
  AddRow(routes, module, http::Method::kPost, "/analytics/events", "trackEvents", Events,
         {.permission = http::Permission::kStorefront, .rate = http::RateClass::kViews});
}

}  // namespace tenantry::server::popups
