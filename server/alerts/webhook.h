#pragma once
// Webhook: one POST of a JSON text to the operator's address.
//
// Errors   kUnavailable with the reason when the address does not answer 2xx in time.
// Threads  any; blocks for at most the time limit.

#include <string>

#include "engine/base/status.h"

namespace tenantry::alerts {

inline constexpr long kWebhookTimeoutMs = 3000;  // crosscutting.md R1.

// Whether the address is http or https and names a host.
Status CheckWebhookUrl(const std::string& url);
Status PostWebhook(const std::string& url, const std::string& body);

}  // namespace tenantry::alerts
