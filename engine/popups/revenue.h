#pragma once
// Revenue: carts that were left, and carts won back.
//
// Shape    a cart is recovered at most once; recording it again answers the first recovery. Sums are
//          counters by quarter hour of the cart's creation, so no answer loads carts.
// Units    money in hundredths; instants in Unix milliseconds.
// Errors   TrackRecovery: kNotFound for a cart that is unknown or another shop's.
// Threads  any; stateless.
// Source   popups.md §6, F40, F68, F69, F70.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/engine.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"

namespace tenantry::popups {

struct RevenueReply {
  Outcome outcome;
  std::string id;  // Of the cart or recovery; set when the command was accepted.
};
RevenueReply TrackAbandonment(Engine& engine, const TenantRef& shop,
                              const codec::Input<schema::TrackAbandonmentInput>& input,
                              const CommandInfo& info, ReadTier tier);
RevenueReply TrackRecovery(Engine& engine, const TenantRef& shop,
                           const codec::Input<schema::TrackRecoveryInput>& input,
                           const CommandInfo& info, ReadTier tier);
// Steps of commands: a cart or a recovery with its id and time, and what counts it. The recovery is the first of `cart`.
Status InsertCart(Transaction& tx, const codec::Draft<schema::CartAbandonment>& cart);
Status InsertRecovery(Transaction& tx, const codec::Stored<schema::CartAbandonment>& cart,
                      codec::Draft<schema::CartRecovery>* recovery);
// A step of deleting a popup: its recoveries stay and count for no popup.
Status ForgetPopupRecoveries(Transaction& tx, std::string_view popup_id);

struct RevenueSums {
  int64_t carts = 0;
  int64_t cart_value = 0;
  int64_t recovered_carts = 0;
  int64_t recovered_value = 0;  // Of the carts, not what was paid.
  int64_t at_risk() const { return cart_value - recovered_value; }
};
// Carts left in [from, until); both on quarter hours.
Result<RevenueSums> ReadRevenue(const SpaceReader& shop, int64_t from_unix_ms,
                                int64_t until_unix_ms);
// Recovered carts of all, in percent with one decimal.
double RecoveryRate(const RevenueSums& sums);

// The 24 hours after `day_start_unix_ms`.
Result<std::array<RevenueSums, 24>> ReadRevenueHours(const SpaceReader& shop,
                                                     int64_t day_start_unix_ms);

struct Activity {
  codec::Stored<schema::CartAbandonment> cart;
  std::optional<codec::Stored<schema::CartRecovery>> recovery;  // None: the cart was left.
  bool has_popup = false;
  std::string popup_name;
  int64_t at_unix_ms = 0;
};
// Carts left and won back, newest first.
Result<std::vector<Activity>> ReadActivity(const SpaceReader& shop, uint32_t limit);

inline constexpr std::string_view kUnnamedPopup = "Unnamed Popup";
struct RecoveryShare {
  std::string name;  // Popup id or method.
  std::string popup_name;
  int64_t count = 0;
  int64_t value = 0;
};
// By value, highest first.
Result<std::vector<RecoveryShare>> ReadTopPopups(const SpaceReader& shop, uint32_t limit);
Result<std::vector<RecoveryShare>> ReadMethods(const SpaceReader& shop);

}  // namespace tenantry::popups
