#include "engine/popups/popups.h"

#include <utility>

#include "engine/base/ids.h"
#include "engine/commands.h"
#include "engine/counters/counter_deltas.h"
#include "engine/popups/metrics.h"
#include "engine/popups/revenue.h"
#include "engine/popups/targeting.h"
#include "engine/popups/text.h"

namespace tenantry::popups {
namespace {

using codec::Draft;
using codec::Stored;

CommandInfo As(const CommandInfo& info, CommandKind kind) {
  CommandInfo as = info;
  as.command = static_cast<uint16_t>(kind);
  return as;
}

Result<Stored<schema::Popup>> MustGet(const SpaceReader& shop, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(auto found, shop.Find<schema::Popup>({id}));
  if (!found.has_value()) return PopupNotFound(id);
  return *std::move(found);
}

Result<PopupState> WithCount(const SpaceReader& shop, Stored<schema::Popup> record) {
  TNT_ASSIGN_OR_RETURN(const int64_t views,
                       shop.Counter(kPopupTotals, View(record->getId()), kViews));
  return PopupState{std::move(record), views};
}

Result<Stored<schema::Popup>> AsStored(const Draft<schema::Popup>& draft) {
  return Stored<schema::Popup>::Decode(draft.Encode());
}

void SetDerived(Draft<schema::Popup>* popup, int64_t now_unix_ms) {
  (*popup)->setIsActive((*popup)->getStatus() == schema::PopupStatus::ACTIVE);
  (*popup)->setUpdatedAt(now_unix_ms);
}

// Columns without a null keep their value when a body says null for them.
codec::FieldSet WithoutNullsOfRequired(codec::FieldSet fields) {
  const schema::StructInfo& info = schema::InfoOf<schema::UpdatePopupInput>();
  for (const std::string_view name :
       {"shopId", "name", "status", "triggerType", "design", "viewLimit"}) {
    const uint16_t ordinal = info.FindField(name)->ordinal;
    if (fields.null[ordinal]) fields.sent.reset(ordinal);
  }
  return fields;
}

}  // namespace

Status PopupNotFound(std::string_view id) {
  return NotFound("Popup with ID " + std::string(id) + " not found");
}

PopupReply CreatePopup(Engine& engine, const TenantRef& shop,
                       const codec::Input<schema::CreatePopupInput>& input, const CommandInfo& info,
                       ReadTier tier, Billing billing) {
  PopupReply reply;
  reply.outcome = engine.Execute(
      shop, As(info, CommandKind::kPopupCreate), tier, [&](Transaction& tx) -> Status {
        if (billing == Billing::kOn) {
          TNT_RETURN_IF_ERROR(CheckPopupLimit(tx, View((*input).getShopId())));
        }
        Draft<schema::Popup> popup;
        codec::CopySent(input, &popup);
        const std::string id = NewUuid(tx.random());
        popup->setId(ToText(id));
        if (!(*input).hasTargeting()) {
          popup->setTargeting(ToText(std::string(kDefaultTargeting)));
        }
        popup->setCreatedAt(tx.now_unix_ms());
        SetDerived(&popup, tx.now_unix_ms());
        TNT_RETURN_IF_ERROR(tx.Insert(popup));
        TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::POPUP, id));
        counters::CounterDeltas deltas;
        deltas.Add({kShopTotals, kShopOwner, kPopups}, 1);
        TNT_RETURN_IF_ERROR(deltas.WriteTo(tx));
        TNT_ASSIGN_OR_RETURN(Stored<schema::Popup> stored, AsStored(popup));
        reply.popup = PopupState{std::move(stored), 0};
        return Status::Ok();
      });
  return reply;
}

PopupReply UpdatePopup(Engine& engine, const TenantRef& shop, std::string_view id,
                       const codec::Input<schema::UpdatePopupInput>& input, const CommandInfo& info,
                       ReadTier tier) {
  PopupReply reply;
  reply.outcome = engine.Execute(
      shop, As(info, CommandKind::kPopupUpdate), tier, [&](Transaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const Stored<schema::Popup> before, MustGet(tx, id));
        const std::string_view body_shop = View((*input).getShopId());
        const bool same_shop = !(*input).hasShopId() || body_shop == View(before->getShopId());
        if (!tx.trace().Check("popup.shop_immutable", same_shop,
                              {{"shopId", View(before->getShopId())}, {"sent", body_shop}})) {
          return InvalidFields({"shopId cannot be changed"});
        }
        Draft<schema::Popup> after(before);
        codec::CopySent(input, WithoutNullsOfRequired(input.fields()), &after);
        SetDerived(&after, tx.now_unix_ms());
        TNT_RETURN_IF_ERROR(tx.Update(before, after));
        TNT_ASSIGN_OR_RETURN(Stored<schema::Popup> stored, AsStored(after));
        TNT_ASSIGN_OR_RETURN(reply.popup, WithCount(tx, std::move(stored)));
        return Status::Ok();
      });
  return reply;
}

Outcome DeletePopup(Engine& engine, const TenantRef& shop, std::string_view id,
                    const CommandInfo& info, ReadTier tier) {
  CommandInfo erase = As(info, CommandKind::kPopupDelete);
  erase.frees_space = true;
  return engine.Execute(shop, erase, tier, [&](Transaction& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(const Stored<schema::Popup> popup, MustGet(tx, id));
    TNT_RETURN_IF_ERROR(tx.Erase(popup));
    TNT_RETURN_IF_ERROR(tenant::EraseReference(tx, schema::ReferenceKind::POPUP, id));
    TNT_ASSIGN_OR_RETURN(const auto mark, tx.Find<schema::PopupLimitMark>({id}));
    if (mark.has_value()) TNT_RETURN_IF_ERROR(tx.Erase(*mark));
    TNT_RETURN_IF_ERROR(ForgetPopupRecoveries(tx, id));

    counters::CounterDeltas deltas;
    deltas.Add({kShopTotals, kShopOwner, kPopups}, -1);
    for (const std::string_view metric : {kViews, kConversions, kRevenue}) {
      TNT_ASSIGN_OR_RETURN(const int64_t total, tx.Counter(kPopupTotals, id, metric));
      deltas.Add({kShopTotals, kShopOwner, metric}, -total);
    }
    TNT_RETURN_IF_ERROR(deltas.WriteTo(tx));

    Draft<schema::PopupTombstone> tombstone;
    tombstone->setPopupId(popup->getId());
    tombstone->setCreatedAt(popup->getCreatedAt());
    tombstone->setDeletedAt(tx.now_unix_ms());
    return tx.Insert(tombstone);
  });
}

Result<PopupState> GetPopup(const SpaceReader& shop, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(Stored<schema::Popup> popup, MustGet(shop, id));
  return WithCount(shop, std::move(popup));
}

Result<PopupList> ListPopups(const SpaceReader& shop, const Page& page) {
  PopupList list;
  TNT_ASSIGN_OR_RETURN(std::vector<Stored<schema::Popup>> records,
                       ReadPage<schema::Popup>(shop, {.index = 1, .reverse = true}, page));
  for (Stored<schema::Popup>& record : records) {
    TNT_ASSIGN_OR_RETURN(PopupState state, WithCount(shop, std::move(record)));
    list.popups.push_back(std::move(state));
  }
  TNT_ASSIGN_OR_RETURN(list.total, shop.Counter(kShopTotals, kShopOwner, kPopups));
  return list;
}

Result<std::vector<PopupState>> ActivePopups(const SpaceReader& shop) {
  // Counters may reach a cached list late; the mark that a reached limit leaves may not.
  shop.DependsOn<schema::PopupLimitMark>();
  std::vector<PopupState> shown;
  Status counted;
  TNT_RETURN_IF_ERROR(shop.ScanIndex<schema::Popup>(
      {.index = 2, .equal = {int64_t{1}}}, [&](const Stored<schema::Popup>& popup) {
        Result<PopupState> state = WithCount(shop, popup);
        if (!state.ok()) {
          counted = state.status();
          return false;
        }
        const bool room = BelowViewLimit(popup->getViewLimit(), state->view_count, nullptr);
        if (room) shown.push_back(std::move(state).value());
        return shown.size() < kActiveListed;
      }));
  TNT_RETURN_IF_ERROR(counted);
  return shown;
}

}  // namespace tenantry::popups
