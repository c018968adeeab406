#pragma once
// PopupAccess: whose popup a route means, for routes that name a popup and no shop.

#include <optional>
#include <string_view>

#include "server/popups/module.h"

namespace tenantry::server::popups {

// The shop whose popup it is, once the caller is let in; nothing for a popup that does not exist,
// or not in the shop the caller names (F64).
Result<std::optional<TenantRef>> AdmitToPopup(Module& module, const ReadView& view,
                                              const http::Request& request,
                                              std::string_view popup_id);

}  // namespace tenantry::server::popups
