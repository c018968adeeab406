#include "engine/popups/series.h"

#include <cmath>
#include <memory>
#include <string>

#include "engine/counters/bucket.h"
#include "engine/counters/counter_deltas.h"
#include "engine/counters/hll.h"
#include "engine/counters/sketch_row.h"
#include "engine/popups/metrics.h"

namespace tenantry::popups {
namespace {

using counters::AddSaturating;
using counters::Hll;

// Walks the points in step with ascending bucket starts.
class PointCursor {
 public:
  explicit PointCursor(std::vector<SeriesPoint>* points) : points_(points) {}
  size_t At(int64_t unix_ms) {
    while (at_ + 1 < points_->size() && (*points_)[at_].end_unix_ms <= unix_ms) ++at_;
    return at_;
  }

 private:
  std::vector<SeriesPoint>* points_;
  size_t at_ = 0;
};

Status SumMetric(const SpaceReader& shop, std::string_view popup_id, std::string_view metric,
                 int64_t SeriesPoint::*sum, Series* series) {
  using counters::kQuarterHourMs;
  PointCursor cursor(&series->points);
  const auto first_from = [](int64_t unix_ms) {
    return counters::FloorDivide(unix_ms + kQuarterHourMs - 1, kQuarterHourMs);
  };
  return shop.ScanCounterBuckets(
      kPopupQuarterHours, popup_id, metric, first_from(series->total.start_unix_ms),
      first_from(series->total.end_unix_ms), [&](int64_t bucket, int64_t value) {
        SeriesPoint& point = series->points[cursor.At(bucket * kQuarterHourMs)];
        point.*sum = AddSaturating(point.*sum, value);
        series->total.*sum = AddSaturating(series->total.*sum, value);
        return true;
      });
}

Status CountVisitors(const SpaceReader& shop, std::string_view popup_id, Series* series) {
  using counters::kHourMs;
  PointCursor cursor(&series->points);
  auto whole = std::make_unique<Hll>();
  auto part = std::make_unique<Hll>();
  size_t part_of = 0;
  const auto finish = [&] {
    series->points[part_of].visitors = std::llround(part->Estimate());
    whole->Merge(*part);
    *part = Hll();
  };
  Status sound;
  const auto first_from = [](int64_t unix_ms) {
    return counters::FloorDivide(unix_ms + kHourMs - 1, kHourMs);
  };
  TNT_RETURN_IF_ERROR(
      shop.ScanSketches(kPopupVisitors, popup_id, first_from(series->total.start_unix_ms),
                        first_from(series->total.end_unix_ms),
                        [&](int64_t bucket, uint8_t block, std::string_view registers) {
                          const size_t point = cursor.At(bucket * kHourMs);
                          if (point != part_of) finish();
                          part_of = point;
                          sound = counters::MergeSketchRow(block, registers, part.get());
                          return sound.ok();
                        }));
  TNT_RETURN_IF_ERROR(sound);
  finish();
  series->total.visitors = std::llround(whole->Estimate());
  return Status::Ok();
}

}  // namespace

Result<Series> DivideSpan(const LocalTime& zone, int64_t from_unix_ms, int64_t until_unix_ms,
                          Granularity granularity) {
  if (from_unix_ms >= until_unix_ms) return InvalidFields({"from must be before to"});
  Series series;
  int64_t start = zone.PeriodStart(from_unix_ms, granularity);
  while (start < until_unix_ms) {
    if (series.points.size() == kSeriesPointsMax) {
      return InvalidFields({"from and to span more than " + std::to_string(kSeriesPointsMax) +
                            " points; choose a coarser granularity"});
    }
    SeriesPoint point;
    point.start_unix_ms = start;
    point.end_unix_ms = zone.PeriodEnd(start, granularity);
    if (start % counters::kHourMs != 0) series.visitors_aligned = false;
    start = point.end_unix_ms;
    series.points.push_back(point);
  }
  series.total.start_unix_ms = series.points.front().start_unix_ms;
  series.total.end_unix_ms = series.points.back().end_unix_ms;
  if (series.total.end_unix_ms % counters::kHourMs != 0) series.visitors_aligned = false;
  return series;
}

Status FillSeries(const SpaceReader& shop, std::string_view popup_id, Series* series) {
  TNT_RETURN_IF_ERROR(SumMetric(shop, popup_id, kViews, &SeriesPoint::views, series));
  TNT_RETURN_IF_ERROR(SumMetric(shop, popup_id, kConversions, &SeriesPoint::conversions, series));
  TNT_RETURN_IF_ERROR(SumMetric(shop, popup_id, kRevenue, &SeriesPoint::revenue, series));
  return CountVisitors(shop, popup_id, series);
}

}  // namespace tenantry::popups
