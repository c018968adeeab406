#pragma once
// TypeText: reads the small type language of docs.h and gives a JSON Schema.
//
// Errors   kInvalidArgument with the text and the place: a mistake in our own tables, which a test finds.
// Threads  stateless.

#include <functional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"

namespace tenantry::openapi {

using Json = nlohmann::ordered_json;

// The schema behind a name, or null when nobody has it. `&` needs the members; everything else refers to the name.
using FindType = std::function<const Json*(std::string_view name)>;

Result<Json> ParseType(std::string_view text, const FindType& find);

}  // namespace tenantry::openapi
