#pragma once
// Cell in: one field of a record from a cell of a table: a column of another database, or of a CSV file.
//
// Shape    text as it is; numbers and money as decimals; timestamps as Unix milliseconds or ISO-8601 with a zone; booleans
//          as true/false, t/f, yes/no, 1/0; enums by their JSON names, ignoring case; lists of text as a JSON array or
//          separated by commas; lists of structs as a JSON array; JSON documents as they are, the JSON null as none.
// Errors   kInvalidArgument saying what the cell should hold; never the cell's value.
// Threads  stateless.

#include <string>
#include <string_view>

#include <capnp/dynamic.h>

#include "engine/base/result.h"
#include "engine/schema/catalog.h"

namespace tenantry::codec {

Status SetCell(const schema::FieldInfo& field, std::string_view cell,
               capnp::DynamicStruct::Builder record);

// The cell that SetCell reads back; nullopt-like emptiness is told by `is_null`.
std::string FormatCell(const schema::FieldInfo& field, capnp::DynamicStruct::Reader record,
                       bool* is_null);

// Decimal text to hundredths, halves away from zero. kInvalidArgument for anything else or too large.
Result<int64_t> ParseHundredths(std::string_view text);

}  // namespace tenantry::codec
