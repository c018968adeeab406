#include "engine/popups/breakdown.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/time_format.h"
#include "engine/commands.h"
#include "engine/counters/bucket.h"
#include "engine/counters/counter_deltas.h"
#include "engine/popups/metrics.h"
#include "engine/popups/text.h"
#include "engine/row_hash.h"

namespace tenantry::popups {
namespace {

using codec::Stored;

constexpr uint32_t kViewsPerStep = 512;
// What a question may read beyond the counters; more are left to the next step.
constexpr uint32_t kTailMax = 1500;
constexpr size_t kValueBytesMax = 200;
constexpr std::string_view kUnknown = "(unknown)";
constexpr std::string_view kDirect = "(direct)";
constexpr std::string_view kOther = "(other)";
constexpr std::string_view kDimensions[] = {"device", "browser", "page", "referrer"};

bool ContainsIgnoringCase(std::string_view text, std::string_view lower_needle) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  return std::search(text.begin(), text.end(), lower_needle.begin(), lower_needle.end(), same) !=
         text.end();
}

std::string_view DeviceOf(std::string_view device) {
  if (device.empty()) return kUnknown;
  for (const std::string_view known : {"desktop", "mobile", "tablet"}) {
    if (device.size() == known.size() && ContainsIgnoringCase(device, known)) return known;
  }
  return kOther;
}

// A browser's name, or the user agent that holds it; the specific ones come before those they
// pretend to be.
std::string_view BrowserOf(std::string_view browser) {
  struct Mark {
    std::string_view mark;
    std::string_view name;
  };
  constexpr Mark kMarks[] = {{"edg", "Edge"},        {"opr/", "Opera"},
                             {"opera", "Opera"},     {"samsung", "Samsung Internet"},
                             {"firefox", "Firefox"}, {"fxios", "Firefox"},
                             {"chrom", "Chrome"},    {"crios", "Chrome"},
                             {"safari", "Safari"}};
  if (browser.empty()) return kUnknown;
  for (const Mark& mark : kMarks) {
    if (ContainsIgnoringCase(browser, mark.mark)) return mark.name;
  }
  return kOther;
}

// What follows the scheme, without query and fragment: query strings name people and campaigns.
std::string_view AfterScheme(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos && scheme < 10) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("?#"));
}

// Cut to the limit, at the start of a character.
std::string Cut(std::string_view text) {
  if (text.size() <= kValueBytesMax) return std::string(text);
  size_t end = kValueBytesMax;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

std::string PageOf(std::string_view url) {
  if (url.empty()) return std::string(kUnknown);
  std::string_view page = AfterScheme(url);
  if (url.find("://") != std::string_view::npos) {
    page.remove_prefix(std::min(page.find('/'), page.size()));
  }
  return page.empty() ? "/" : Cut(page);
}

std::string ReferrerOf(std::string_view url) {
  if (url.empty()) return std::string(kDirect);
  const std::string_view rest = AfterScheme(url);
  return Cut(LowerAscii(rest.substr(0, rest.find('/'))));
}

std::string DayPrefix(int64_t day) {
  return FormatDate(CivilFromDays(day)) + "/";
}
// First text behind everything that starts with the prefix.
std::string DayEnd(int64_t day) {
  std::string end = DayPrefix(day);
  ++end.back();
  return end;
}

std::string CursorMeta(std::string_view popup_id) {
  return "rollup/" + std::string(popup_id);
}

int64_t DayOf(int64_t unix_ms) {
  return counters::FloorDivide(unix_ms, counters::kDayMs);
}

struct ScannedView {
  std::string_view tuple;
  std::string_view bytes;
  schema::PopupView::Reader view;
};

// Visits the popup's views behind `from`, until `visit` returns false.
Status ScanViews(const SpaceReader& shop, std::string_view popup_id, const std::string& from,
                 const std::function<bool(const ScannedView&)>& visit) {
  Status decoded;
  TNT_RETURN_IF_ERROR(shop.ScanRecordBytesAfter(
      schema::CollectionOf<schema::PopupView>(), from,
      [&](std::string_view tuple, std::string_view bytes) {
        const auto view = Stored<schema::PopupView>::Decode(bytes);
        if (!view.ok()) {
          decoded = view.status();
          return false;
        }
        return View((*view)->getPopupId()) == popup_id && visit({tuple, bytes, **view});
      }));
  return decoded;
}

// Of values in falling order, those beyond the first count as others, so that the sum stays.
void FoldRest(std::vector<std::pair<std::string, int64_t>>* values) {
  if (values->size() <= kValuesMax) return;
  int64_t rest = 0;
  for (size_t i = kValuesMax; i < values->size(); ++i) rest += (*values)[i].second;
  values->resize(kValuesMax);
  const auto other = std::find_if(values->begin(), values->end(),
                                  [](const auto& value) { return value.first == kOther; });
  if (other == values->end()) {
    values->emplace_back(kOther, rest);
  } else {
    other->second += rest;
  }
}

// Under "dimension/value".
void CountTraits(const schema::PopupView::Reader& view, std::map<std::string, int64_t>* counts) {
  const ViewTraits traits = TraitsOf(view);
  const std::string_view values[] = {traits.device, traits.browser, traits.page, traits.referrer};
  for (size_t i = 0; i < std::size(kDimensions); ++i) {
    ++(*counts)[std::string(kDimensions[i]).append("/").append(values[i])];
  }
}

// Behind what the views stand that no step has counted.
std::string StartBehind(const std::string& cursor, std::string_view popup_id) {
  return cursor.empty() ? ViewKey(popup_id, INT64_MIN, "") : cursor;
}

// What one step counts: the views behind the cursor, up to and with the last.
struct Uncounted {
  std::string cursor;
  std::string last;
  BreakdownCounts counts;
  uint32_t views = 0;
  Hash128 hash;  // RowHash of the views.
  bool more = false;
};

Result<Uncounted> ReadUncounted(const SpaceReader& shop, std::string_view popup_id,
                                int64_t until_unix_ms) {
  Uncounted found;
  RowHash hash;
  TNT_ASSIGN_OR_RETURN(found.cursor, RollUpCursor(shop, popup_id));
  TNT_RETURN_IF_ERROR(ScanViews(shop, popup_id, StartBehind(found.cursor, popup_id),
                                [&](const ScannedView& scanned) {
                                  if (scanned.view.getViewedAt() >= until_unix_ms) return false;
                                  if (found.views == kViewsPerStep) {
                                    found.more = true;
                                    return false;
                                  }
                                  found.counts.Add(scanned.view);
                                  found.last = scanned.tuple;
                                  hash.Add(scanned.tuple, scanned.bytes);
                                  ++found.views;
                                  return true;
                                }));
  found.hash = hash.Finish();
  return found;
}

// Whether what was found is all there is up to its last view. The cursor is the same.
Result<bool> IsComplete(const SpaceReader& shop, std::string_view popup_id,
                        const Uncounted& found) {
  RowHash hash;
  TNT_RETURN_IF_ERROR(shop.ScanRecordBytesAfter(
      schema::CollectionOf<schema::PopupView>(), StartBehind(found.cursor, popup_id),
      [&](std::string_view tuple, std::string_view bytes) {
        if (tuple > found.last || hash.rows() > found.views) return false;
        hash.Add(tuple, bytes);
        return true;
      }));
  return hash.Finish() == found.hash;
}

Status WriteCounts(Transaction& tx, std::string_view popup_id, const Uncounted& found) {
  TNT_RETURN_IF_ERROR(found.counts.WriteTo(tx, popup_id));
  return tx.SetMeta(CursorMeta(popup_id), found.last);
}

}  // namespace

ViewTraits TraitsOf(const schema::PopupView::Reader& view) {
  return {DeviceOf(View(view.getDeviceType())), BrowserOf(View(view.getBrowser())),
          PageOf(View(view.getPageUrl())), ReferrerOf(View(view.getReferrer()))};
}

void BreakdownCounts::Add(const schema::PopupView::Reader& view) {
  CountTraits(view, &days_[DayOf(view.getViewedAt())]);
}

Status BreakdownCounts::WriteTo(Transaction& tx, std::string_view popup_id) const {
  for (const auto& [day, counts] : days_) {
    const std::string prefix = DayPrefix(day);
    std::map<std::string, int64_t> stored;  // What the day holds, without its prefix.
    std::map<std::string, size_t> sizes;    // How many values of a dimension.
    const auto dimension = [](std::string_view name) {
      return std::string(name.substr(0, name.find('/')));
    };
    TNT_RETURN_IF_ERROR(
        tx.ScanCounterMetrics(kPopupBreakdown, popup_id, prefix, DayEnd(day),
                              [&](std::string_view metric, int64_t /*bucket*/, int64_t value) {
                                metric.remove_prefix(prefix.size());
                                stored.emplace(metric, value);
                                ++sizes[dimension(metric)];
                                return true;
                              }));
    std::map<std::string, int64_t> changed;
    for (const auto& [name, count] : counts) {
      const std::string kind = dimension(name);
      const bool known = stored.contains(name) || changed.contains(name);
      const bool room = known || sizes[kind] < kValuesMax;
      if (!known && room) ++sizes[kind];
      changed[room ? name : kind + "/" + std::string(kOther)] += count;
    }
    for (const auto& [name, count] : changed) {
      const auto before = stored.find(name);
      TNT_RETURN_IF_ERROR(tx.SetCounter(
          kPopupBreakdown, popup_id, prefix + name, 0,
          counters::AddSaturating(before == stored.end() ? 0 : before->second, count)));
    }
  }
  return Status::Ok();
}

Result<std::string> RollUpCursor(const SpaceReader& shop, std::string_view popup_id) {
  TNT_ASSIGN_OR_RETURN(std::optional<std::string> cursor, shop.Meta(CursorMeta(popup_id)));
  return cursor.value_or("");
}

std::string ViewKey(std::string_view popup_id, int64_t viewed_unix_ms, std::string_view id) {
  std::string key;
  keys::AppendPart(&key, popup_id);
  keys::AppendPart(&key, viewed_unix_ms);
  if (!id.empty()) keys::AppendPart(&key, id);
  return key;
}

int64_t CursorTime(std::string_view cursor) {
  std::string popup_id;
  int64_t unix_ms = INT64_MIN;
  if (!keys::TakeText(&cursor, &popup_id) || !keys::TakeInt(&cursor, &unix_ms)) return INT64_MIN;
  return unix_ms;
}

Status EraseBreakdown(Transaction& tx, std::string_view popup_id, uint32_t rows_max,
                      uint32_t* erased) {
  std::vector<std::string> metrics;
  TNT_RETURN_IF_ERROR(
      tx.ScanCounters(kPopupBreakdown, popup_id, [&](std::string_view metric, int64_t, int64_t) {
        metrics.emplace_back(metric);
        return metrics.size() < rows_max;
      }));
  for (const std::string& metric : metrics) {
    TNT_RETURN_IF_ERROR(tx.EraseCounter(kPopupBreakdown, popup_id, metric, 0));
  }
  *erased = static_cast<uint32_t>(metrics.size());
  TNT_ASSIGN_OR_RETURN(const std::string cursor, RollUpCursor(tx, popup_id));
  if (*erased < rows_max && !cursor.empty()) {
    TNT_RETURN_IF_ERROR(tx.EraseMeta(CursorMeta(popup_id)));
  }
  return Status::Ok();
}

Result<ReclaimProgress> RollUpStep(Engine& engine, const TenantRef& shop,
                                   std::string_view popup_id) {
  // Counted beside the shop's commands, which would stand for milliseconds; they wait while it is compared and written.
  const int64_t until = engine.clock().NowUnixMs() - kRollUpLagMs;
  TNT_ASSIGN_OR_RETURN(
      const Uncounted seen,
      ReadUncounted(engine.View().Space(shop, ReadTier::kBlocking), popup_id, until));
  if (seen.views == 0) return ReclaimProgress();
  return RunStep(engine, shop, {static_cast<uint16_t>(CommandKind::kRollUp), "system", ""},
                 [&](Transaction& tx, ReclaimProgress* progress) -> Status {
                   *progress = {};
                   TNT_ASSIGN_OR_RETURN(const auto popup, tx.FindBytes<schema::Popup>({popup_id}));
                   if (!popup.has_value()) return Status::Ok();  // Reclaiming takes its rows.
                   TNT_ASSIGN_OR_RETURN(const std::string cursor, RollUpCursor(tx, popup_id));
                   if (cursor != seen.cursor) {  // The last step was not in the view yet.
                     progress->more = true;
                     return Status::Ok();
                   }
                   TNT_ASSIGN_OR_RETURN(const bool complete, IsComplete(tx, popup_id, seen));
                   Uncounted again;
                   if (!complete) {  // An import put views in between.
                     TNT_ASSIGN_OR_RETURN(again, ReadUncounted(tx, popup_id, until));
                   }
                   const Uncounted& found = complete ? seen : again;
                   progress->rows = found.views;
                   progress->more = found.more;
                   return found.views == 0 ? Status::Ok() : WriteCounts(tx, popup_id, found);
                 });
}

Result<Breakdown> ReadBreakdown(const SpaceReader& shop, std::string_view popup_id,
                                int64_t first_day, int64_t last_day) {
  std::map<std::string, int64_t> sums;
  const size_t prefix_bytes = DayPrefix(first_day).size();
  TNT_RETURN_IF_ERROR(
      shop.ScanCounterMetrics(kPopupBreakdown, popup_id, DayPrefix(first_day), DayEnd(last_day),
                              [&](std::string_view metric, int64_t /*bucket*/, int64_t value) {
                                sums[std::string(metric.substr(prefix_bytes))] += value;
                                return true;
                              }));
  // The tail that no step has counted yet.
  Breakdown breakdown;
  TNT_ASSIGN_OR_RETURN(std::string from, RollUpCursor(shop, popup_id));
  from = std::max(from, ViewKey(popup_id, first_day * counters::kDayMs, ""));
  const int64_t until = (last_day + 1) * counters::kDayMs;
  uint32_t read = 0;
  TNT_RETURN_IF_ERROR(ScanViews(shop, popup_id, from, [&](const ScannedView& scanned) {
    const schema::PopupView::Reader& view = scanned.view;
    if (view.getViewedAt() >= until) return false;
    if (++read > kTailMax) {
      breakdown.complete_until_unix_ms = view.getViewedAt();
      return false;
    }
    CountTraits(view, &sums);
    return true;
  }));
  for (const std::string_view name : kDimensions) {
    Breakdown::Dimension dimension{name, {}};
    const std::string prefix = std::string(name) + "/";
    for (auto at = sums.lower_bound(prefix); at != sums.end() && at->first.starts_with(prefix);
         ++at) {
      dimension.values.emplace_back(at->first.substr(prefix.size()), at->second);
    }
    std::stable_sort(dimension.values.begin(), dimension.values.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    FoldRest(&dimension.values);
    breakdown.dimensions.push_back(std::move(dimension));
  }
  return breakdown;
}

}  // namespace tenantry::popups
