#include "engine/popups/view_limits.h"

#include "engine/codec/stored.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {

Result<int64_t> ViewLimitOf(std::string_view popup) {
  TNT_ASSIGN_OR_RETURN(const auto record, codec::Stored<schema::Popup>::Decode(popup));
  return int64_t{record->getViewLimit()};
}

Result<int64_t> ViewLimits::Of(std::string_view popup_id, const std::string& popup) {
  const auto at = known_.find(popup_id);
  if (at != known_.end() && at->second.popup == popup) return at->second.limit;
  TNT_ASSIGN_OR_RETURN(const int64_t limit, ViewLimitOf(popup));
  const size_t bytes = popup_id.size() + popup.size();
  if (bytes_ + bytes > kBytesMax) {
    known_.clear();
    bytes_ = 0;
  }
  bytes_ += bytes;
  known_.insert_or_assign(std::string(popup_id), Known{popup, limit});
  return limit;
}

}  // namespace tenantry::popups
