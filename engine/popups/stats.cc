#include "engine/popups/stats.h"

#include <algorithm>
#include <cmath>

#include "engine/counters/bucket.h"
#include "engine/counters/sketch_deltas.h"
#include "engine/popups/metrics.h"

namespace tenantry::popups {
namespace {

// First bucket that begins at or after an instant.
int64_t Ceil(int64_t unix_ms, int64_t bucket_ms) {
  return counters::FloorDivide(unix_ms + bucket_ms - 1, bucket_ms);
}

}  // namespace

double ConversionRate(int64_t conversions, int64_t views) {
  if (views == 0) return 0.0;
  return std::floor(static_cast<double>(conversions) * 10'000.0 / static_cast<double>(views) +
                    0.5) /
         100.0;
}

Result<PopupStats> ReadPopupStats(const SpaceReader& shop, std::string_view popup_id) {
  PopupStats stats;
  TNT_ASSIGN_OR_RETURN(stats.views, shop.Counter(kPopupTotals, popup_id, kViews));
  TNT_ASSIGN_OR_RETURN(stats.conversions, shop.Counter(kPopupTotals, popup_id, kConversions));
  TNT_ASSIGN_OR_RETURN(stats.revenue, shop.Counter(kPopupTotals, popup_id, kRevenue));
  if (stats.conversions == 0) return stats;
  for (const std::string_view type : kConversionTypes) {
    TNT_ASSIGN_OR_RETURN(const int64_t count, shop.Counter(kPopupTotals, popup_id, type));
    if (count > 0) stats.by_type.emplace_back(type, count);
  }
  return stats;
}

Result<ShopStats> ReadShopStats(const SpaceReader& shop) {
  ShopStats stats;
  TNT_ASSIGN_OR_RETURN(stats.popups, shop.Counter(kShopTotals, kShopOwner, kPopups));
  TNT_ASSIGN_OR_RETURN(stats.views, shop.Counter(kShopTotals, kShopOwner, kViews));
  TNT_ASSIGN_OR_RETURN(stats.conversions, shop.Counter(kShopTotals, kShopOwner, kConversions));
  TNT_ASSIGN_OR_RETURN(stats.revenue, shop.Counter(kShopTotals, kShopOwner, kRevenue));
  return stats;
}

Result<SpanStats> ReadPopupSpan(const SpaceReader& shop, std::string_view popup_id,
                                int64_t from_unix_ms, int64_t until_unix_ms) {
  SpanStats span;
  const int64_t from = Ceil(from_unix_ms, counters::kQuarterHourMs);
  const int64_t until = Ceil(until_unix_ms, counters::kQuarterHourMs);
  const std::pair<std::string_view, int64_t*> metrics[] = {
      {kViews, &span.views}, {kConversions, &span.conversions}, {kRevenue, &span.revenue}};
  for (const auto& [metric, sum] : metrics) {
    TNT_RETURN_IF_ERROR(shop.ScanCounterBuckets(kPopupQuarterHours, popup_id, metric, from, until,
                                                [sum = sum](int64_t /*bucket*/, int64_t value) {
                                                  *sum += value;
                                                  return true;
                                                }));
  }
  return span;
}

Result<int64_t> ReadShopMonthViews(const SpaceReader& shop, int64_t month) {
  return shop.Counter(kShopMonths, kShopOwner, kViews, month);
}

Result<int64_t> EstimateVisitors(const SpaceReader& shop, std::string_view popup_id,
                                 int64_t from_unix_ms, int64_t until_unix_ms) {
  const bool whole_shop = popup_id.empty();
  TNT_ASSIGN_OR_RETURN(const counters::Hll sketch,
                       counters::ReadSketches(shop, whole_shop ? kShopVisitors : kPopupVisitors,
                                              whole_shop ? kShopOwner : popup_id,
                                              Ceil(from_unix_ms, counters::kHourMs),
                                              Ceil(until_unix_ms, counters::kHourMs)));
  return std::llround(sketch.Estimate());
}

}  // namespace tenantry::popups
