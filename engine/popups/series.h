#pragma once
// Series: what happened to a popup, by local hour, day, week or month.
//
// Shape    views, conversions and revenue are sums of quarter-hour counters, and exact; their cost is
//          that of the time asked for, whatever the number of events. Visitors are merged hourly
//          sketches: where a period does not begin on a UTC hour, `visitors_aligned` says that each
//          hour counted for the period it begins in.
// Units    Unix milliseconds, ends exclusive; revenue in hundredths.
// Errors   kInvalidArgument for an empty span or more than kSeriesPointsMax points.
// Threads  stateless.

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/popups/local_time.h"
#include "engine/space_reader.h"

namespace tenantry::popups {

inline constexpr size_t kSeriesPointsMax = 1000;

struct SeriesPoint {
  int64_t start_unix_ms = 0;
  int64_t end_unix_ms = 0;
  int64_t views = 0;
  int64_t conversions = 0;
  int64_t revenue = 0;
  int64_t visitors = 0;
};

struct Series {
  std::vector<SeriesPoint> points;
  SeriesPoint total;
  bool visitors_aligned = true;
};

// The periods that touch [from, until), without counts.
Result<Series> DivideSpan(const LocalTime& zone, int64_t from_unix_ms, int64_t until_unix_ms,
                          Granularity granularity);
// Fills in the counts of one popup.
Status FillSeries(const SpaceReader& shop, std::string_view popup_id, Series* series);

}  // namespace tenantry::popups
