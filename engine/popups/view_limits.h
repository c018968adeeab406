#pragma once
// ViewLimits: the view limits of popups that were tracked lately. A tick meets the same few popups again and again, and comparing
// a popup's stored bytes is several times cheaper than decoding them.
//
// Errors   Of: kCorruption for bytes that are no popup.
// Units    bytes of ids and popups; beyond kBytesMax it starts over.
// Threads  one at a time: a loop has its own.
// Owns     copies of the popups' bytes.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/result.h"
#include "engine/base/text_hash.h"

namespace tenantry::popups {

// Of the popup with these stored bytes; 0 when it has none.
Result<int64_t> ViewLimitOf(std::string_view popup);

class ViewLimits {
 public:
  // ViewLimitOf, decoded once for each change of the popup.
  Result<int64_t> Of(std::string_view popup_id, const std::string& popup);

 private:
  static constexpr size_t kBytesMax = 4u << 20;  // Two thousand popups of a usual size.
  struct Known {
    std::string popup;
    int64_t limit = 0;
  };
  std::unordered_map<std::string, Known, TextHash, std::equal_to<>> known_;
  size_t bytes_ = 0;  // Of everything kept since the last start.
};

}  // namespace tenantry::popups
