#pragma once
// Recount: whether what a shop keeps as numbers is what its records add up to: popups, codes, subscribers, groups, and the
// shop's sums over its popups. Views and conversions themselves outlive their events, so their sums are compared.
//
// Errors   those of the reader; a wrong number is told, not an error.
// Threads  one reader.

#include <functional>
#include <string>

#include "engine/space_reader.h"

namespace tenantry::popups {

// `differs` hears one sentence per number that is wrong.
Status Recount(const SpaceReader& shop, const std::function<void(std::string what)>& differs);

}  // namespace tenantry::popups
