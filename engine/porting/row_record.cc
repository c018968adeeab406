#include "engine/porting/row_record.h"

#include <charconv>

#include "engine/base/check.h"
#include "engine/base/time_format.h"

namespace tenantry::porting {

Status FillFields(const RowView& row, std::span<const ColumnField> columns,
                  const schema::StructInfo& info, capnp::DynamicStruct::Builder record) {
  for (const ColumnField& column : columns) {
    const std::optional<std::string>& cell = row.Cell(column.column);
    if (!cell) continue;
    const schema::FieldInfo* const field = info.FindField(column.field);
    TNT_CHECK(field != nullptr);
    if (const Status set = codec::SetCell(*field, *cell, record); !set.ok()) {
      return InvalidArgument(std::string(column.column) + ": " + std::string(set.message()));
    }
  }
  return Status::Ok();
}

Result<std::string> Needed(const RowView& row, std::string_view column) {
  const std::string_view text = row.Text(column);
  if (text.empty()) return InvalidArgument(std::string(column) + " is missing");
  return std::string(text);
}

Result<int64_t> InstantOf(const RowView& row, std::string_view column, int64_t otherwise) {
  const std::string_view text = row.Text(column);
  if (text.empty()) return otherwise;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  if (const std::optional<int64_t> instant = ParseInstant(text)) return *instant;
  return InvalidArgument(std::string(column) + " is no instant");
}

}  // namespace tenantry::porting
