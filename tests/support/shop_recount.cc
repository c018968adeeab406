#include "tests/support/shop_recount.h"

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "engine/base/bytes.h"
#include "engine/base/checksum.h"
#include "engine/counters/bucket.h"
#include "engine/counters/hll.h"
#include "engine/counters/sketch_row.h"
#include "engine/popups/breakdown.h"
#include "engine/popups/metrics.h"
#include "engine/popups/text.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry {
namespace {

using counters::Hll;
using popups::View;

class Recount {
 public:
  Recount(const SpaceReader& shop, const RecountOptions& options)
      : shop_(shop), options_(options) {}

  std::vector<std::string> Run() {
    CountRecords();
    for (const std::string& popup : popups_) {
      CountViews(popup);
      CountConversions(popup);
      CompareCounters(popups::kPopupTotals, popup);
      CompareCounters(popups::kPopupQuarterHours, popup);
      CompareSketches(popups::kPopupVisitors, popup);
      CompareBreakdowns(popup);
    }
    CompareCounters(popups::kShopTotals, std::string(popups::kShopOwner));
    if (!options_.popups_were_deleted) {
      CompareCounters(popups::kShopMonths, std::string(popups::kShopOwner));
      CompareSketches(popups::kShopVisitors, std::string(popups::kShopOwner));
    }
    return std::move(problems_);
  }

 private:
  // (family, owner), then (metric, bucket).
  using Owner = std::pair<uint8_t, std::string>;
  using Values = std::map<std::pair<std::string, int64_t>, int64_t>;
  using Sketches = std::map<int64_t, std::unique_ptr<Hll>>;  // By hour.

  void Problem(std::string text) { problems_.push_back(std::move(text)); }
  void Check(const Status& status) {
    if (!status.ok()) Problem(status.ToString());
  }
  void Add(uint8_t family, std::string_view owner, std::string_view metric, int64_t bucket,
           int64_t delta) {
    if (delta != 0) expected_[{family, std::string(owner)}][{std::string(metric), bucket}] += delta;
  }
  void AddToShop(std::string_view metric, int64_t delta) {
    Add(popups::kShopTotals, popups::kShopOwner, metric, 0, delta);
  }
  // One event in everything that counts events.
  void AddEvent(const std::string& popup, std::string_view metric, int64_t at_ms, int64_t delta) {
    Add(popups::kPopupTotals, popup, metric, 0, delta);
    Add(popups::kPopupQuarterHours, popup, metric, counters::QuarterHourOf(at_ms), delta);
    AddToShop(metric, delta);
  }

  template <class T, class Visit>
  void Scan(std::initializer_list<keys::Part> prefix, const Visit& visit) {
    Check(shop_.ScanRecords<T>(prefix, false, [&visit](const codec::Stored<T>& record) {
      visit(*record);
      return true;
    }));
  }

  void CountRecords() {
    Scan<schema::Popup>({}, [this](const schema::Popup::Reader& popup) {
      popups_.insert(std::string(View(popup.getId())));
      AddToShop(popups::kPopups, 1);
    });
    Scan<schema::EmailSubscriber>({}, [this](const schema::EmailSubscriber::Reader& subscriber) {
      if (!subscriber.getIsActive()) return;
      AddToShop(popups::kSubscribers, 1);
      if (!subscriber.hasPopupId()) return;
      Add(popups::kPopupTotals, View(subscriber.getPopupId()), popups::kSubscribers, 0, 1);
    });
    Scan<schema::DiscountCode>({}, [this](const auto&) { AddToShop(popups::kCodes, 1); });
    Scan<schema::AbGroup>({}, [this](const auto&) { AddToShop(popups::kGroups, 1); });
  }

  void CountViews(const std::string& popup) {
    days_.clear();
    Scan<schema::PopupView>({std::string_view(popup)}, [&](const schema::PopupView::Reader& view) {
      const int64_t at = view.getViewedAt();
      AddEvent(popup, popups::kViews, at, 1);
      Add(popups::kShopMonths, popups::kShopOwner, popups::kViews, counters::MonthOf(at), 1);
      const std::string_view visitor =
          View(view.getVisitorId().size() > 0 ? view.getVisitorId() : view.getSessionId());
      if (!visitor.empty()) AddVisitor(popup, visitor, at);
      const popups::ViewTraits traits = popups::TraitsOf(view);
      auto& day = days_[counters::FloorDivide(at, counters::kDayMs)];
      ++day["device"][std::string(traits.device)];
      ++day["browser"][std::string(traits.browser)];
      ++day["page"][""];  // Pages and referrers are bounded: only their sums are certain.
      ++day["referrer"][""];
    });
  }

  void CountConversions(const std::string& popup) {
    Scan<schema::PopupConversion>(
        {std::string_view(popup)}, [&](const schema::PopupConversion::Reader& conversion) {
          const int64_t at = conversion.getConvertedAt();
          AddEvent(popup, popups::kConversions, at, 1);
          Add(popups::kShopMonths, popups::kShopOwner, popups::kConversions, counters::MonthOf(at),
              1);
          Add(popups::kPopupTotals, popup,
              popups::kConversionTypes[static_cast<size_t>(conversion.getType())], 0, 1);
          if (conversion.getRevenue() > 0) {
            AddEvent(popup, popups::kRevenue, at, conversion.getRevenue());
          }
        });
  }

  void AddVisitor(const std::string& popup, std::string_view visitor, int64_t at_ms) {
    if (!seed_) {
      const auto secret = shop_.Meta(popups::kVisitorSecretMeta);
      if (!secret.ok() || !*secret || (*secret)->size() != 8) return Problem("no visitor secret");
      seed_ = LoadLittle<uint64_t>((*secret)->data());
    }
    const uint64_t hash = Hash64(visitor, *seed_);
    for (const Owner& owner : {Owner{popups::kPopupVisitors, popup},
                               Owner{popups::kShopVisitors, std::string(popups::kShopOwner)}}) {
      std::unique_ptr<Hll>& sketch = sketches_[owner][counters::HourOf(at_ms)];
      if (!sketch) sketch = std::make_unique<Hll>();
      sketch->Add(hash);
    }
  }

  void CompareCounters(uint8_t family, const std::string& owner) {
    Values actual;
    Check(shop_.ScanCounters(family, owner,
                             [&](std::string_view metric, int64_t bucket, int64_t value) {
                               if (value != 0) actual[{std::string(metric), bucket}] = value;
                               return true;
                             }));
    Values& expected = expected_[{family, owner}];
    for (const auto& [name, value] : actual) expected.try_emplace(name, 0);
    for (const auto& [name, value] : expected) {
      if (actual[name] == value) continue;
      Problem("family " + std::to_string(family) + " of " + owner + ", " + name.first +
              ", bucket " + std::to_string(name.second) + ": " + std::to_string(actual[name]) +
              " instead of " + std::to_string(value));
    }
  }

  void CompareSketches(uint8_t family, const std::string& owner) {
    Sketches& expected = sketches_[{family, owner}];
    Sketches actual;
    Check(shop_.ScanSketches(family, owner, INT64_MIN, INT64_MAX,
                             [&](int64_t hour, uint8_t block, std::string_view registers) {
                               std::unique_ptr<Hll>& sketch = actual[hour];
                               if (!sketch) sketch = std::make_unique<Hll>();
                               Check(counters::MergeSketchRow(block, registers, sketch.get()));
                               return true;
                             }));
    if (actual.size() != expected.size()) {
      return Problem("visitors of " + owner + ": " + std::to_string(actual.size()) +
                     " hours instead of " + std::to_string(expected.size()));
    }
    for (const auto& [hour, sketch] : expected) {
      const auto found = actual.find(hour);
      bool same = found != actual.end();
      for (size_t block = 0; same && block < Hll::kBlocks; ++block) {
        same = found->second->Block(block) == sketch->Block(block);
      }
      if (!same) Problem("visitors of " + owner + " differ in hour " + std::to_string(hour));
    }
  }

  void CompareBreakdowns(const std::string& popup) {
    for (const auto& [day, dimensions] : days_) {
      const auto breakdown = popups::ReadBreakdown(shop_, popup, day, day);
      if (!breakdown.ok()) return Problem(breakdown.status().ToString());
      // More views than an answer reads may still wait for their roll-up.
      if (breakdown->complete_until_unix_ms != INT64_MAX) continue;
      for (const auto& dimension : breakdown->dimensions) {
        const bool bounded = dimension.name == "page" || dimension.name == "referrer";
        std::map<std::string, int64_t> actual;
        for (const auto& [value, count] : dimension.values) actual[bounded ? "" : value] += count;
        const auto expected = dimensions.find(std::string(dimension.name));
        if (expected == dimensions.end() || actual != expected->second) {
          Problem("views of " + popup + " by " + std::string(dimension.name) + " on day " +
                  std::to_string(day));
        }
      }
    }
  }

  const SpaceReader& shop_;
  const RecountOptions options_;
  std::set<std::string> popups_;
  std::map<Owner, Values> expected_;
  std::map<Owner, Sketches> sketches_;
  std::map<int64_t, std::map<std::string, std::map<std::string, int64_t>>> days_;  // Of a popup.
  std::optional<uint64_t> seed_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> RecountShop(const SpaceReader& shop, const RecountOptions& options) {
  return Recount(shop, options).Run();
}

}  // namespace tenantry
