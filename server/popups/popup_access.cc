#include "server/popups/popup_access.h"

#include <string>

#include "engine/popups/popups.h"
#include "engine/popups/text.h"
#include "engine/read_recorder.h"

namespace tenantry::server::popups {

namespace db = ::tenantry::popups;

Result<std::optional<TenantRef>> AdmitToPopup(Module& module, const ReadView& view,
                                              const http::Request& request,
                                              std::string_view popup_id) {
  TNT_RETURN_IF_ERROR(module.gate().AdmitUnnamed(view, request));
  const ReadTier tier = TierOf(request);
  const Result<TenantRef> shop =
      tenant::Directory::FindByReference(view, schema::ReferenceKind::POPUP, popup_id, tier);
  if (!shop.ok()) {
    if (shop.status().code() != StatusCode::kNotFound) return shop.status();
    ReadRecorder::DoNotKeep();
    return std::optional<TenantRef>();
  }
  const Result<db::PopupState> popup = db::GetPopup(view.Space(*shop, tier), popup_id);
  if (!popup.ok()) {
    if (popup.status().code() == StatusCode::kNotFound) return std::optional<TenantRef>();
    return popup.status();
  }
  const std::string_view owner = db::View(popup->record->getShopId());
  const std::optional<std::string> named = request.FindQuery("shopId");
  if (named.has_value() && *named != owner) return std::optional<TenantRef>();
  TNT_RETURN_IF_ERROR(module.gate().Admit(view, request, owner).status());
  return std::optional<TenantRef>(*shop);
}

}  // namespace tenantry::server::popups
