// What visitors did: views, conversions, carts.

#include <utility>

#include "engine/popups/revenue.h"
#include "engine/popups/text.h"
#include "engine/porting/popups_import.h"
#include "engine/porting/row_record.h"

namespace tenantry::porting {
namespace {

using popups::View;

constexpr ColumnField kViewColumns[] = {
    {"id", "id"},
    {"popupId", "popupId"},
    {"sessionId", "sessionId"},
    {"visitorId", "visitorId"},
    {"deviceType", "deviceType"},
    {"browser", "browser"},
    {"pageUrl", "pageUrl"},
    {"referrer", "referrer"},
    {"viewedAt", "viewedAt"},
};

constexpr ColumnField kConversionColumns[] = {
    {"id", "id"},
    {"popupId", "popupId"},
    {"type", "type"},
    {"sessionId", "sessionId"},
    {"visitorId", "visitorId"},
    {"revenue", "revenue"},
    {"discountCodeId", "discountCodeId"},
    {"emailSubscriberId", "emailSubscriberId"},
    {"metadata", "metadata"},
    {"convertedAt", "convertedAt"},
};

constexpr ColumnField kCartColumns[] = {
    {"id", "id"},
    {"shopId", "shopId"},
    {"sessionId", "sessionId"},
    {"cartValue", "cartValue"},
    {"deviceType", "deviceType"},
    {"trafficSource", "trafficSource"},
    {"userLocation", "userLocation"},
    {"userIp", "userIp"},
    {"userAgent", "userAgent"},
    {"pageUrl", "pageUrl"},
    {"createdAt", "createdAt"},
    {"cartItems", "cartItems"},
};

constexpr ColumnField kRecoveryColumns[] = {
    {"id", "id"},
    {"shopId", "shopId"},
    {"cartAbandonmentId", "cartAbandonmentId"},
    {"popupId", "popupId"},
    {"recoveryValue", "recoveryValue"},
    {"recoveryMethod", "recoveryMethod"},
    {"offerUsed", "offerUsed"},
    {"createdAt", "createdAt"},
};

}  // namespace

Result<popups::Event> ViewOf(const RowView& row) {
  TNT_RETURN_IF_ERROR(Needed(row, "id").status());
  TNT_RETURN_IF_ERROR(Needed(row, "viewedAt").status());
  popups::ViewEvent view;
  TNT_RETURN_IF_ERROR(FillRecord<schema::PopupView>(row, kViewColumns, &view));
  return popups::Event(std::move(view));
}

Result<popups::Event> ConversionOf(const RowView& row) {
  TNT_RETURN_IF_ERROR(Needed(row, "id").status());
  TNT_RETURN_IF_ERROR(Needed(row, "convertedAt").status());
  popups::ConversionEvent conversion;
  TNT_RETURN_IF_ERROR(FillRecord<schema::PopupConversion>(row, kConversionColumns, &conversion));
  return popups::Event(std::move(conversion));
}

Status PopupsImport::RunEvents(const Stage& stage, const TenantRef& shop) {
  TableCounts& counts = report_.Table(table_.name);
  const auto refuse = [&](const SourceRow& row, std::string message) {
    ++counts.refused;
    report_.AddProblem(
        {table_.name, std::string(RowView(table_, row).Text(stage.spec.id)), std::move(message)});
  };
  std::vector<popups::Event> events;
  std::vector<const SourceRow*> rows;
  counts.read += batch_.rows().size();
  for (const SourceRow& row : batch_.rows()) {
    Result<popups::Event> event = stage.event(RowView(table_, row));
    if (!event.ok()) {
      refuse(row, std::string(event.status().message()));
      continue;
    }
    events.push_back(std::move(event).value());
    rows.push_back(&row);
  }
  std::vector<popups::OnceFate> fates;
  const Outcome outcome = popups::TrackOnce(engine_, shop, ImportInfo(), events, &fates);
  TNT_RETURN_IF_ERROR(outcome.status);
  engine_.WaitReleased(outcome.release_index);
  for (size_t i = 0; i < fates.size(); ++i) {
    if (fates[i] == popups::OnceFate::kCounted) ++counts.added;
    if (fates[i] == popups::OnceFate::kThere) ++counts.there;
    if (fates[i] == popups::OnceFate::kNoPopup) refuse(*rows[i], "popup " + group_ + " is missing");
  }
  batch_.Clear();
  return Status::Ok();
}

Result<bool> AddCart(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Needed(row, "id").status());
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::CartAbandonment>({row.Text("id")}));
  if (before.has_value()) return false;
  codec::Draft<schema::CartAbandonment> cart;
  TNT_RETURN_IF_ERROR(FillRecord<schema::CartAbandonment>(row, kCartColumns, &cart));
  TNT_RETURN_IF_ERROR(popups::InsertCart(tx, cart));
  return true;
}

Result<bool> AddRecovery(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Needed(row, "id").status());
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::CartRecovery>({row.Text("id")}));
  if (before.has_value()) return false;
  const std::string_view cart_id = row.Text("cartAbandonmentId");
  TNT_ASSIGN_OR_RETURN(const auto cart, tx.Find<schema::CartAbandonment>({cart_id}));
  if (!cart.has_value()) return NotFound("cart " + std::string(cart_id) + " is missing");
  if ((*cart)->hasRecoveryId()) return Conflict("the cart was recovered before: it counts once");
  codec::Draft<schema::CartRecovery> recovery;
  TNT_RETURN_IF_ERROR(FillRecord<schema::CartRecovery>(row, kRecoveryColumns, &recovery));
  TNT_RETURN_IF_ERROR(popups::InsertRecovery(tx, *cart, &recovery));
  return true;
}

}  // namespace tenantry::porting
