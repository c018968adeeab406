#pragma once
// Member search: members by the words of their names and e-mail addresses.
//
// Errors   those of the reader.
// Threads  any.

#include <string_view>
#include <vector>

#include "engine/codec/stored.h"
#include "engine/schema/gym.capnp.h"
#include "engine/space_reader.h"

namespace tenantry::gym {

// Every typed word must fit (engine/word_search.h). Newest first; none for a text without words.
Result<std::vector<codec::Stored<schema::GymMember>>> SearchMembers(const SpaceReader& space,
                                                                    std::string_view text);

}  // namespace tenantry::gym
