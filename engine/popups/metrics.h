#pragma once
// Metrics: the names of the popup module's counters and sketches. On disk: never reused, never
// renamed.
//
//   family                owner      metric                                bucket
//   kPopupTotals          popup id   views conversions revenue subscribers 0
//                                    and the JSON name of a conversion type
//   kPopupQuarterHours    popup id   views conversions revenue             quarter hour, UTC
//   kShopTotals           "shop"     popups codes subscribers groups views 0
//                                    conversions revenue
//   kShopMonths           "shop"     views conversions                     month, UTC
//   kAbGroups             group id   visitors                              0
//   kCartQuarterHours     "shop"     carts cartValue recoveredCarts        quarter hour, UTC,
//                                    recoveredValue                        of the cart
//   kRecoveryPopups       "shop"     <popup id>/count, <popup id>/value    0
//   kRecoveryMethods      "shop"     <method>/count, <method>/value        0
//   kPopupBreakdown       popup id   YYYY-MM-DD/<dimension>/<value>        0
//   kShopFiltered         "shop"     name of a bot rule                    0
//   kPopupVisitors        popup id   (sketch)                              hour, UTC
//   kShopVisitors         "shop"     (sketch)                              hour, UTC
//
// Shop totals sum over the popups that exist; months keep what deleted popups counted, as a bill
// would.

#include <cstdint>
#include <string_view>

namespace tenantry::popups {

enum Family : uint8_t {
  kPopupTotals = 1,
  kPopupQuarterHours = 2,
  kShopTotals = 3,
  kShopMonths = 4,
  kAbGroups = 5,
  kCartQuarterHours = 6,
  kPopupVisitors = 8,
  kShopVisitors = 9,
  kRecoveryPopups = 10,
  kRecoveryMethods = 11,
  kPopupBreakdown = 12,
  kShopFiltered = 13,
};

inline constexpr std::string_view kShopOwner = "shop";

inline constexpr std::string_view kViews = "views";
inline constexpr std::string_view kConversions = "conversions";
inline constexpr std::string_view kRevenue = "revenue";  // Hundredths.
inline constexpr std::string_view kPopups = "popups";
inline constexpr std::string_view kCodes = "codes";
inline constexpr std::string_view kSubscribers = "subscribers";  // Active ones.
inline constexpr std::string_view kGroups = "groups";            // A/B tests.
inline constexpr std::string_view kVisitors = "visitors";
inline constexpr std::string_view kCarts = "carts";
inline constexpr std::string_view kCartValue = "cartValue";  // Hundredths.
inline constexpr std::string_view kRecoveredCarts = "recoveredCarts";
inline constexpr std::string_view kRecoveredValue = "recoveredValue";  // Hundredths.

// By schema::ConversionType.
inline constexpr std::string_view kConversionTypes[] = {"email_capture", "discount_code_used",
                                                        "click", "purchase"};

// Meta row of a shop: eight random bytes that seed its visitor hashes. Erased with the shop, never
// changed.
inline constexpr std::string_view kVisitorSecretMeta = "visitorSecret";

}  // namespace tenantry::popups
