#include "server/popups/api_docs.h"

#include "engine/schema/catalog.h"
#include "engine/schema/popups.capnp.h"
#include "engine/schema/popups_input.capnp.h"
#include "engine/schema/webhooks.capnp.h"

namespace tenantry::server::popups {
namespace {

using openapi::RouteDoc;
using openapi::Shape;

template <class T>
constexpr openapi::StructFunction kInput = &schema::InfoOf<T>;

constexpr openapi::StructFunction kRecords[] = {
    &schema::InfoOf<schema::Popup>,           &schema::InfoOf<schema::PopupView>,
    &schema::InfoOf<schema::PopupConversion>, &schema::InfoOf<schema::DiscountCode>,
    &schema::InfoOf<schema::EmailSubscriber>, &schema::InfoOf<schema::AbGroup>,
    &schema::InfoOf<schema::CartItem>};

constexpr std::string_view kShop = "{shopId: string}";
constexpr std::string_view kShopList = "{shopId: string, page?: int, limit?: int}";
constexpr std::string_view kSpan = "{from?: time, until?: time}";

// clang-format off
// A shape may use those above it.
constexpr Shape kShapes[] = {
    {"PopupDocument", "Popup & {viewCount: int}"},
    {"PopupStats",    "{popupId: string, views: int, conversions: int, conversionRate: number, totalRevenue: number, "
                      "conversionsByType: {*: int}}"},
    {"ShopStats",     "{shopId: string, totalPopups: int, totalViews: int, totalConversions: int, "
                      "averageConversionRate: number}"},
    {"AbGroupDocument", "AbGroup & {totalVisitors: int}"},
    {"AbResult",      "PopupStats & {trafficPercentage: number}"},
    {"Activity",      "{id: string, type: string, value: number, items: CartItem[], location: string?, deviceType: string?, "
                      "trafficSource: string?, timestamp: time, recoveredVia: string?, popupName?: string, timeAgo: string}"},
    {"Features",      "{abTesting: bool, advancedAnalytics: bool, customDomains: bool, prioritySupport: bool, apiAccess: bool}"},
    {"PlanLimits",    "{maxPopups: int, maxViewsPerMonth: int, features: Features}"},
    {"PlanUsage",     "{popupCount: int, popupViews: int, popupConversions: int}"},
    {"Pricing",       "{price: int, currency: string, interval: string}"},
    {"Plan",          "{id: string, name: string, limits: PlanLimits} & Pricing"},
    {"Subscription",  "{id: string, planType: string, status: string, currentPeriodEnd: string?, createdAt: time}"},
    {"PeriodCounts",  "{views: int, conversions: int, revenue: number, uniqueVisitors: int}"},
    {"ValueViews",    "{value: string, views: int}"},
    {"Breakdown",     "{from: string, to: string, completeUntil: string?, device?: ValueViews[], browser?: ValueViews[], "
                      "page?: ValueViews[], referrer?: ValueViews[]}"},
    {"SeriesPoint",   "{start: time} & PeriodCounts"},
    {"Series",        "{popupId: string, granularity: string, tz: string, from: time, to: time, standardErrorPercent: number, "
                      "visitorsAligned: bool, total: PeriodCounts, points: SeriesPoint[], breakdown: Breakdown}"},
    {"Visitors",      "{from: time, until: time, uniqueVisitors: int, standardErrorPercent: number}"},
};

constexpr RouteDoc kRoutes[] = {
    {"POST /popups",                               "Add a popup", 201, "PopupDocument", kInput<schema::CreatePopupInput>},
    {"GET /popups",                                "List a shop's popups, newest first", 200, "PopupDocument[]", nullptr, kShopList},
    {"GET /popups/active",                         "List the popups a storefront shows", 200, "PopupDocument[]", nullptr, kShop},
    {"GET /popups/:id",                            "Read a popup", 200, "PopupDocument", nullptr, kShop},
    {"PATCH /popups/:id",                          "Change a popup", 200, "PopupDocument", kInput<schema::UpdatePopupInput>, kShop},
    {"DELETE /popups/:id",                         "Remove a popup and its events", 204, "", nullptr, kShop},

    {"POST /analytics/views",                      "Record that a popup was shown", 201, "PopupView", kInput<schema::TrackViewInput>},
    {"POST /analytics/conversions",                "Record a popup's success", 201, "PopupConversion", kInput<schema::TrackConversionInput>},
    {"GET /analytics/popup/:popupId",              "Count a popup's views and conversions", 200, "PopupStats", nullptr, "{shopId?: string}"},
    {"GET /analytics/shop/:shopId",                "Count a shop's views and conversions", 200, "ShopStats"},
    {"GET /analytics/popup/:popupId/visitors",     "Estimate a popup's distinct visitors", 200, "{popupId: string} & Visitors", nullptr, kSpan},
    {"GET /analytics/shop/:shopId/visitors",       "Estimate a shop's distinct visitors", 200, "{shopId: string} & Visitors", nullptr, kSpan},
    {"POST /analytics/events",                     "Record up to a hundred events, each once by its id", 201, "{accepted: int, results: string[]}", kInput<schema::TrackEventsInput>},
    {"GET /analytics/popup/:popupId/series",       "Count by hour, day, week or month of a time zone, with breakdowns", 200, "Series", nullptr, "{from?: string, to?: string, granularity?: string, tz?: string, shopId?: string}"},
    {"GET /analytics/shop/:shopId/filtered",       "Count what each bot rule kept out", 200, "{shopId: string, filtered: {*: int}}"},

    {"POST /ab-testing",                           "Add a split test", 201, "AbGroupDocument", kInput<schema::CreateAbGroupInput>},
    {"GET /ab-testing",                            "List a shop's split tests, newest first", 200, "AbGroupDocument[]", nullptr, kShopList},
    {"GET /ab-testing/:id",                        "Read a split test", 200, "AbGroupDocument", nullptr, kShop},
    {"PATCH /ab-testing/:id",                      "Change a split test", 200, "AbGroupDocument", kInput<schema::UpdateAbGroupInput>, kShop},
    {"GET /ab-testing/:id/results",                "Compare the popups of a split test", 200, "{group: AbGroupDocument, results: AbResult[], winner: AbResult?}", nullptr, kShop},
    {"POST /ab-testing/:id/winner",                "End a split test with a winner", 201, "AbGroupDocument", kInput<schema::SelectWinnerInput>, kShop},
    {"GET /ab-testing/:id/assign",                 "Assign a visitor to a popup, once and for all", 200, "{groupId: string, visitorId: string, popupId: string?}", nullptr, "{shopId: string, visitorId: string}"},

    {"POST /revenue/track-abandonment",            "Record a cart that was left", 201, "{success: bool, eventId: string}", kInput<schema::TrackAbandonmentInput>},
    {"POST /revenue/track-recovery",               "Record a cart that was won back", 201, "{success: bool, recoveryId: string}", kInput<schema::TrackRecoveryInput>},
    {"GET /revenue/stats",                         "Sum up carts left and won back", 200, "{atRisk: number, recovered: number, recoveryRate: number, abandonedCount: int, recoveredCount: int}", nullptr, "{shopId: string, period?: string}"},
    {"GET /revenue/activity-feed",                 "List carts left and won back, newest first", 200, "Activity[]", nullptr, "{shopId: string, limit?: int}"},
    {"GET /revenue/hourly-breakdown",              "Sum up the hours of a day", 200, "{hour: int, atRisk: number, recovered: number}[]", nullptr, "{shopId: string, date?: string}"},
    {"GET /revenue/top-popups",                    "List the popups that won back most", 200, "{popupId: string, popupName: string, recoveryCount: int, totalRecovered: number}[]", nullptr, "{shopId: string, limit?: int}"},
    {"GET /revenue/conversion-breakdown",          "List the ways in which carts were won back", 200, "{method: string, count: int, percentage: int, totalValue: number}[]", nullptr, kShop},

    {"GET /subscriptions/plans",                   "List the plans", 200, "{plans: Plan[]}"},
    {"GET /subscriptions/status",                  "Read a shop's plan, limits and usage", 200, "{subscription: Subscription, limits: PlanLimits, usage: PlanUsage, pricing: Pricing}", nullptr, kShop},
    {"GET /subscriptions/limits",                  "Read what a shop may use", 200, "PlanLimits", nullptr, kShop},
    {"GET /subscriptions/usage",                   "Read what a shop used this month", 200, "PlanUsage", nullptr, kShop},

    {"POST /discount-codes",                       "Add a discount code", 201, "DiscountCode", kInput<schema::CreateDiscountCodeInput>},
    {"GET /discount-codes",                        "List a shop's discount codes, newest first", 200, "DiscountCode[]", nullptr, kShopList},
    {"GET /discount-codes/:id",                    "Read a discount code", 200, "DiscountCode", nullptr, kShop},
    {"GET /discount-codes/code/:code",             "Find a usable discount code; no body when there is none", 200, "DiscountCode", nullptr, kShop},

    {"POST /email-subscribers",                    "Subscribe an address", 201, "EmailSubscriber", kInput<schema::SubscribeInput>},
    {"GET /email-subscribers",                     "List a shop's active subscribers, newest first", 200, "EmailSubscriber[]", nullptr, kShopList},
    {"GET /email-subscribers/count",               "Count a shop's active subscribers", 200, "{count: int}", nullptr, kShop},
    {"GET /email-subscribers/popup/:popupId",      "List a popup's active subscribers", 200, "EmailSubscriber[]", nullptr, "{shopId?: string, page?: int, limit?: int}"},
    {"POST /email-subscribers/unsubscribe",        "Unsubscribe an address", 204, "", kInput<schema::UnsubscribeInput>, kShop},
    {"DELETE /email-subscribers",                  "Erase a person by address", 204, "", nullptr, "{shopId: string, email: string}"},
    {"GET /email-subscribers/export.csv",          "Export every subscriber", 200, "text/csv", nullptr, kShop},

    {"GET /scripts/:hash/popup.js",                "The script under an address that names its content", 200, "application/javascript", nullptr, kShop},
    {"GET /scripts/popup.json",                    "Where the script is, and its hash", 200, "{url: string, immutableUrl: string, integrity: string}", nullptr, kShop},
    {"GET /scripts/popup.js",                      "The script a storefront includes", 200, "application/javascript", nullptr, kShop},

    {"GET /shops/:shopId/webhooks", "List webhooks", 200, "WebhookEndpoint[]"},
    {"POST /shops/:shopId/webhooks", "Add a webhook; the only answer that shows its secret", 201, "WebhookEndpoint & {secret: string}", kInput<schema::WebhookInput>},
    {"GET /shops/:shopId/webhooks/events", "List the types of events", 200, "{types: string[]}"},
    {"GET /shops/:shopId/webhooks/:id", "Read a webhook", 200, "WebhookEndpoint"},
    {"PATCH /shops/:shopId/webhooks/:id", "Change a webhook", 200, "WebhookEndpoint", kInput<schema::WebhookPatch>},
    {"DELETE /shops/:shopId/webhooks/:id", "Remove a webhook", 204},
    {"GET /shops/:shopId/webhooks/:id/deliveries", "List what was sent, newest first", 200, "WebhookDelivery[]", nullptr, "{limit?: int}"},
    {"POST /shops/:shopId/webhooks/:id/deliveries/:deliveryId/replay", "Send a delivery again", 202, "WebhookDelivery"},
};
// clang-format on

}  // namespace

openapi::ApiDocs PopupApiDocs() {
  return {kRoutes, kShapes, kRecords};
}

}  // namespace tenantry::server::popups
