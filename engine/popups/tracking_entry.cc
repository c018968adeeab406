#include "engine/popups/tracking_entry.h"

#include <algorithm>

#include "engine/base/checksum.h"
#include "engine/counters/bucket.h"
#include "engine/popups/discount_codes.h"
#include "engine/popups/metrics.h"
#include "engine/popups/plans.h"
#include "engine/popups/popups.h"
#include "engine/popups/sealing.h"
#include "engine/popups/text.h"
#include "engine/popups/visitor_seed.h"

namespace tenantry::popups {

Status TrackingEntry::Plan(std::span<Tracker::Tally::Item> items) {
  TNT_ASSIGN_OR_RETURN(visitor_seed_, VisitorSeed(tx_));
  size_t kept = 0;
  size_t repeated = 0;
  for (Tracker::Tally::Item& item : items) {
    item.refusal = Status::Ok();  // The plan may run again after a miss on the inline tier.
    const std::string_view popup_id = PopupIdOf(item.event.event);
    TNT_ASSIGN_OR_RETURN(const bool repeat, IsRepeat(item.event.keyed.get()));
    if (repeat) {
      ++repeated;
      continue;
    }
    TNT_ASSIGN_OR_RETURN(PopupFacts * popup, FactsOf(popup_id));
    if (!popup->exists) {
      item.refusal = PopupNotFound(popup_id);
      continue;
    }
    ++kept;
    if (item.event.keyed) TNT_RETURN_IF_ERROR(PutAnswer(tx_, item.event.keyed->answer));
    if (const auto* view = std::get_if<ViewEvent>(&item.event.event)) {
      TNT_RETURN_IF_ERROR(PlanView(*view, popup));
    } else if (const auto* filtered = std::get_if<FilteredEvent>(&item.event.event)) {
      counters_.Add({kShopFiltered, kShopOwner, kBotRuleNames[static_cast<size_t>(filtered->rule)]},
                    1);
    } else {
      TNT_RETURN_IF_ERROR(PlanConversion(std::get<ConversionEvent>(item.event.event)));
    }
  }
  if (kept == 0) return repeated > 0 ? Status::Ok() : NotFound("none of the popups exists");
  CountViews();
  TNT_RETURN_IF_ERROR(MarkReachedLimits());
  TNT_RETURN_IF_ERROR(CountDiscountUses());
  TNT_RETURN_IF_ERROR(CountLateViews());
  TNT_RETURN_IF_ERROR(counters_.WriteTo(tx_));
  TNT_RETURN_IF_ERROR(sketches_.WriteTo(tx_));
  return ReopenHours();
}

// Whether the event was counted before, in an earlier entry or in this one.
Result<bool> TrackingEntry::IsRepeat(KeyedEvent* keyed) {
  if (keyed == nullptr) return false;
  keyed->found.reset();
  TNT_ASSIGN_OR_RETURN(std::optional<StoredAnswer> found,
                       tx_.Find<schema::StoredAnswer>({View(keyed->answer.reader().getScope())}));
  if (!found || !IsKept(**found, tx_.now_unix_ms())) return false;
  keyed->found = std::move(found);
  return true;
}

Result<TrackingEntry::PopupFacts*> TrackingEntry::FactsOf(std::string_view popup_id) {
  const auto [at, fresh] = popups_.try_emplace(popup_id);
  if (fresh) {
    TNT_ASSIGN_OR_RETURN(const auto popup, tx_.FindBytes<schema::Popup>({popup_id}));
    at->second.exists = popup.has_value();
    if (popup.has_value()) {
      TNT_ASSIGN_OR_RETURN(at->second.view_limit, limits_ != nullptr ? limits_->Of(popup_id, *popup)
                                                                     : ViewLimitOf(*popup));
    }
    TNT_ASSIGN_OR_RETURN(at->second.rolled_up, RollUpCursor(tx_, popup_id));
    at->second.rolled_up_ms = CursorTime(at->second.rolled_up);
  }
  return &at->second;
}

Status TrackingEntry::PlanView(const ViewEvent& view, PopupFacts* popup) {
  TNT_RETURN_IF_ERROR(tx_.InsertFresh(view));
  const auto event = view.reader();
  const std::string_view popup_id = View(event.getPopupId());
  const int64_t at = event.getViewedAt();
  ++popup->quarter_views[counters::QuarterHourOf(at)];
  popup->oldest_hour = std::min(popup->oldest_hour, counters::HourOf(at));
  if (at <= popup->rolled_up_ms && ViewKey(popup_id, at, View(event.getId())) <= popup->rolled_up) {
    popup->late.Add(event);
  }
  // Without a visitor id the session is the nearest thing to one.
  const bool has_visitor = event.hasVisitorId() && event.getVisitorId().size() > 0;
  CountVisitor(popup_id, View(has_visitor ? event.getVisitorId() : event.getSessionId()), at);
  return Status::Ok();
}

Status TrackingEntry::PlanConversion(const ConversionEvent& conversion) {
  TNT_RETURN_IF_ERROR(tx_.InsertFresh(conversion));
  const auto event = conversion.reader();
  const std::string_view popup_id = View(event.getPopupId());
  const int64_t at = event.getConvertedAt();
  const int64_t quarter = counters::QuarterHourOf(at);
  counters_.Add({kPopupTotals, popup_id, kConversions}, 1);
  counters_.Add({kPopupTotals, popup_id, kConversionTypes[static_cast<size_t>(event.getType())]},
                1);
  counters_.Add({kPopupQuarterHours, popup_id, kConversions, quarter}, 1);
  counters_.Add({kShopTotals, kShopOwner, kConversions}, 1);
  counters_.Add({kShopMonths, kShopOwner, kConversions, counters::MonthOf(at)}, 1);
  if (event.getRevenue() > 0) {  // Null is far below.
    counters_.Add({kPopupTotals, popup_id, kRevenue}, event.getRevenue());
    counters_.Add({kPopupQuarterHours, popup_id, kRevenue, quarter}, event.getRevenue());
    counters_.Add({kShopTotals, kShopOwner, kRevenue}, event.getRevenue());
  }
  if (event.getType() == schema::ConversionType::DISCOUNT_CODE_USED &&
      event.getDiscountCodeId().size() > 0) {
    ++discount_uses_[View(event.getDiscountCodeId())];
  }
  return Status::Ok();
}

void TrackingEntry::CountVisitor(std::string_view popup_id, std::string_view visitor,
                                 int64_t at_unix_ms) {
  if (visitor.empty()) return;
  const uint64_t hash = Hash64(visitor, visitor_seed_);
  const int64_t hour = counters::HourOf(at_unix_ms);
  sketches_.Add(kPopupVisitors, popup_id, hour, hash);
  sketches_.Add(kShopVisitors, kShopOwner, hour, hash);
}

void TrackingEntry::CountViews() {
  std::map<int64_t, int64_t> quarter_views;
  for (const auto& [popup_id, popup] : popups_) {
    for (const auto& [quarter, views] : popup.quarter_views) {
      counters_.Add({kPopupTotals, popup_id, kViews}, views);
      counters_.Add({kPopupQuarterHours, popup_id, kViews, quarter}, views);
      quarter_views[quarter] += views;
    }
  }
  for (const auto& [quarter, views] : quarter_views) {
    const int64_t month = counters::MonthOf(quarter * counters::kQuarterHourMs);
    counters_.Add({kShopTotals, kShopOwner, kViews}, views);
    counters_.Add({kShopMonths, kShopOwner, kViews, month}, views);
  }
}

Status TrackingEntry::Mark(std::string_view name, int64_t views) {
  codec::Draft<schema::PopupLimitMark> mark;
  mark->setPopupId(ToText(std::string(name)));
  mark->setViews(views);
  mark->setReachedAt(tx_.now_unix_ms());
  // A limit that was raised can be reached again.
  TNT_ASSIGN_OR_RETURN(const auto earlier, tx_.Find<schema::PopupLimitMark>({name}));
  return earlier.has_value() ? tx_.Update(*earlier, mark) : tx_.Insert(mark);
}

Status TrackingEntry::MarkReachedLimits() {
  const int64_t month = counters::MonthOf(tx_.now_unix_ms());
  const int64_t month_views = counters_.Pending({kShopMonths, kShopOwner, kViews, month});
  if (month_views > 0) {
    TNT_ASSIGN_OR_RETURN(const int64_t before, tx_.Counter(kShopMonths, kShopOwner, kViews, month));
    if (CrossesPlanLimit(before, before + month_views)) {
      TNT_RETURN_IF_ERROR(Mark(kMonthMark, before + month_views));
    }
  }
  for (const auto& [popup_id, popup] : popups_) {
    const int64_t views = counters_.Pending({kPopupTotals, popup_id, kViews});
    if (popup.view_limit == 0 || views == 0) continue;
    TNT_ASSIGN_OR_RETURN(const int64_t before, tx_.Counter(kPopupTotals, popup_id, kViews));
    const bool reached = before < popup.view_limit && before + views >= popup.view_limit;
    if (!reached) continue;
    TNT_RETURN_IF_ERROR(Mark(popup_id, before + views));
  }
  return Status::Ok();
}

Status TrackingEntry::CountLateViews() {
  for (const auto& [popup_id, popup] : popups_) {
    TNT_RETURN_IF_ERROR(popup.late.WriteTo(tx_, popup_id));
  }
  return Status::Ok();
}

// Views of an import, or of a clock that was set back, belong to hours that may be sealed.
Status TrackingEntry::ReopenHours() {
  int64_t oldest = INT64_MAX;
  for (const auto& [popup_id, popup] : popups_) {
    TNT_RETURN_IF_ERROR(ReopenHour(tx_, {kPopupVisitors, popup_id}, popup.oldest_hour));
    oldest = std::min(oldest, popup.oldest_hour);
  }
  return ReopenHour(tx_, {kShopVisitors, kShopOwner}, oldest);
}

Status TrackingEntry::CountDiscountUses() {
  for (const auto& [code_id, uses] : discount_uses_) {
    TNT_RETURN_IF_ERROR(AddDiscountUses(tx_, code_id, uses));
  }
  return Status::Ok();
}

}  // namespace tenantry::popups
