#pragma once
// Source: rows of another system's tables, as they come in.
//
// Shape    a table has named columns; a row has a cell for each, text or null. Instants arrive as Unix milliseconds or
//          ISO-8601, lists as JSON arrays (engine/codec/cell_in.h).
// Threads  one at a time.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenantry::porting {

struct SourceTable {
  std::string name;
  std::vector<std::string> columns;
};

struct SourceRow {
  std::vector<std::optional<std::string>> cells;  // As many as the table has columns.

  size_t bytes() const {
    size_t sum = 0;
    for (const auto& cell : cells) sum += cell ? cell->size() : 0;
    return sum;
  }
};

// A row with its table. Borrows both.
class RowView {
 public:
  RowView(const SourceTable& table, const SourceRow& row) : table_(&table), row_(&row) {}

  // Null and a column that the table lacks are the same.
  const std::optional<std::string>& Cell(std::string_view column) const {
    static const std::optional<std::string> kNone;
    for (size_t i = 0; i < table_->columns.size(); ++i) {
      if (table_->columns[i] == column) return row_->cells[i];
    }
    return kNone;
  }
  // Empty when null.
  std::string_view Text(std::string_view column) const {
    const std::optional<std::string>& cell = Cell(column);
    return cell ? std::string_view(*cell) : std::string_view();
  }
  const SourceTable& table() const { return *table_; }
  size_t bytes() const { return row_->bytes(); }

 private:
  const SourceTable* table_;
  const SourceRow* row_;
};

}  // namespace tenantry::porting
