#pragma once
// DocumentHead: the parts of the OpenAPI document that do not come from routes: what the API is, how callers show who they
// are, and what errors look like.

#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace tenantry::openapi {

using Json = nlohmann::ordered_json;

// The body of an error; the gym's has a time and a path.
Json ErrorSchema(bool gym);
// Everything but "paths". `tags` are the first segments of paths.
Json DocumentHead(const std::set<std::string>& tags, Json schemas);

}  // namespace tenantry::openapi
