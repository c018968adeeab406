#pragma once
// RowFile: rows of a CSV or JSON Lines file, as names and cells.
//
// Shape    CSV as RFC 4180: the first line names the columns, quotes may hold commas, quotes and line ends; an apostrophe before
//          a sign that starts a formula is taken away. JSON Lines: an object per line; the first names the columns, and
//          documents inside stay JSON text. An empty CSV cell and a JSON null are null.
// Errors   kInvalidArgument naming the line: other numbers of cells, broken quotes or JSON, text that is not UTF-8.
// Threads  one at a time.

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace tenantry::rows {

using Cells = std::vector<std::optional<std::string>>;

class RowFile {
 public:
  // `in` must outlive the object.
  static Result<std::unique_ptr<RowFile>> OpenCsv(std::istream& in);
  static Result<std::unique_ptr<RowFile>> OpenJsonLines(std::istream& in);
  virtual ~RowFile() = default;

  // In the order of cells. Of JSON Lines those of the first object; a later one may leave some out, and has no others.
  const std::vector<std::string>& columns() const { return columns_; }
  // False behind the last row.
  virtual Result<bool> Next(Cells* cells) = 0;

 protected:
  std::vector<std::string> columns_;
};

}  // namespace tenantry::rows
