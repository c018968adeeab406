#include "engine/popups/batch.h"

#include "engine/commands.h"
#include "engine/popups/text.h"
#include "engine/popups/tracking_entry.h"

namespace tenantry::popups {
namespace {

// Whether the id was counted within the window; remembers it otherwise.
Result<bool> SeenBefore(Transaction& tx, const std::string& id) {
  TNT_ASSIGN_OR_RETURN(const auto known, tx.Find<schema::TrackedEvent>({std::string_view(id)}));
  if (known.has_value() && (*known)->getTrackedAt() > tx.now_unix_ms() - kEventIdWindowMs) {
    return true;
  }
  codec::Draft<schema::TrackedEvent> row;
  row->setId(ToText(id));
  row->setTrackedAt(tx.now_unix_ms());
  TNT_RETURN_IF_ERROR(known.has_value() ? tx.Update(*known, row) : tx.Insert(row));
  return false;
}

}  // namespace

std::string_view EventFateName(EventFate fate) {
  switch (fate) {
    case EventFate::kCounted:
      return "counted";
    case EventFate::kDuplicate:
      return "duplicate";
    case EventFate::kUnknownPopup:
      return "unknown_popup";
    case EventFate::kFiltered:
      return "filtered";
  }
  return "";
}

Outcome TrackBatch(Engine& engine, const TenantRef& shop, std::span<const BatchEvent> events,
                   ReadTier tier, std::vector<EventFate>* fates) {
  CommandInfo info;
  info.command = static_cast<uint16_t>(CommandKind::kTrackingBatch);
  info.actor = "storefront";
  return engine.Execute(shop, info, tier, [&](Transaction& tx) -> Status {
    fates->assign(events.size(), EventFate::kCounted);
    std::vector<Tracker::Tally::Item> items;
    for (size_t i = 0; i < events.size(); ++i) {
      // An unknown popup must not use up the id: the popup may be on its way.
      TNT_ASSIGN_OR_RETURN(const auto popup, tx.Find<schema::Popup>({PopupIdOf(events[i].event)}));
      if (!popup.has_value()) {
        (*fates)[i] = EventFate::kUnknownPopup;
        continue;
      }
      if (std::holds_alternative<FilteredEvent>(events[i].event)) {
        (*fates)[i] = EventFate::kFiltered;
      }
      bool seen = false;
      if (!events[i].id.empty()) {
        TNT_ASSIGN_OR_RETURN(seen, SeenBefore(tx, events[i].id));
      }
      if (seen) {
        (*fates)[i] = EventFate::kDuplicate;
        continue;
      }
      items.push_back({.ticket = i + 1,
                       .cost = {},
                       .event = {CopyOf(events[i].event), nullptr},
                       .refusal = {}});
    }
    if (items.empty()) return Status::Ok();
    return TrackingEntry(tx, nullptr).Plan(items);
  });
}

}  // namespace tenantry::popups
