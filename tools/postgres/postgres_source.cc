#include "tools/postgres/postgres_source.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace tenantry::postgres {
namespace {

struct Finisher {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finisher>;
using Answer = std::unique_ptr<PGresult, Finisher>;

std::string Message(PGconn* connection) {
  std::string text = PQerrorMessage(connection);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "PostgreSQL: " + text;
}

class LibpqSource final : public PostgresSource {
 public:
  LibpqSource(Connection connection, std::string zone)
      : connection_(std::move(connection)), zone_(std::move(zone)) {}

  Status Begin();
  Result<std::vector<Column>> Columns(std::string_view table) override;
  Result<uint64_t> CountRows(std::string_view table) override;
  Status Copy(std::string_view table, const std::vector<Column>& columns,
              const std::vector<std::string_view>& order, const RowSink& sink) override;

 private:
  Result<Answer> Ask(const std::string& sql, ExecStatusType wanted);
  std::string Identifier(std::string_view name) const;
  std::string Literal(std::string_view text) const;
  std::string Expression(const Column& column) const;

  Connection connection_;
  const std::string zone_;
};

Result<Answer> LibpqSource::Ask(const std::string& sql, ExecStatusType wanted) {
  Answer answer(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(answer.get()) != wanted) return IoError(Message(connection_.get()));
  return answer;
}

Status LibpqSource::Begin() {
  TNT_RETURN_IF_ERROR(
      Ask("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", PGRES_COMMAND_OK)
          .status());
  TNT_RETURN_IF_ERROR(Ask("SELECT now() AT TIME ZONE " + Literal(zone_), PGRES_TUPLES_OK).status());
  // Floats in full, so that an amount is the one that was stored.
  return Ask("SET LOCAL extra_float_digits = 1", PGRES_COMMAND_OK).status();
}

std::string LibpqSource::Identifier(std::string_view name) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
      PQescapeIdentifier(connection_.get(), name.data(), name.size()), &PQfreemem);
  return quoted == nullptr ? std::string("\"\"") : std::string(quoted.get());
}

std::string LibpqSource::Literal(std::string_view text) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(
      PQescapeLiteral(connection_.get(), text.data(), text.size()), &PQfreemem);
  return quoted == nullptr ? std::string("''") : std::string(quoted.get());
}

std::string LibpqSource::Expression(const Column& column) const {
  const std::string name = Identifier(column.name);
  const auto instant = [](const std::string& value) {
    return "floor(extract(epoch from " + value + ") * 1000)::bigint::text";
  };
  if (column.type == "timestamp without time zone") {
    return instant("(" + name + " AT TIME ZONE " + Literal(zone_) + ")");
  }
  if (column.type == "timestamp with time zone") return instant(name);
  if (column.type == "ARRAY") return "array_to_json(" + name + ")::text";
  return name + "::text";
}

Result<std::vector<Column>> LibpqSource::Columns(std::string_view table) {
  TNT_ASSIGN_OR_RETURN(
      const Answer answer,
      Ask("SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = "
          "ANY(current_schemas(false)) AND table_name = " +
              Literal(table) + " ORDER BY ordinal_position",
          PGRES_TUPLES_OK));
  std::vector<Column> columns;
  for (int i = 0; i < PQntuples(answer.get()); ++i) {
    columns.push_back({PQgetvalue(answer.get(), i, 0), PQgetvalue(answer.get(), i, 1)});
  }
  return columns;
}

Result<uint64_t> LibpqSource::CountRows(std::string_view table) {
  TNT_ASSIGN_OR_RETURN(const Answer answer,
                       Ask("SELECT count(*) FROM " + Identifier(table), PGRES_TUPLES_OK));
  const std::string_view text = PQgetvalue(answer.get(), 0, 0);
  uint64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

Status LibpqSource::Copy(std::string_view table, const std::vector<Column>& columns,
                         const std::vector<std::string_view>& order, const RowSink& sink) {
  std::string select;
  for (const Column& column : columns) {
    select += (select.empty() ? "" : ", ") + Expression(column);
  }
  std::string by;
  for (const std::string_view name : order) {
    const bool known = std::any_of(columns.begin(), columns.end(),
                                   [name](const Column& c) { return c.name == name; });
    if (known) by += (by.empty() ? " ORDER BY " : ", ") + Identifier(name);
  }
  TNT_RETURN_IF_ERROR(
      Ask("COPY (SELECT " + select + " FROM " + Identifier(table) + by + ") TO STDOUT",
          PGRES_COPY_OUT)
          .status());
  Status status;
  while (true) {
    char* bytes = nullptr;
    const int length = PQgetCopyData(connection_.get(), &bytes, 0);
    if (length < 0) break;
    const std::unique_ptr<char, decltype(&PQfreemem)> held(bytes, &PQfreemem);
    if (!status.ok()) continue;  // The rest is read and dropped: the connection stays usable.
    Result<Cells> cells = ParseCopyLine({bytes, static_cast<size_t>(length)}, columns.size());
    status = cells.ok() ? sink(*std::move(cells)) : cells.status();
  }
  const Answer end(PQgetResult(connection_.get()));
  const bool whole = PQresultStatus(end.get()) == PGRES_COMMAND_OK;
  while (const Answer more{PQgetResult(connection_.get())}) {
  }
  if (status.ok() && !whole) return IoError(Message(connection_.get()));
  return status;
}

// The character a backslash and `c` stand for.
char Unescaped(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return c;
  }
}

}  // namespace

Result<Cells> ParseCopyLine(std::string_view line, size_t columns) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  Cells cells;
  while (true) {
    const size_t end = std::min(line.find('\t'), line.size());
    const std::string_view raw = line.substr(0, end);
    if (raw == "\\N") {
      cells.emplace_back();
    } else {
      std::string text;
      for (size_t i = 0; i < raw.size(); ++i) {
        const bool escaped = raw[i] == '\\' && i + 1 < raw.size();
        text.push_back(escaped ? Unescaped(raw[++i]) : raw[i]);
      }
      cells.emplace_back(std::move(text));
    }
    if (end == line.size()) break;
    line.remove_prefix(end + 1);
  }
  if (cells.size() != columns) {
    return IoError(
        fmt::format("PostgreSQL sent a row of {} cells, {} expected", cells.size(), columns));
  }
  return cells;
}

Result<std::unique_ptr<PostgresSource>> PostgresSource::Open(const std::string& conninfo,
                                                             const std::string& zone) {
  const char* const keywords[] = {"dbname", "client_encoding", "application_name", nullptr};
  const char* const values[] = {conninfo.c_str(), "UTF8", "tenantry import", nullptr};
  Connection connection(PQconnectdbParams(keywords, values, 1));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return Unavailable(Message(connection.get()));
  }
  auto source = std::make_unique<LibpqSource>(std::move(connection), zone);
  TNT_RETURN_IF_ERROR(source->Begin());
  return std::unique_ptr<PostgresSource>(std::move(source));
}

}  // namespace tenantry::postgres
