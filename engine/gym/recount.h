#pragma once
// Recount: whether what a gym keeps as numbers is what its records add up to: members, sessions with room, seats taken, and
// members' bookings.
//
// Errors   those of the reader; a wrong number is told, not an error.
// Threads  one reader.

#include <functional>
#include <string>

#include "engine/space_reader.h"

namespace tenantry::gym {

// `differs` hears one sentence per number that is wrong.
Status Recount(const SpaceReader& gym, const std::function<void(std::string what)>& differs);

}  // namespace tenantry::gym
