#pragma once
// StructSchema: a struct of the schema catalog as a JSON Schema.
//
// Shape    RecordSchema() is what codec::AppendObject writes: every field that is not internal, always there.
//          InputSchema() is what codec::Input takes: the rules, the aliases, null for "not sent"; of a patch nothing is
//          required.
// Threads  stateless.

#include <nlohmann/json_fwd.hpp>

#include "engine/schema/catalog.h"

namespace tenantry::openapi {

using Json = nlohmann::ordered_json;

Json RecordSchema(const schema::StructInfo& info);
Json InputSchema(const schema::StructInfo& info, bool patch = false);

}  // namespace tenantry::openapi
