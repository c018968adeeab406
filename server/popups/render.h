#pragma once
// Render: engine answers as JSON text.

#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/json_out.h"
#include "engine/popups/popups.h"
#include "engine/popups/stats.h"

namespace tenantry::server::popups {

// The popup document with its view count among the other keys.
void AppendPopup(std::string* out, const ::tenantry::popups::PopupState& popup);
std::string PopupArray(const std::vector<::tenantry::popups::PopupState>& popups);
// The members of PopupStats, so that others can stand beside them.
void AppendPopupStats(codec::ObjectWriter* object, std::string_view popup_id,
                      const ::tenantry::popups::PopupStats& stats);
std::string PopupStatsJson(std::string_view popup_id, const ::tenantry::popups::PopupStats& stats);
std::string ShopStatsJson(std::string_view shop_id, const ::tenantry::popups::ShopStats& stats);

}  // namespace tenantry::server::popups
