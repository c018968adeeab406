#pragma once
// Collections: every record of the schema, for what looks at all of them: dumps, verification, tests.
//
// Threads  any.

#include <cstdint>
#include <span>

#include "engine/schema/catalog.h"

namespace tenantry::schema {

// In rising order of their numbers.
std::span<const Collection* const> AllCollections();
// nullptr for a number that this build does not know.
const Collection* FindCollection(uint16_t number);

}  // namespace tenantry::schema
