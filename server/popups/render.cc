#include "server/popups/render.h"

namespace tenantry::server::popups {

namespace db = ::tenantry::popups;

void AppendPopup(std::string* out, const db::PopupState& popup) {
  out->push_back('{');
  codec::AppendMembers<schema::Popup>(out, *popup.record);
  out->append(",\"viewCount\":");
  codec::AppendJsonInt(out, popup.view_count);
  out->push_back('}');
}

std::string PopupArray(const std::vector<db::PopupState>& popups) {
  std::string json = "[";
  for (const db::PopupState& popup : popups) {
    if (json.size() > 1) json.push_back(',');
    AppendPopup(&json, popup);
  }
  json.push_back(']');
  return json;
}

void AppendPopupStats(codec::ObjectWriter* object, std::string_view popup_id,
                      const db::PopupStats& stats) {
  object->String("popupId", popup_id);
  object->Int("views", stats.views);
  object->Int("conversions", stats.conversions);
  object->Number("conversionRate", db::ConversionRate(stats.conversions, stats.views));
  object->Money("totalRevenue", stats.revenue);
  codec::ObjectWriter by_type(object->Key("conversionsByType"));
  for (const auto& [type, count] : stats.by_type) by_type.Int(type, count);
}

std::string PopupStatsJson(std::string_view popup_id, const db::PopupStats& stats) {
  std::string json;
  {
    codec::ObjectWriter object(&json);
    AppendPopupStats(&object, popup_id, stats);
  }
  return json;
}

std::string ShopStatsJson(std::string_view shop_id, const db::ShopStats& stats) {
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.String("shopId", shop_id);
    object.Int("totalPopups", stats.popups);
    object.Int("totalViews", stats.views);
    object.Int("totalConversions", stats.conversions);
    object.Number("averageConversionRate", db::ConversionRate(stats.conversions, stats.views));
  }
  return json;
}

}  // namespace tenantry::server::popups
