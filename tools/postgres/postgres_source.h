#pragma once
// PostgresSource: tables of a PostgreSQL database as one consistent picture, streamed.
//
// Shape    everything is read in one read-only transaction (repeatable read), rows with COPY, so memory does not grow with
//          tables. Cells come as text: instants as Unix milliseconds, arrays as JSON, the rest as PostgreSQL writes it.
// Errors   kUnavailable when there is no connection, kInvalidArgument for a table that lacks what is asked for,
//          kIoError when a transfer breaks; always with what the server says, never with the password.
// Threads  one at a time.
// Owns     the connection.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace tenantry::postgres {

struct Column {
  std::string name;
  std::string type;  // As information_schema names it.
};

using Cells = std::vector<std::optional<std::string>>;
using RowSink = std::function<Status(Cells)>;

class PostgresSource {
 public:
  // A URI or key=value text; PGPASSWORD and ~/.pgpass work as everywhere. `zone` is that of timestamps without one.
  static Result<std::unique_ptr<PostgresSource>> Open(const std::string& conninfo,
                                                      const std::string& zone);
  virtual ~PostgresSource() = default;

  // In their order; none for a table that is not there.
  virtual Result<std::vector<Column>> Columns(std::string_view table) = 0;
  virtual Result<uint64_t> CountRows(std::string_view table) = 0;
  // Every row, sorted by those columns of `order` that the table has.
  virtual Status Copy(std::string_view table, const std::vector<Column>& columns,
                      const std::vector<std::string_view>& order, const RowSink& sink) = 0;
};

// A line of COPY's text format to cells. kIoError for a line that is none.
Result<Cells> ParseCopyLine(std::string_view line, size_t columns);

}  // namespace tenantry::postgres
