#pragma once
// DescribeKey: what a key of the store names, in words and as JSON.
//
// Errors   kInvalidArgument for bytes that are no key.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "engine/base/result.h"

namespace tenantry::inspect {

// {"space":3,"kind":"record","collection":"gymBookings","key":["…"]} and the like.
Result<nlohmann::json> DescribeKey(std::string_view key);

}  // namespace tenantry::inspect
