#pragma once
// Session types: what a gym offers, such as "Morning yoga".
//
// Rules    a name is used once per gym, also by types that were retired. Sessions of a retired type
//          stay; no new ones are made.
// Errors   kAlreadyExists for a taken name, kNotFound.
// Threads  any.

#include <string_view>
#include <vector>

#include "engine/codec/json_in.h"
#include "engine/gym/scope.h"
#include "engine/schema/gym_input.capnp.h"

namespace tenantry::gym {

using SessionType = codec::Stored<schema::GymSessionType>;

Done<SessionType> CreateSessionType(const Scope& scope,
                                    const codec::Input<schema::GymSessionTypeInput>& in);
// Changes what was sent (codec::Extent::kPatch).
Done<SessionType> UpdateSessionType(const Scope& scope, std::string_view id,
                                    const codec::Input<schema::GymSessionTypeInput>& in);
// Again is fine.
Done<SessionType> RetireSessionType(const Scope& scope, std::string_view id);

struct SessionTypeFilter {
  bool active = true;
  std::string_view category;  // Empty: every one.
};
// By name.
Result<std::vector<SessionType>> ListSessionTypes(const SpaceReader& space,
                                                  const SessionTypeFilter& filter);
Result<SessionType> GetSessionType(const SpaceReader& space, std::string_view id);

}  // namespace tenantry::gym
