#pragma once
// AlertPost: one alert to the operator's address. The operator may name any address, private ones too.
//
// Errors   Send(): kUnavailable with the reason unless the address answers 2xx in time.
// Threads  any; blocks for outbound::kCallTimeoutMs at most.
// Owns     its caller, so that tenants' targets and the operator's share no breaker.

#include <string>

#include "server/outbound/caller.h"

namespace tenantry::alerts {

class AlertPost {
 public:
  AlertPost(const Clock& clock, std::string url);
  Status Send(const std::string& body);

 private:
  const std::string url_;
  outbound::Caller caller_;
};

}  // namespace tenantry::alerts
