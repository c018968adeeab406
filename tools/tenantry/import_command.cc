#include "tools/tenantry/import_command.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <stdlib.h>

#include "engine/porting/import.h"
#include "tools/postgres/postgres_source.h"
#include "tools/tenantry/data_folder.h"
#include "tools/tenantry/row_pipe.h"
#include "tools/tenantry/rows_command.h"

namespace tenantry::tools {
namespace {

using nlohmann::json;
using server::AdminReply;
using server::AdminRequest;

Status WriteTable(postgres::PostgresSource& source, const porting::TableSpec& table,
                  RowPipe* pipe) {
  TNT_ASSIGN_OR_RETURN(const std::vector<postgres::Column> columns, source.Columns(table.name));
  if (columns.empty()) {
    return pipe->Write({{"note", fmt::format("the source has no table {}", table.name)}});
  }
  json names = json::array();
  for (const postgres::Column& column : columns) names.push_back(column.name);
  for (const std::string_view needed : {table.id, table.order.front()}) {
    if (std::find(names.begin(), names.end(), needed) == names.end()) {
      return InvalidArgument(fmt::format("table {} has no column {}", table.name, needed));
    }
  }
  TNT_RETURN_IF_ERROR(pipe->Write({{"table", table.name}, {"columns", std::move(names)}}));
  return source.Copy(table.name, columns, table.order, [pipe](postgres::Cells cells) {
    json row = json::array();
    for (std::optional<std::string>& cell : cells) {
      row.push_back(cell ? json(std::move(*cell)) : json());
    }
    return pipe->Write(row);
  });
}

Status WriteAll(postgres::PostgresSource& source, const porting::SourceTables& tables,
                RowPipe* pipe) {
  for (const porting::TableSpec& table : tables.taken) {
    TNT_RETURN_IF_ERROR(WriteTable(source, table, pipe));
  }
  for (const auto& [table, reason] : tables.left_out) {
    TNT_ASSIGN_OR_RETURN(const std::vector<postgres::Column> columns, source.Columns(table));
    if (columns.empty()) continue;
    TNT_ASSIGN_OR_RETURN(const uint64_t rows, source.CountRows(table));
    if (rows == 0) continue;
    TNT_RETURN_IF_ERROR(pipe->Write(
        {{"note", fmt::format("{} rows of {} are left out: {}", rows, table, reason)}}));
  }
  TNT_RETURN_IF_ERROR(pipe->Write({{"end", true}}));
  return pipe->Flush();
}

// An empty data folder that goes with this object: what a dry run imports into.
class ScratchFolder {
 public:
  static Result<std::unique_ptr<ScratchFolder>> Make() {
    auto folder = std::make_unique<ScratchFolder>();
    std::string path =
        (std::filesystem::temp_directory_path() / "tenantry-dry-run.XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return IoError("no scratch folder " + path);
    folder->path_ = path;
    TNT_ASSIGN_OR_RETURN(folder->data_, OpenFolder::OpenOrMake(path));
    return folder;
  }
  ~ScratchFolder() {
    data_.reset();
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Engine& engine() { return data_->engine(); }

 private:
  std::string path_;
  std::unique_ptr<OpenFolder> data_;
};

AdminReply RunDry(const AdminRequest& request) {
  const Result<std::unique_ptr<ScratchFolder>> scratch = ScratchFolder::Make();
  if (!scratch.ok()) return {server::kExitFailed, "", std::string(scratch.status().message())};
  AdminReply reply = server::RunAdminCommand((*scratch)->engine(), request);
  if (reply.error.empty()) reply.error = "dry run: nothing was written";
  return reply;
}

int RunImport(const Invocation& typed, const std::string& what) {
  Result<std::unique_ptr<postgres::PostgresSource>> source =
      postgres::PostgresSource::Open(typed.Get("from"), typed.Get("source-zone"));
  if (!source.ok()) {
    const bool unreachable = source.status().code() == StatusCode::kUnavailable;
    return Show({unreachable ? server::kExitUnreachable : server::ExitCodeOf(source.status()), "",
                 std::string(source.status().message())});
  }
  RowPipe pipe;
  if (const Status opened = pipe.Open(); !opened.ok()) return ShowFailure(opened);
  AdminRequest request;
  request.command = "import " + what;
  request.file = pipe.read_end();
  if (typed.Has("json")) request.arguments["json"] = "yes";
  const bool dry = typed.Has("dry-run");
  return Show(SendRows(
      &pipe, &request,
      [&](RowPipe* rows) {
        return WriteAll(**source, what == "gym" ? porting::GymTables() : porting::PopupsTables(),
                        rows);
      },
      [&] { return dry ? RunDry(request) : RunOnFolder(typed.Get("data"), request); }));
}

CommandOption FromOption(OptionKind kind) {
  return {"from", "PostgreSQL database, as a URI; a password comes from PGPASSWORD or ~/.pgpass",
          kind, "URI"};
}
CommandOption ZoneOption() {
  return {"source-zone", "Zone of the database's timestamps that have none", OptionKind::kOptional,
          "ZONE", "UTC"};
}

Command ImportGym() {
  Command command;
  command.path = "admin import gym";
  command.summary = "Take over the gyms of the original's database; run it again to resume it";
  command.options = {
      DataOption(),
      FromOption(OptionKind::kRequired),
      ZoneOption(),
      {"dry-run", "Import into a scratch folder and report, without touching the data folder",
       OptionKind::kFlag},
      {"json", "The report as JSON", OptionKind::kFlag},
  };
  command.example = "tenantry admin import gym --data ./data --from postgres://localhost/gym";
  command.exit_codes = {server::kExitLocked, server::kExitNotFound, server::kExitUnreachable};
  command.run = [](const Invocation& typed) { return RunImport(typed, "gym"); };
  return command;
}

int RunPopups(const Invocation& typed) {
  if (typed.Has("from") == typed.Has("FILE")) {
    return ShowFailure(InvalidArgument("give either --from with a database, or one table"));
  }
  return typed.Has("from") ? RunImport(typed, "popups") : RunRowsImport(typed, "popups");
}

Command ImportPopups() {
  Command command;
  command.path = "admin import popups";
  command.summary =
      "Take over the shops of the original's database, or add popups of one shop from a table";
  command.options = {
      {"FILE", "Table to read, or - for stdin", OptionKind::kOptionalOperand, "FILE"},
      DataOption(),
      FromOption(OptionKind::kOptional),
      ZoneOption()};
  for (CommandOption& option : RowsImportOptions()) command.options.push_back(std::move(option));
  command.example = "tenantry admin import popups --data ./data --from postgres://localhost/popups";
  command.exit_codes = {server::kExitLocked, server::kExitNotFound, server::kExitUnreachable};
  command.run = RunPopups;
  return command;
}

}  // namespace

std::vector<CommandGroup> ImportGroups() {
  return {{"admin import", "Move in from the systems that this one replaces, and from tables"}};
}

std::vector<Command> ImportCommands() {
  return {ImportGym(), ImportPopups()};
}

}  // namespace tenantry::tools
