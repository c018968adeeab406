#include "engine/popups/revenue.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "engine/base/ids.h"
#include "engine/commands.h"
#include "engine/counters/bucket.h"
#include "engine/counters/counter_deltas.h"
#include "engine/popups/metrics.h"
#include "engine/popups/text.h"

namespace tenantry::popups {
namespace {

using codec::Draft;
using codec::Stored;

constexpr uint8_t kCreatedIndex = 1;
constexpr std::string_view kCountSuffix = "/count";
constexpr std::string_view kValueSuffix = "/value";
// Popups that never existed and methods are words of strangers: so many are told apart, then they
// count under one name.
constexpr int64_t kNamesMax = 500;
constexpr std::string_view kOther = "other";
constexpr std::string_view kNamesOwner = "names";

CommandInfo As(const CommandInfo& info, CommandKind kind) {
  CommandInfo as = info;
  as.command = static_cast<uint16_t>(kind);
  return as;
}

// The name under which a value counts: itself while there is room for new ones.
Result<std::string> CountedName(Transaction& tx, uint8_t family, std::string_view name,
                                counters::CounterDeltas* deltas) {
  std::string metric(name);
  TNT_ASSIGN_OR_RETURN(const int64_t known,
                       tx.Counter(family, kShopOwner, metric + std::string(kCountSuffix)));
  if (known > 0) return metric;
  TNT_ASSIGN_OR_RETURN(const int64_t names, tx.Counter(family, kNamesOwner, kNamesOwner));
  if (names >= kNamesMax) return std::string(kOther);
  deltas->Add({family, kNamesOwner, kNamesOwner}, 1);
  return metric;
}

Status CountRecovery(Transaction& tx, const schema::CartAbandonment::Reader& cart,
                     const schema::CartRecovery::Reader& recovery) {
  counters::CounterDeltas deltas;
  const int64_t quarter = counters::QuarterHourOf(cart.getCreatedAt());
  deltas.Add({kCartQuarterHours, kShopOwner, kRecoveredCarts, quarter}, 1);
  deltas.Add({kCartQuarterHours, kShopOwner, kRecoveredValue, quarter}, cart.getCartValue());
  TNT_ASSIGN_OR_RETURN(
      const std::string method,
      CountedName(tx, kRecoveryMethods, View(recovery.getRecoveryMethod()), &deltas));
  const std::string method_count = method + std::string(kCountSuffix);
  const std::string method_value = method + std::string(kValueSuffix);
  deltas.Add({kRecoveryMethods, kShopOwner, method_count}, 1);
  deltas.Add({kRecoveryMethods, kShopOwner, method_value}, recovery.getRecoveryValue());
  if (!recovery.hasPopupId()) return deltas.WriteTo(tx);
  TNT_ASSIGN_OR_RETURN(const std::string popup,
                       CountedName(tx, kRecoveryPopups, View(recovery.getPopupId()), &deltas));
  const std::string popup_count = popup + std::string(kCountSuffix);
  const std::string popup_value = popup + std::string(kValueSuffix);
  deltas.Add({kRecoveryPopups, kShopOwner, popup_count}, 1);
  deltas.Add({kRecoveryPopups, kShopOwner, popup_value}, recovery.getRecoveryValue());
  return deltas.WriteTo(tx);
}

Result<std::string> PopupName(const SpaceReader& shop, std::string_view popup_id) {
  TNT_ASSIGN_OR_RETURN(const auto popup, shop.Find<schema::Popup>({popup_id}));
  const std::string_view name = popup.has_value() ? View((*popup)->getName()) : "";
  return std::string(name.empty() ? kUnnamedPopup : name);
}

// The newest `limit` records of a collection, by creation.
template <class T>
Result<std::vector<Stored<T>>> Newest(const SpaceReader& shop, uint32_t limit) {
  std::vector<Stored<T>> records;
  TNT_RETURN_IF_ERROR(
      shop.ScanIndex<T>({.index = kCreatedIndex, .reverse = true}, [&](const Stored<T>& record) {
        records.push_back(record);
        return records.size() < limit;
      }));
  return records;
}

// A recovery's popup, unless it was deleted since.
Status NamePopup(const SpaceReader& shop, Activity* activity) {
  const schema::CartRecovery::Reader recovery = **activity->recovery;
  if (!recovery.hasPopupId()) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(const auto popup, shop.Find<schema::Popup>({View(recovery.getPopupId())}));
  if (!popup.has_value() && recovery.getPopupKnown()) return Status::Ok();
  activity->has_popup = true;
  TNT_ASSIGN_OR_RETURN(activity->popup_name, PopupName(shop, View(recovery.getPopupId())));
  return Status::Ok();
}

Result<std::vector<RecoveryShare>> ReadShares(const SpaceReader& shop, uint8_t family) {
  std::map<std::string, RecoveryShare> shares;
  TNT_RETURN_IF_ERROR(shop.ScanCounters(
      family, kShopOwner, [&](std::string_view metric, int64_t /*bucket*/, int64_t value) {
        const std::string_view suffix = metric.substr(metric.size() - kCountSuffix.size());
        const std::string name(metric.substr(0, metric.size() - kCountSuffix.size()));
        (suffix == kCountSuffix ? shares[name].count : shares[name].value) = value;
        return true;
      }));
  std::vector<RecoveryShare> sorted;
  for (auto& [name, share] : shares) {
    share.name = name;
    sorted.push_back(std::move(share));
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.value != b.value ? a.value > b.value : a.count > b.count;
  });
  return sorted;
}

}  // namespace

Status InsertCart(Transaction& tx, const Draft<schema::CartAbandonment>& cart) {
  const auto record = cart.reader();
  TNT_RETURN_IF_ERROR(tx.InsertFresh(cart));
  const int64_t quarter = counters::QuarterHourOf(record.getCreatedAt());
  counters::CounterDeltas deltas;
  deltas.Add({kCartQuarterHours, kShopOwner, kCarts, quarter}, 1);
  deltas.Add({kCartQuarterHours, kShopOwner, kCartValue, quarter}, record.getCartValue());
  return deltas.WriteTo(tx);
}

Status InsertRecovery(Transaction& tx, const Stored<schema::CartAbandonment>& cart,
                      Draft<schema::CartRecovery>* recovery) {
  const auto record = recovery->reader();
  if (record.hasPopupId()) {
    TNT_ASSIGN_OR_RETURN(const auto popup, tx.Find<schema::Popup>({View(record.getPopupId())}));
    (*recovery)->setPopupKnown(popup.has_value());
  }
  TNT_RETURN_IF_ERROR(tx.InsertFresh(*recovery));
  Draft<schema::CartAbandonment> recovered(cart);
  recovered->setRecoveryId(record.getId());
  TNT_RETURN_IF_ERROR(tx.Update(cart, recovered));
  return CountRecovery(tx, *cart, record);
}

RevenueReply TrackAbandonment(Engine& engine, const TenantRef& shop,
                              const codec::Input<schema::TrackAbandonmentInput>& input,
                              const CommandInfo& info, ReadTier tier) {
  RevenueReply reply;
  reply.outcome = engine.Execute(shop, As(info, CommandKind::kCartAbandoned), tier,
                                 [&](Transaction& tx) -> Status {
                                   Draft<schema::CartAbandonment> cart;
                                   codec::CopySent(input, &cart);
                                   reply.id = NewUuid(tx.random());
                                   cart->setId(ToText(reply.id));
                                   cart->setCreatedAt(tx.now_unix_ms());
                                   return InsertCart(tx, cart);
                                 });
  return reply;
}

RevenueReply TrackRecovery(Engine& engine, const TenantRef& shop,
                           const codec::Input<schema::TrackRecoveryInput>& input,
                           const CommandInfo& info, ReadTier tier) {
  RevenueReply reply;
  reply.outcome = engine.Execute(
      shop, As(info, CommandKind::kCartRecovered), tier, [&](Transaction& tx) -> Status {
        const std::string_view cart_id = View((*input).getCartAbandonmentId());
        TNT_ASSIGN_OR_RETURN(const auto cart, tx.Find<schema::CartAbandonment>({cart_id}));
        if (!cart.has_value()) {
          return NotFound("Cart abandonment with ID " + std::string(cart_id) + " not found");
        }
        const bool first = !(*cart)->hasRecoveryId();
        if (!tx.trace().Check("recovery.first", first, {})) {
          reply.id = View((*cart)->getRecoveryId());
          return Status::Ok();
        }
        reply.id = NewUuid(tx.random());
        Draft<schema::CartRecovery> recovery;
        codec::CopySent(input, &recovery);
        recovery->setId(ToText(reply.id));
        recovery->setCreatedAt(tx.now_unix_ms());
        return InsertRecovery(tx, *cart, &recovery);
      });
  return reply;
}

Status ForgetPopupRecoveries(Transaction& tx, std::string_view popup_id) {
  for (const std::string_view suffix : {kCountSuffix, kValueSuffix}) {
    const std::string metric = std::string(popup_id).append(suffix);
    TNT_ASSIGN_OR_RETURN(const int64_t value, tx.Counter(kRecoveryPopups, kShopOwner, metric));
    if (value == 0) continue;
    TNT_RETURN_IF_ERROR(tx.EraseCounter(kRecoveryPopups, kShopOwner, metric, 0));
    if (suffix != kCountSuffix) continue;
    counters::CounterDeltas deltas;
    deltas.Add({kRecoveryPopups, kNamesOwner, kNamesOwner}, -1);
    TNT_RETURN_IF_ERROR(deltas.WriteTo(tx));
  }
  return Status::Ok();
}

Result<RevenueSums> ReadRevenue(const SpaceReader& shop, int64_t from_unix_ms,
                                int64_t until_unix_ms) {
  RevenueSums sums;
  const std::pair<std::string_view, int64_t*> metrics[] = {
      {kCarts, &sums.carts},
      {kCartValue, &sums.cart_value},
      {kRecoveredCarts, &sums.recovered_carts},
      {kRecoveredValue, &sums.recovered_value}};
  for (const auto& [metric, sum] : metrics) {
    TNT_RETURN_IF_ERROR(shop.ScanCounterBuckets(
        kCartQuarterHours, kShopOwner, metric, counters::QuarterHourOf(from_unix_ms),
        counters::QuarterHourOf(until_unix_ms), [sum = sum](int64_t /*bucket*/, int64_t value) {
          *sum = counters::AddSaturating(*sum, value);
          return true;
        }));
  }
  return sums;
}

double RecoveryRate(const RevenueSums& sums) {
  if (sums.carts == 0) return 0;
  const double share =
      static_cast<double>(sums.recovered_carts) * 1000.0 / static_cast<double>(sums.carts);
  return std::floor(share + 0.5) / 10.0;
}

Result<std::array<RevenueSums, 24>> ReadRevenueHours(const SpaceReader& shop,
                                                     int64_t day_start_unix_ms) {
  std::array<RevenueSums, 24> hours;
  for (size_t i = 0; i < hours.size(); ++i) {
    const int64_t from = day_start_unix_ms + static_cast<int64_t>(i) * counters::kHourMs;
    TNT_ASSIGN_OR_RETURN(hours[i], ReadRevenue(shop, from, from + counters::kHourMs));
  }
  return hours;
}

Result<std::vector<Activity>> ReadActivity(const SpaceReader& shop, uint32_t limit) {
  TNT_ASSIGN_OR_RETURN(const auto carts, Newest<schema::CartAbandonment>(shop, limit));
  TNT_ASSIGN_OR_RETURN(const auto recoveries, Newest<schema::CartRecovery>(shop, limit));
  std::vector<Activity> activities;
  for (size_t cart = 0, recovery = 0; activities.size() < limit;) {
    const bool more_carts = cart < carts.size();
    const bool more_recoveries = recovery < recoveries.size();
    if (!more_carts && !more_recoveries) break;
    // Of one instant the recovery is the newer event.
    const bool won_back = more_recoveries && (!more_carts || recoveries[recovery]->getCreatedAt() >=
                                                                 carts[cart]->getCreatedAt());
    if (!won_back) {
      activities.push_back({carts[cart], std::nullopt, false, "", carts[cart]->getCreatedAt()});
      ++cart;
      continue;
    }
    const auto& record = recoveries[recovery++];
    TNT_ASSIGN_OR_RETURN(auto recovered,
                         shop.Get<schema::CartAbandonment>({View(record->getCartAbandonmentId())}));
    Activity activity{std::move(recovered), record, false, "", record->getCreatedAt()};
    TNT_RETURN_IF_ERROR(NamePopup(shop, &activity));
    activities.push_back(std::move(activity));
  }
  return activities;
}

Result<std::vector<RecoveryShare>> ReadTopPopups(const SpaceReader& shop, uint32_t limit) {
  TNT_ASSIGN_OR_RETURN(std::vector<RecoveryShare> shares, ReadShares(shop, kRecoveryPopups));
  std::erase_if(shares, [](const RecoveryShare& share) { return share.name == kOther; });
  if (shares.size() > limit) shares.resize(limit);
  for (RecoveryShare& share : shares) {
    TNT_ASSIGN_OR_RETURN(share.popup_name, PopupName(shop, share.name));
  }
  return shares;
}

Result<std::vector<RecoveryShare>> ReadMethods(const SpaceReader& shop) {
  return ReadShares(shop, kRecoveryMethods);
}

}  // namespace tenantry::popups
