#pragma once
// Breakdown: views of a popup by device, browser, page and referrer, as counters of UTC days.
//
//   RollUpStep       housekeeping: counts views older than kRollUpLagMs, in time order, and moves the
//                    popup's cursor in the same log entry; counts before it holds the shop, and once
//                    more inside where views came in between
//   CountLate        tracking: counts a view that comes in behind the cursor at once
//   ReadBreakdown    the counters, and the few newest views that no step has reached yet
//
// So each view is counted once, whatever its clock said and wherever a crash falls, and tracking
// pays for none of it: on a busy shop every view names another page.
//
// Shape    a day keeps kValuesMax pages and as many referrers, first come; others count as "(other)".
// Units    days of UTC.
// Errors   those of the engine and reader.
// Threads  steps on a background thread, one at a time per shop; the rest anywhere.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/popups/reclaim.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {

inline constexpr int64_t kRollUpLagMs = 10'000;
inline constexpr size_t kValuesMax = 50;

// What a view counts as.
struct ViewTraits {
  std::string_view device;
  std::string_view browser;
  std::string page;
  std::string referrer;
};
ViewTraits TraitsOf(const schema::PopupView::Reader& view);

// Counts by (day, dimension/value) until written.
class BreakdownCounts {
 public:
  void Add(const schema::PopupView::Reader& view);
  Status WriteTo(Transaction& tx, std::string_view popup_id) const;

 private:
  std::map<int64_t, std::map<std::string, int64_t>> days_;
};

// The encoded key up to which views are counted; empty when none is.
Result<std::string> RollUpCursor(const SpaceReader& shop, std::string_view popup_id);
std::string ViewKey(std::string_view popup_id, int64_t viewed_unix_ms, std::string_view id);
// The time in a cursor; before any when it is empty.
int64_t CursorTime(std::string_view cursor);
// Erases up to `rows_max` rows of a deleted popup, the cursor with the last.
Status EraseBreakdown(Transaction& tx, std::string_view popup_id, uint32_t rows_max,
                      uint32_t* erased);

// Counts some views of one popup; `more` when the same popup has more that are old enough. Runs no command when there are none.
Result<ReclaimProgress> RollUpStep(Engine& engine, const TenantRef& shop,
                                   std::string_view popup_id);

struct Breakdown {
  struct Dimension {
    std::string_view name;
    // Most views first; "(other)" holds those beyond kValuesMax, and is not always the least.
    std::vector<std::pair<std::string, int64_t>> values;
  };
  std::vector<Dimension> dimensions;
  // Views up to here are in it; later than any when all are.
  int64_t complete_until_unix_ms = INT64_MAX;
};
// Days [first_day, last_day], counted from the Unix epoch.
Result<Breakdown> ReadBreakdown(const SpaceReader& shop, std::string_view popup_id,
                                int64_t first_day, int64_t last_day);

}  // namespace tenantry::popups
