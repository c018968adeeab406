#include "engine/porting/popups_import.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/ids.h"
#include "engine/base/time_format.h"
#include "engine/counters/bucket.h"
#include "engine/counters/counter_deltas.h"
#include "engine/popups/discount_codes.h"
#include "engine/popups/metrics.h"
#include "engine/popups/popups.h"
#include "engine/popups/shops.h"
#include "engine/popups/subscribers.h"
#include "engine/popups/text.h"
#include "engine/porting/row_record.h"
#include "engine/tenant/directory.h"

namespace tenantry::porting {
namespace {

using popups::ToText;
using popups::View;

constexpr ColumnField kPopupColumns[] = {
    {"id", "id"},
    {"shopId", "shopId"},
    {"name", "name"},
    {"description", "description"},
    {"status", "status"},
    {"triggerType", "triggerType"},
    {"design", "design"},
    {"targeting", "targeting"},
    {"offer", "offer"},
    {"viewLimit", "viewLimit"},
    {"abTestGroupId", "abTestGroupId"},
    {"createdAt", "createdAt"},
    {"updatedAt", "updatedAt"},
};

constexpr ColumnField kGroupColumns[] = {
    {"id", "id"},
    {"shopId", "shopId"},
    {"name", "name"},
    {"description", "description"},
    {"status", "status"},
    {"popupIds", "popupIds"},
    {"trafficSplit", "trafficSplit"},
    {"winnerPopupId", "winnerPopupId"},
    {"startDate", "startDate"},
    {"endDate", "endDate"},
    {"createdAt", "createdAt"},
    {"updatedAt", "updatedAt"},
};

constexpr ColumnField kCodeColumns[] = {
    {"id", "id"},
    {"shopId", "shopId"},
    {"code", "code"},
    {"type", "type"},
    {"value", "value"},
    {"minimumPurchaseAmount", "minimumPurchaseAmount"},
    {"maximumDiscountAmount", "maximumDiscountAmount"},
    {"isActive", "isActive"},
    {"expiresAt", "expiresAt"},
    {"usageCount", "usageCount"},
    {"usageLimit", "usageLimit"},
    {"popupId", "popupId"},
    {"createdAt", "createdAt"},
    {"updatedAt", "updatedAt"},
};

constexpr ColumnField kSubscriberColumns[] = {
    {"id", "id"},
    {"shopId", "shopId"},
    {"email", "email"},
    {"name", "name"},
    {"popupId", "popupId"},
    {"isActive", "isActive"},
    {"metadata", "metadata"},
    {"createdAt", "createdAt"},
    {"updatedAt", "updatedAt"},
};

constexpr ColumnField kPlanColumns[] = {
    {"shopId", "shopId"},       {"id", "id"},
    {"planType", "planType"},   {"status", "status"},
    {"createdAt", "createdAt"}, {"updatedAt", "updatedAt"},
};

Status CheckUuid(const RowView& row) {
  if (IsUuid(row.Text("id"))) return Status::Ok();
  return InvalidArgument("id is no UUID");
}

Status CheckPopup(Transaction& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const auto popup, tx.Find<schema::Popup>({id}));
  if (popup.has_value()) return Status::Ok();
  return NotFound("popup " + std::string(id) + " is missing");
}

Status Count(Transaction& tx, const counters::CounterName& name, int64_t delta) {
  counters::CounterDeltas deltas;
  deltas.Add(name, delta);
  return deltas.WriteTo(tx);
}

}  // namespace

std::span<const ColumnField> PopupColumns() {
  return kPopupColumns;
}
std::span<const ColumnField> CodeColumns() {
  return kCodeColumns;
}
std::span<const ColumnField> SubscriberColumns() {
  return kSubscriberColumns;
}

const std::vector<PopupsImport::Stage>& PopupsImport::Stages() {
  using Kind = schema::ReferenceKind;
  static const std::vector<Stage> kStages = {
      {{"shops", "id", {"shopId"}}, nullptr, nullptr},
      {{"popups", "id", {"shopId", "createdAt", "id"}}, AddPopup, nullptr, Kind::POPUP},
      {{"ab_test_groups", "id", {"shopId", "createdAt", "id"}},
       AddAbGroup,
       nullptr,
       Kind::AB_GROUP},
      {{"popup_views", "id", {"popupId", "viewedAt", "id"}}, nullptr, ViewOf},
      {{"popup_conversions", "id", {"popupId", "convertedAt", "id"}}, nullptr, ConversionOf},
      // After the conversions, which would count their codes' uses again.
      {{"discount_codes", "id", {"shopId", "createdAt", "id"}}, AddCode, nullptr},
      {{"email_subscribers", "id", {"shopId", "createdAt", "id"}}, AddSubscriber, nullptr},
      {{"cart_abandonment_events", "id", {"shopId", "createdAt", "id"}}, AddCart, nullptr},
      {{"recovery_events", "id", {"shopId", "createdAt", "id"}}, AddRecovery, nullptr},
      {{"subscriptions", "id", {"shopId", "createdAt", "id"}}, AddShopPlan, nullptr},
  };
  return kStages;
}

const PopupsImport::Stage* PopupsImport::FindStage(std::string_view table) {
  const auto found = std::find_if(Stages().begin(), Stages().end(),
                                  [table](const Stage& s) { return s.spec.name == table; });
  return found == Stages().end() ? nullptr : &*found;
}

SourceTables PopupsTables() {
  SourceTables tables;
  for (const PopupsImport::Stage& stage : PopupsImport::Stages()) {
    tables.taken.push_back(stage.spec);
  }
  tables.left_out = {{"revenue_stats_cache", "sums are counted from the carts"},
                     {"usage_records", "usage is counted from views and conversions"}};
  return tables;
}

Result<bool> AddPopup(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(CheckUuid(row));
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::Popup>({row.Text("id")}));
  if (before.has_value()) return false;
  TNT_RETURN_IF_ERROR(Needed(row, "design").status());
  codec::Draft<schema::Popup> popup;
  TNT_RETURN_IF_ERROR(FillRecord<schema::Popup>(row, kPopupColumns, &popup));
  if (!popup->hasTargeting()) popup->setTargeting(ToText(std::string(popups::kDefaultTargeting)));
  // The original serves what is active by either column.
  if (row.Text("isActive") == "false" && popup->getStatus() == schema::PopupStatus::ACTIVE) {
    popup->setStatus(schema::PopupStatus::PAUSED);
  }
  popup->setIsActive(popup->getStatus() == schema::PopupStatus::ACTIVE);
  TNT_RETURN_IF_ERROR(tx.Insert(popup));
  TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::POPUP, row.Text("id")));
  TNT_RETURN_IF_ERROR(Count(tx, {popups::kShopTotals, popups::kShopOwner, popups::kPopups}, 1));
  return true;
}

Result<bool> AddAbGroup(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(CheckUuid(row));
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::AbGroup>({row.Text("id")}));
  if (before.has_value()) return false;
  codec::Draft<schema::AbGroup> group;
  TNT_RETURN_IF_ERROR(FillRecord<schema::AbGroup>(row, kGroupColumns, &group));
  for (const auto id : group->asReader().getPopupIds()) {
    TNT_RETURN_IF_ERROR(CheckPopup(tx, View(id)));
  }
  int64_t visitors = 0;
  const std::string_view total = row.Text("totalVisitors");
  std::from_chars(total.data(), total.data() + total.size(), visitors);
  TNT_RETURN_IF_ERROR(tx.Insert(group));
  TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::AB_GROUP, row.Text("id")));
  TNT_RETURN_IF_ERROR(
      tx.SetCounter(popups::kAbGroups, row.Text("id"), popups::kVisitors, 0, visitors));
  TNT_RETURN_IF_ERROR(Count(tx, {popups::kShopTotals, popups::kShopOwner, popups::kGroups}, 1));
  return true;
}

Result<bool> AddCode(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Needed(row, "id").status());
  TNT_RETURN_IF_ERROR(Needed(row, "code").status());
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::DiscountCode>({row.Text("id")}));
  if (before.has_value()) return false;
  codec::Draft<schema::DiscountCode> code;
  TNT_RETURN_IF_ERROR(FillRecord<schema::DiscountCode>(row, kCodeColumns, &code));
  TNT_RETURN_IF_ERROR(popups::InsertDiscountCode(tx, &code));
  return true;
}

Result<bool> AddSubscriber(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Needed(row, "id").status());
  TNT_RETURN_IF_ERROR(Needed(row, "email").status());
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::EmailSubscriber>({row.Text("id")}));
  if (before.has_value()) return false;
  codec::Draft<schema::EmailSubscriber> subscriber;
  TNT_RETURN_IF_ERROR(FillRecord<schema::EmailSubscriber>(row, kSubscriberColumns, &subscriber));
  subscriber->setEmailKey(ToText(popups::LowerAscii(row.Text("email"))));
  if (const Status free = tx.CheckFree(subscriber); free.code() == StatusCode::kAlreadyExists) {
    return AlreadyExists("another subscriber of the shop has this e-mail");
  } else if (!free.ok()) {
    return free;
  }
  TNT_RETURN_IF_ERROR(popups::InsertSubscriber(tx, &subscriber));
  return true;
}

// The newest one counts; rows come oldest first.
Result<bool> AddShopPlan(Transaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::ShopPlan>({row.Text("shopId")}));
  codec::Draft<schema::ShopPlan> plan;
  TNT_RETURN_IF_ERROR(FillRecord<schema::ShopPlan>(row, kPlanColumns, &plan));
  TNT_ASSIGN_OR_RETURN(const int64_t end, InstantOf(row, "currentPeriodEnd", INT64_MIN));
  if (end != INT64_MIN) {
    plan->setCurrentPeriodEnd(
        ToText(FormatDate(CivilFromDays(counters::FloorDivide(end, counters::kDayMs)))));
  }
  if (!before.has_value()) {
    TNT_RETURN_IF_ERROR(tx.Insert(plan));
    return true;
  }
  const bool newer = (*before)->getCreatedAt() < plan->getCreatedAt();
  if (!newer) return false;
  TNT_RETURN_IF_ERROR(tx.Update(*before, plan));
  return true;
}

Status PopupsImport::Add(const SourceTable& table, SourceRow row) {
  const Stage* const stage = FindStage(table.name);
  if (stage == nullptr) return InvalidArgument("the popup shop has no table " + table.name);
  const RowView view(table, row);
  const std::string group(view.Text(stage->spec.order.front()));
  if (batch_.full() || group != group_ || table.name != table_.name) {
    TNT_RETURN_IF_ERROR(Flush());
    table_ = table;
    group_ = group;
  }
  if (table.name == "popups") {
    const std::string_view count = view.Text("viewCount");
    int64_t views = 0;
    std::from_chars(count.data(), count.data() + count.size(), views);
    view_counts_[std::string(view.Text("id"))] = views;
  }
  batch_.Add(std::move(row));
  return Status::Ok();
}

// Rows of events name their popup, all others their shop, which is made when it is missing: the source has no rule that a
// popup's shop is in its table of shops.
Result<TenantRef> PopupsImport::ShopOfGroup(const Stage& stage) {
  if (stage.event != nullptr) {
    return popups::FindPopupShop(engine_, group_, ReadTier::kBlocking);
  }
  if (group_.empty()) return InvalidArgument("shopId is missing");
  if (group_.size() > popups::kShopIdBytesMax) return InvalidArgument("shopId is too long");
  return popups::EnsureShop(engine_, group_, {.allowed = true, .shops_max = UINT32_MAX},
                            ImportInfo(), ReadTier::kBlocking);
}

Status PopupsImport::Flush() {
  if (batch_.empty()) return Status::Ok();
  const Stage& stage = *FindStage(table_.name);
  const ReadView view = engine_.View();
  const bool shop_there =
      stage.event == nullptr && popups::FindShop(view, group_, ReadTier::kBlocking).ok();
  const Result<TenantRef> shop = ShopOfGroup(stage);
  if (!shop.ok() && IsRefusal(shop.status())) {
    batch_.RefuseAll(table_, stage.spec.id, shop.status());
    return Status::Ok();
  }
  TNT_RETURN_IF_ERROR(shop.status());
  if (stage.event != nullptr) return RunEvents(stage, *shop);
  if (stage.reference) {
    TNT_RETURN_IF_ERROR(batch_.RefuseForeign(table_, stage.spec.id, *shop, *stage.reference));
  }
  if (stage.plan == nullptr) {
    TableCounts& counts = report_.Table(table_.name);
    counts.read += batch_.rows().size();
    (shop_there ? counts.there : counts.added) += batch_.rows().size();
    batch_.Clear();
    return Status::Ok();
  }
  return batch_.Run(table_, stage.spec.id, *shop, stage.plan);
}

Status PopupsImport::Finish() {
  TNT_RETURN_IF_ERROR(Flush());
  return CompareViewCounts();
}

Status PopupsImport::CompareViewCounts() {
  for (const auto& [popup_id, kept] : view_counts_) {
    const Result<TenantRef> shop = popups::FindPopupShop(engine_, popup_id, ReadTier::kBlocking);
    if (!shop.ok()) continue;  // Refused, with a problem.
    TNT_ASSIGN_OR_RETURN(const int64_t counted,
                         engine_.View()
                             .Space(*shop, ReadTier::kBlocking)
                             .Counter(popups::kPopupTotals, popup_id, popups::kViews));
    if (counted == kept) continue;
    report_.AddNote("popup " + popup_id + ": the source counted " + std::to_string(kept) +
                    " views and has rows of " + std::to_string(counted) + "; the rows count");
  }
  return Status::Ok();
}

std::unique_ptr<Import> MakePopupsImport(Engine& engine) {
  return std::make_unique<PopupsImport>(engine);
}

}  // namespace tenantry::porting
