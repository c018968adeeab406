#pragma once
// RowRecord: a record from the cells of a row.
//
// Errors   kInvalidArgument naming the column and what it should hold.

#include <span>
#include <string>
#include <string_view>

#include <capnp/dynamic.h>

#include "engine/codec/cell_in.h"
#include "engine/porting/source.h"
#include "engine/transaction.h"

namespace tenantry::porting {

struct ColumnField {
  std::string_view column;
  std::string_view field;
};

// Fields of null cells keep their defaults.
Status FillFields(const RowView& row, std::span<const ColumnField> columns,
                  const schema::StructInfo& info, capnp::DynamicStruct::Builder record);

template <class T>
Status FillRecord(const RowView& row, std::span<const ColumnField> columns,
                  codec::Draft<T>* record) {
  return FillFields(row, columns, schema::InfoOf<T>(), capnp::DynamicStruct::Builder(**record));
}

// A cell that must not be null or empty.
Result<std::string> Needed(const RowView& row, std::string_view column);
// A cell with an instant, in Unix milliseconds; `otherwise` when it is null.
Result<int64_t> InstantOf(const RowView& row, std::string_view column, int64_t otherwise);

}  // namespace tenantry::porting
