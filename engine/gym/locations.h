#pragma once
// Locations: the places of a gym.
//
// Rules    a name is used once per gym, also by places that were closed. Times of day are in the
//          place's zone. A closed place keeps its sessions and takes no new ones.
// Errors   kInvalidArgument for an unknown zone, kAlreadyExists for a taken name, kNotFound.
// Threads  any.

#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/gym/scope.h"
#include "engine/schema/gym_input.capnp.h"

namespace tenantry::gym {

using Location = codec::Stored<schema::GymLocation>;

Done<Location> CreateLocation(const Scope& scope, const codec::Input<schema::GymLocationInput>& in);
// Changes what was sent (codec::Extent::kPatch).
Done<Location> UpdateLocation(const Scope& scope, std::string_view id,
                              const codec::Input<schema::GymLocationInput>& in);
// Again is fine.
Done<Location> CloseLocation(const Scope& scope, std::string_view id);

// Active ones by name; at most `limit`.
Result<std::vector<Location>> ListLocations(const SpaceReader& space, size_t limit);
// kNotFound with the text the contract fixes.
Result<Location> GetLocation(const SpaceReader& space, std::string_view id);

}  // namespace tenantry::gym
