#pragma once
// Stats: answers read from maintained counters, never by loading events.
//
// Units    revenue in hundredths; rates in percent with two decimals.
// Errors   those of the reader; an unknown popup or shop has zeros.
// Threads  any; stateless.
// Source   popups.md §2 PopupStats, ShopStats.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/space_reader.h"

namespace tenantry::popups {

struct PopupStats {
  int64_t views = 0;
  int64_t conversions = 0;
  int64_t revenue = 0;
  std::vector<std::pair<std::string_view, int64_t>> by_type;  // Only types that occurred.
};

struct ShopStats {
  int64_t popups = 0;
  int64_t views = 0;
  int64_t conversions = 0;
  int64_t revenue = 0;
};

// What happened in a span of quarter hours.
struct SpanStats {
  int64_t views = 0;
  int64_t conversions = 0;
  int64_t revenue = 0;
};

// conversions / views x 100, rounded half-up to two decimals; 0 without views, above 100 when
// conversions repeat.
double ConversionRate(int64_t conversions, int64_t views);

Result<PopupStats> ReadPopupStats(const SpaceReader& shop, std::string_view popup_id);
Result<ShopStats> ReadShopStats(const SpaceReader& shop);
// Quarter hours of UTC that begin in [from, until).
Result<SpanStats> ReadPopupSpan(const SpaceReader& shop, std::string_view popup_id,
                                int64_t from_unix_ms, int64_t until_unix_ms);
Result<int64_t> ReadShopMonthViews(const SpaceReader& shop, int64_t month);

// Different visitors of a popup, or with an empty id of the whole shop, in the UTC hours that begin
// in [from, until). An estimate: counters::Hll::kStandardError.
Result<int64_t> EstimateVisitors(const SpaceReader& shop, std::string_view popup_id,
                                 int64_t from_unix_ms, int64_t until_unix_ms);

}  // namespace tenantry::popups
