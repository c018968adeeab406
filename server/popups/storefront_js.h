#pragma once
// StorefrontJs: storefront.js as text. The build embeds the file; it is one function expression
// that the server calls with the shop's values.

#include <string_view>

namespace tenantry::server::popups {

extern const std::string_view kStorefrontJs;

}  // namespace tenantry::server::popups
