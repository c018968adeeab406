#include "engine/popups/recount.h"

#include "engine/popups/metrics.h"
#include "engine/popups/text.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::popups {
namespace {

using Differs = std::function<void(std::string)>;

constexpr uint8_t kSubscribersByState = 2;
constexpr uint8_t kSubscribersByPopup = 3;

Status Compare(const SpaceReader& shop, uint8_t family, std::string_view owner,
               std::string_view metric, int64_t counted, const Differs& differs) {
  TNT_ASSIGN_OR_RETURN(const int64_t stored, shop.Counter(family, owner, metric));
  if (stored == counted) return Status::Ok();
  differs("counter " + std::string(metric) + " of " + std::string(owner) + " is " +
          std::to_string(stored) + ", the records make it " + std::to_string(counted));
  return Status::Ok();
}

template <class T>
Result<int64_t> CountRecords(const SpaceReader& shop) {
  int64_t count = 0;
  TNT_RETURN_IF_ERROR(shop.ScanRecords<T>({}, false, [&count](const codec::Stored<T>&) {
    ++count;
    return true;
  }));
  return count;
}

struct Sums {
  int64_t popups = 0, views = 0, conversions = 0, revenue = 0;
};

Status AddPopup(const SpaceReader& shop, std::string_view id, const Differs& differs, Sums* sums) {
  ++sums->popups;
  TNT_ASSIGN_OR_RETURN(const int64_t views, shop.Counter(kPopupTotals, id, kViews));
  TNT_ASSIGN_OR_RETURN(const int64_t conversions, shop.Counter(kPopupTotals, id, kConversions));
  TNT_ASSIGN_OR_RETURN(const int64_t revenue, shop.Counter(kPopupTotals, id, kRevenue));
  sums->views += views;
  sums->conversions += conversions;
  sums->revenue += revenue;
  TNT_ASSIGN_OR_RETURN(
      const uint64_t subscribers,
      shop.CountIndex<schema::EmailSubscriber>({.index = kSubscribersByPopup, .equal = {id}}));
  return Compare(shop, kPopupTotals, id, kSubscribers, static_cast<int64_t>(subscribers), differs);
}

}  // namespace

Status Recount(const SpaceReader& shop, const Differs& differs) {
  Sums sums;
  Status each;
  TNT_RETURN_IF_ERROR(
      shop.ScanRecords<schema::Popup>({}, false, [&](const codec::Stored<schema::Popup>& popup) {
        each = AddPopup(shop, View(popup->getId()), differs, &sums);
        return each.ok();
      }));
  TNT_RETURN_IF_ERROR(each);
  TNT_ASSIGN_OR_RETURN(const int64_t codes, CountRecords<schema::DiscountCode>(shop));
  TNT_ASSIGN_OR_RETURN(const int64_t groups, CountRecords<schema::AbGroup>(shop));
  TNT_ASSIGN_OR_RETURN(const uint64_t subscribers,
                       shop.CountIndex<schema::EmailSubscriber>(
                           {.index = kSubscribersByState, .equal = {int64_t{1}}}));
  const std::pair<std::string_view, int64_t> totals[] = {
      {kPopups, sums.popups},
      {kViews, sums.views},
      {kConversions, sums.conversions},
      {kRevenue, sums.revenue},
      {kCodes, codes},
      {kGroups, groups},
      {kSubscribers, static_cast<int64_t>(subscribers)}};
  for (const auto& [metric, counted] : totals) {
    TNT_RETURN_IF_ERROR(Compare(shop, kShopTotals, kShopOwner, metric, counted, differs));
  }
  return Status::Ok();
}

}  // namespace tenantry::popups
