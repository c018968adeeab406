// GET /analytics/popup/:popupId/series: what happened to a popup over time, and where.

#include "engine/base/time_format.h"
#include "engine/codec/json_out.h"
#include "engine/counters/bucket.h"
#include "engine/counters/hll.h"
#include "engine/popups/breakdown.h"
#include "engine/popups/local_time.h"
#include "engine/popups/metrics.h"
#include "engine/popups/series.h"
#include "server/popups/module.h"
#include "server/popups/popup_access.h"

namespace tenantry::server::popups {
namespace {

namespace db = ::tenantry::popups;

constexpr int64_t kBreakdownDaysMax = 366;

// How many periods an answer has when the question does not say.
int64_t StandardSpanMs(db::Granularity granularity) {
  using counters::kDayMs;
  switch (granularity) {
    case db::Granularity::kHour:
      return kDayMs;
    case db::Granularity::kDay:
      return 30 * kDayMs;
    case db::Granularity::kWeek:
      return 12 * 7 * kDayMs;
    case db::Granularity::kMonth:
      return 365 * kDayMs;
  }
  return kDayMs;
}

struct SeriesQuestion {
  std::string zone_name = "UTC";
  std::string granularity_name = "day";
  db::Granularity granularity = db::Granularity::kDay;
  int64_t from = 0;
  int64_t until = 0;
};

// An instant, or a date, which is a local day: `to` names the last day, not the one behind it.
Result<int64_t> ReadBound(const http::Request& request, std::string_view name,
                          const db::LocalTime& zone, bool is_end, int64_t standard) {
  const std::optional<std::string> text = request.FindQuery(name);
  if (!text.has_value() || text->empty()) return standard;
  if (const std::optional<CivilDate> date = ParseDate(*text)) {
    const int64_t start = zone.DayStart(*date);
    return is_end ? zone.PeriodEnd(start, db::Granularity::kDay) : start;
  }
  if (const std::optional<int64_t> instant = ParseInstant(*text)) return *instant;
  return InvalidFields({std::string(name) + " must be a valid ISO 8601 date string"});
}

Result<db::Series> ReadQuestion(const http::Request& request, int64_t now_unix_ms,
                                SeriesQuestion* question) {
  question->zone_name = request.FindQuery("tz").value_or("UTC");
  const std::optional<db::LocalTime> zone = db::LocalTime::Load(question->zone_name);
  if (!zone.has_value()) {
    return InvalidFields({"tz must be a name of the time zone database, such as Europe/Berlin"});
  }
  question->granularity_name = request.FindQuery("granularity").value_or("day");
  const auto granularity = db::ParseGranularity(question->granularity_name);
  if (!granularity.has_value()) {
    return InvalidFields(
        {"granularity must be one of the following values: hour, day, week, month"});
  }
  question->granularity = *granularity;
  TNT_ASSIGN_OR_RETURN(question->until, ReadBound(request, "to", *zone, true, now_unix_ms + 1));
  TNT_ASSIGN_OR_RETURN(question->from,
                       ReadBound(request, "from", *zone, false,
                                 question->until - StandardSpanMs(question->granularity)));
  return db::DivideSpan(*zone, question->from, question->until, question->granularity);
}

void AppendCounts(codec::ObjectWriter* object, const db::SeriesPoint& point) {
  object->Int("views", point.views);
  object->Int("conversions", point.conversions);
  object->Money("revenue", point.revenue);
  object->Int("uniqueVisitors", point.visitors);
}

void AppendBreakdown(std::string* out, const db::Breakdown& breakdown, int64_t first_day,
                     int64_t last_day) {
  codec::ObjectWriter object(out);
  object.String("from", FormatDate(CivilFromDays(first_day)));
  object.String("to", FormatDate(CivilFromDays(last_day)));
  if (breakdown.complete_until_unix_ms == INT64_MAX) {
    object.Null("completeUntil");
  } else {
    object.Instant("completeUntil", breakdown.complete_until_unix_ms);
  }
  for (const db::Breakdown::Dimension& dimension : breakdown.dimensions) {
    std::string* const list = object.Key(dimension.name);
    list->push_back('[');
    for (const auto& [value, views] : dimension.values) {
      if (list->back() != '[') list->push_back(',');
      codec::ObjectWriter entry(list);
      entry.String("value", value);
      entry.Int("views", views);
    }
    list->push_back(']');
  }
}

Result<http::Response> SeriesOfPopup(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  const std::string& popup_id = request.params.values[0];
  TNT_ASSIGN_OR_RETURN(const auto shop, AdmitToPopup(module, view, request, popup_id));
  SeriesQuestion question;
  TNT_ASSIGN_OR_RETURN(db::Series series,
                       ReadQuestion(request, module.engine().clock().NowUnixMs(), &question));
  // Whole days of UTC: those that the span touches.
  const int64_t last_day = counters::FloorDivide(series.total.end_unix_ms - 1, counters::kDayMs);
  const int64_t first_day =
      std::max(counters::FloorDivide(series.total.start_unix_ms, counters::kDayMs),
               last_day - kBreakdownDaysMax + 1);
  db::Breakdown breakdown;
  if (shop.has_value()) {
    const SpaceReader space = view.Space(*shop, TierOf(request));
    TNT_RETURN_IF_ERROR(db::FillSeries(space, popup_id, &series));
    TNT_ASSIGN_OR_RETURN(breakdown, db::ReadBreakdown(space, popup_id, first_day, last_day));
  }
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.String("popupId", popup_id);
    object.String("granularity", question.granularity_name);
    object.String("tz", question.zone_name);
    object.Instant("from", series.total.start_unix_ms);
    object.Instant("to", series.total.end_unix_ms);
    object.Number("standardErrorPercent", counters::Hll::kStandardError * 100);
    object.Bool("visitorsAligned", series.visitors_aligned);
    {
      codec::ObjectWriter total(object.Key("total"));
      AppendCounts(&total, series.total);
    }
    std::string* const points = object.Key("points");
    points->push_back('[');
    for (const db::SeriesPoint& point : series.points) {
      if (points->back() != '[') points->push_back(',');
      codec::ObjectWriter entry(points);
      entry.Instant("start", point.start_unix_ms);
      AppendCounts(&entry, point);
    }
    points->push_back(']');
    AppendBreakdown(object.Key("breakdown"), breakdown, first_day, last_day);
  }
  return http::Response::Json(200, std::move(json));
}

// How many events each bot rule kept out of a shop's numbers.
Result<http::Response> FilteredOfShop(Module& module, const http::Request& request) {
  const ReadView view = module.engine().View();
  const std::string& shop_id = request.params.values[0];
  TNT_RETURN_IF_ERROR(module.gate().Admit(view, request, shop_id).status());
  TNT_ASSIGN_OR_RETURN(const auto space, Module::FindSpace(view, request, shop_id));
  std::string json;
  {
    codec::ObjectWriter object(&json);
    object.String("shopId", shop_id);
    codec::ObjectWriter rules(object.Key("filtered"));
    for (const std::string_view rule : db::kBotRuleNames) {
      if (rule.empty()) continue;
      int64_t count = 0;
      if (space.has_value()) {
        TNT_ASSIGN_OR_RETURN(count, space->Counter(db::kShopFiltered, db::kShopOwner, rule));
      }
      rules.Int(rule, count);
    }
  }
  return http::Response::Json(200, std::move(json));
}

}  // namespace

void AddSeriesRoutes(const std::shared_ptr<Module>& module, std::vector<http::Route>* routes) {
  const RowOptions stats{.rate = http::RateClass::kStats};
  AddRow(routes, module, http::Method::kGet, "/analytics/popup/:popupId/series", "popupSeries",
         SeriesOfPopup, stats);
  AddRow(routes, module, http::Method::kGet, "/analytics/shop/:shopId/filtered", "filteredEvents",
         FilteredOfShop, stats);
}

}  // namespace tenantry::server::popups
