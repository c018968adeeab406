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
    &schema::InfoOf<schema::Popup>, &schema::InfoOf<schema::PopupView>,
    &schema::InfoOf<schema::PopupConversion>, &schema::InfoOf<schema::DiscountCode>,
    &schema::InfoOf<schema::EmailSubscriber>};

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

    {"POST /discount-codes",                       "Add a discount code", 201, "DiscountCode", kInput<schema::CreateDiscountCodeInput>},
    {"GET /discount-codes",                        "List a shop's discount codes, newest first", 200, "DiscountCode[]", nullptr, kShopList},
    {"GET /discount-codes/:id",                    "Read a discount code", 200, "DiscountCode", nullptr, kShop},
    {"GET /discount-codes/code/:code",             "Find a usable discount code; no body when there is none", 200, "DiscountCode", nullptr, kShop},

    {"POST /email-subscribers",                    "Subscribe an address", 201, "EmailSubscriber", kInput<schema::SubscribeInput>},
    {"GET /email-subscribers",                     "List a shop's active subscribers, newest first", 200, "EmailSubscriber[]", nullptr, kShopList},
    {"GET /email-subscribers/count",               "Count a shop's active subscribers", 200, "{count: int}", nullptr, kShop},
    {"GET /email-subscribers/popup/:popupId",      "List a popup's active subscribers", 200, "EmailSubscriber[]", nullptr, "{shopId?: string, page?: int, limit?: int}"},
    {"POST /email-subscribers/unsubscribe",        "Unsubscribe an address", 204, "", kInput<schema::UnsubscribeInput>, kShop},

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
