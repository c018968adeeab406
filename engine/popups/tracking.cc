#include "engine/popups/tracking.h"

#include <utility>

#include "engine/base/ids.h"
#include "engine/commands.h"
#include "engine/popups/popups.h"
#include "engine/popups/text.h"
#include "engine/popups/tracking_entry.h"
#include "engine/tenant/directory.h"

namespace tenantry::popups {
namespace {

// Rows one event can touch: its record, counters, two sketch blocks, a limit mark, a discount code
// with its index rows.
constexpr uint32_t kViewEffects = 8;
constexpr uint32_t kConversionEffects = 14;
constexpr uint32_t kAnswerEffects = 3;  // Of a keyed event; its bytes are about those of the event.

counters::EntryCost CostOf(const Event& event, bool keyed = false) {
  if (const auto* filtered = std::get_if<FilteredEvent>(&event)) {
    return {.effects = 1, .bytes = static_cast<uint32_t>(filtered->popup_id.size())};
  }
  const auto* const view = std::get_if<ViewEvent>(&event);
  const uint32_t effects = view != nullptr ? kViewEffects : kConversionEffects;
  const auto bytes = static_cast<uint32_t>(
      view != nullptr ? view->bytes() : std::get<ConversionEvent>(event).bytes());
  if (keyed) return {.effects = effects + kAnswerEffects, .bytes = 3 * bytes};
  return {.effects = effects, .bytes = bytes};
}

// One log entry. Runs again where waiting for the disk is allowed when a block was not in memory:
// rare, since counters of a live popup stay cached, and cheaper than handing half a tick to another
// thread.
Outcome Commit(Engine& engine, const TenantRef& shop, std::span<Tracker::Tally::Item> items,
               TrackingMemory* memory, ReadTier tier) {
  CommandInfo info;
  info.command = static_cast<uint16_t>(CommandKind::kTrackingTick);
  info.actor = "storefront";
  const Engine::Plan plan = [items, memory](Transaction& tx) {
    return TrackingEntry(tx, memory).Plan(items);
  };
  Outcome outcome = engine.Execute(shop, info, tier, plan);
  if (outcome.status.code() == StatusCode::kWouldBlock) {
    outcome = engine.Execute(shop, info, ReadTier::kBlocking, plan);
  }
  // The whole entry is refused when no popup is left, or the shop itself is gone: the same answer
  // for each event.
  if (outcome.status.code() == StatusCode::kNotFound) {
    outcome.status = Status::Ok();
    for (Tracker::Tally::Item& item : items)
      item.refusal = PopupNotFound(PopupIdOf(item.event.event));
  }
  return outcome;
}

}  // namespace

std::string_view PopupIdOf(const Event& event) {
  if (const auto* view = std::get_if<ViewEvent>(&event)) return View(view->reader().getPopupId());
  if (const auto* conversion = std::get_if<ConversionEvent>(&event)) {
    return View(conversion->reader().getPopupId());
  }
  return std::get<FilteredEvent>(event).popup_id;
}

Event CopyOf(const Event& event) {
  if (const auto* view = std::get_if<ViewEvent>(&event)) return ViewEvent(view->reader());
  if (const auto* conversion = std::get_if<ConversionEvent>(&event)) {
    return ConversionEvent(conversion->reader());
  }
  return std::get<FilteredEvent>(event);
}

Result<ViewEvent> NewView(std::string_view json, int64_t now_unix_ms, Random& random) {
  auto view = codec::DecodeAs<schema::TrackViewInput, schema::PopupView>(json);
  TNT_RETURN_IF_ERROR(view.status());
  (*view)->setId(ToText(NewUuid(random)));
  (*view)->setViewedAt(now_unix_ms);
  return view;
}

Result<ConversionEvent> NewConversion(std::string_view json, int64_t now_unix_ms, Random& random) {
  auto conversion = codec::DecodeAs<schema::TrackConversionInput, schema::PopupConversion>(json);
  TNT_RETURN_IF_ERROR(conversion.status());
  (*conversion)->setId(ToText(NewUuid(random)));
  (*conversion)->setConvertedAt(now_unix_ms);
  return conversion;
}

ViewEvent NewView(const schema::BatchEventInput::Reader& input, int64_t now_unix_ms,
                  Random& random) {
  ViewEvent view;
  view->setPopupId(input.getPopupId());
  if (input.hasSessionId()) view->setSessionId(input.getSessionId());
  if (input.hasVisitorId()) view->setVisitorId(input.getVisitorId());
  if (input.hasDeviceType()) view->setDeviceType(input.getDeviceType());
  if (input.hasBrowser()) view->setBrowser(input.getBrowser());
  if (input.hasPageUrl()) view->setPageUrl(input.getPageUrl());
  if (input.hasReferrer()) view->setReferrer(input.getReferrer());
  view->setId(ToText(NewUuid(random)));
  view->setViewedAt(now_unix_ms);
  return view;
}

ConversionEvent NewConversion(const schema::BatchEventInput::Reader& input, int64_t now_unix_ms,
                              Random& random) {
  TNT_CHECK(input.getType() != schema::EventConversionType::NONE);
  ConversionEvent conversion;
  conversion->setPopupId(input.getPopupId());
  // The enumerant of null comes first; behind it both enums agree.
  conversion->setType(
      static_cast<schema::ConversionType>(static_cast<uint16_t>(input.getType()) - 1));
  if (input.hasSessionId()) conversion->setSessionId(input.getSessionId());
  if (input.hasVisitorId()) conversion->setVisitorId(input.getVisitorId());
  conversion->setRevenue(input.getRevenue());
  if (input.hasDiscountCodeId()) conversion->setDiscountCodeId(input.getDiscountCodeId());
  if (input.hasEmailSubscriberId()) conversion->setEmailSubscriberId(input.getEmailSubscriberId());
  if (input.hasMetadata()) conversion->setMetadata(input.getMetadata());
  conversion->setId(ToText(NewUuid(random)));
  conversion->setConvertedAt(now_unix_ms);
  return conversion;
}

Result<TenantRef> FindPopupShop(const Engine& engine, std::string_view popup_id, ReadTier tier) {
  // Anything else was never given out; the check also bounds what is looked up.
  if (!IsUuid(popup_id)) return PopupNotFound(popup_id);
  Result<TenantRef> shop = tenant::Directory::FindByReference(
      engine.View(), schema::ReferenceKind::POPUP, popup_id, tier);
  if (!shop.ok() && shop.status().code() == StatusCode::kNotFound) return PopupNotFound(popup_id);
  return shop;
}

Result<TenantRef> PopupFinder::Find(std::string_view popup_id, ReadTier tier) {
  if (const auto at = shops_.find(popup_id); at != shops_.end()) return at->second;
  TNT_ASSIGN_OR_RETURN(const TenantRef shop, FindPopupShop(engine_, popup_id, tier));
  if (shops_.size() >= kPopupsMax) shops_.clear();
  shops_.emplace(popup_id, shop);
  return shop;
}

void PopupFinder::Forget(std::string_view popup_id) {
  if (const auto at = shops_.find(popup_id); at != shops_.end()) shops_.erase(at);
}

uint64_t Tracker::Add(const TenantRef& shop, Event event, std::shared_ptr<KeyedEvent> keyed) {
  const counters::EntryCost cost = CostOf(event, keyed != nullptr);
  return tally_.Add(shop, {std::move(event), std::move(keyed)}, cost);
}

void Tracker::Flush(std::vector<counters::Verdict>* verdicts) {
  tally_.Flush(
      [this](const TenantRef& shop, std::span<Tally::Item> items) {
        Outcome outcome = Commit(engine_, shop, items, &memory_, ReadTier::kInline);
        for (const Tally::Item& item : items) {
          if (!item.refusal.ok()) finder_.Forget(PopupIdOf(item.event.event));
        }
        return outcome;
      },
      verdicts);
}

Outcome TrackNow(Engine& engine, const TenantRef& shop, Event event, ReadTier tier) {
  Tracker::Tally::Item item{
      .ticket = 1, .cost = {}, .event = {std::move(event), nullptr}, .refusal = {}};
  Outcome outcome = Commit(engine, shop, {&item, 1}, nullptr, tier);
  if (outcome.status.ok()) outcome.status = item.refusal;
  return outcome;
}

Outcome TrackAll(Engine& engine, const TenantRef& shop, std::vector<Event> events) {
  Tracker::Tally tally;
  for (Event& event : events) {
    const counters::EntryCost cost = CostOf(event);
    tally.Add(shop, {std::move(event), nullptr}, cost);
  }
  Outcome last;
  std::vector<counters::Verdict> verdicts;
  tally.Flush(
      [&](const TenantRef& tenant, std::span<Tracker::Tally::Item> items) {
        if (last.status.ok()) last = Commit(engine, tenant, items, nullptr, ReadTier::kBlocking);
        return last;
      },
      &verdicts);
  return last;
}

namespace {

Result<bool> IsWritten(Transaction& tx, const Event& event) {
  if (const auto* view = std::get_if<ViewEvent>(&event)) {
    const auto record = view->reader();
    TNT_ASSIGN_OR_RETURN(const auto found,
                         tx.Find<schema::PopupView>({View(record.getPopupId()),
                                                     record.getViewedAt(), View(record.getId())}));
    return found.has_value();
  }
  const auto record = std::get<ConversionEvent>(event).reader();
  TNT_ASSIGN_OR_RETURN(const auto found, tx.Find<schema::PopupConversion>(
                                             {View(record.getPopupId()), record.getConvertedAt(),
                                              View(record.getId())}));
  return found.has_value();
}

}  // namespace

Outcome TrackOnce(Engine& engine, const TenantRef& shop, const CommandInfo& info,
                  std::span<const Event> events, std::vector<OnceFate>* fates) {
  return engine.Execute(shop, info, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
    fates->assign(events.size(), OnceFate::kCounted);
    std::vector<Tracker::Tally::Item> items;
    for (size_t i = 0; i < events.size(); ++i) {
      TNT_ASSIGN_OR_RETURN(const auto popup, tx.Find<schema::Popup>({PopupIdOf(events[i])}));
      TNT_ASSIGN_OR_RETURN(const bool written, IsWritten(tx, events[i]));
      if (written || !popup.has_value()) {
        (*fates)[i] = written ? OnceFate::kThere : OnceFate::kNoPopup;
        continue;
      }
      items.push_back(
          {.ticket = i + 1, .cost = {}, .event = {CopyOf(events[i]), nullptr}, .refusal = {}});
    }
    return items.empty() ? Status::Ok() : TrackingEntry(tx, nullptr).Plan(items);
  });
}

}  // namespace tenantry::popups
