#include "tools/tenantry/rows_command.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "engine/porting/rows.h"
#include "tools/rows/row_file.h"
#include "tools/tenantry/data_folder.h"
#include "tools/tenantry/row_pipe.h"

namespace tenantry::tools {
namespace {

using nlohmann::json;
using server::AdminReply;
using server::AdminRequest;

constexpr const char* kTenantHelp = "Id of the gym or shop, as `admin tenant list` shows it";
constexpr std::string_view kDropped = "-";

// "E-Mail=email,Full name=name": a column of the file, and the field it is.
Result<std::map<std::string, std::string>> ParseMap(const std::string& text) {
  std::map<std::string, std::string> fields;
  for (size_t from = 0; from < text.size();) {
    const size_t end = std::min(text.find(',', from), text.size());
    const std::string pair = text.substr(from, end - from);
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
      return InvalidArgument("--map takes COLUMN=FIELD,..., not '" + pair + "'");
    }
    fields[pair.substr(0, equals)] = pair.substr(equals + 1);
    from = end + 1;
  }
  return fields;
}

// What the columns of the file are here. One that is no field is an error: a slip of the pen must not lose a column.
Result<json> FieldsOf(const porting::RowKind& kind, const std::vector<std::string>& columns,
                      const std::map<std::string, std::string>& map) {
  for (const auto& [column, field] : map) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      return InvalidArgument(
          fmt::format("--map names the column '{}', which the file lacks", column));
    }
  }
  json fields = json::array();
  for (const std::string& column : columns) {
    const auto mapped = map.find(column);
    const std::string& field = mapped == map.end() ? column : mapped->second;
    if (field != kDropped && kind.collection->info->FindField(field) == nullptr) {
      std::string known;
      for (const porting::ColumnField& one : kind.columns) {
        known += (known.empty() ? "" : ", ") + std::string(one.field);
      }
      return InvalidArgument(
          fmt::format("{} have no field '{}'; --map '{}=FIELD' gives it one, '{}=-' drops it. "
                      "Fields: {}",
                      kind.name, field, column, column, known));
    }
    fields.push_back(field);
  }
  return fields;
}

Status WriteRows(rows::RowFile& file, std::string_view kind, const json& fields, RowPipe* pipe) {
  TNT_RETURN_IF_ERROR(pipe->Write({{"table", kind}, {"columns", fields}}));
  rows::Cells cells;
  while (true) {
    TNT_ASSIGN_OR_RETURN(const bool any, file.Next(&cells));
    if (!any) break;
    json row = json::array();
    for (std::optional<std::string>& cell : cells) {
      row.push_back(cell ? json(std::move(*cell)) : json());
    }
    TNT_RETURN_IF_ERROR(pipe->Write(row));
  }
  return pipe->Write({{"end", true}});
}

// csv or jsonl: as asked, else by the name of the file.
Result<std::string> FormatOf(const Invocation& typed, const std::string& path) {
  const bool csv = typed.Has("csv");
  const bool jsonl = typed.Has("jsonl");
  if (csv && jsonl) return InvalidArgument("--csv and --jsonl exclude each other");
  if (csv || (!jsonl && path.ends_with(".csv"))) return std::string("csv");
  if (jsonl || path.ends_with(".jsonl")) return std::string("jsonl");
  return InvalidArgument("say --csv or --jsonl");
}

Result<AdminReply> ImportRows(const Invocation& typed, const porting::RowKind& kind) {
  const std::string& path = typed.Get("FILE");
  TNT_ASSIGN_OR_RETURN(const std::string format, FormatOf(typed, path));
  TNT_ASSIGN_OR_RETURN(const auto map, ParseMap(typed.Get("map")));
  std::ifstream opened;
  if (path != "-") {
    opened.open(path, std::ios::binary);
    if (!opened) return NotFound("cannot read " + path);
  }
  std::istream& in = path == "-" ? std::cin : opened;
  TNT_ASSIGN_OR_RETURN(
      const std::unique_ptr<rows::RowFile> file,
      format == "csv" ? rows::RowFile::OpenCsv(in) : rows::RowFile::OpenJsonLines(in));
  TNT_ASSIGN_OR_RETURN(const json fields, FieldsOf(kind, file->columns(), map));
  RowPipe pipe;
  TNT_RETURN_IF_ERROR(pipe.Open());
  AdminRequest request;
  request.command = "import rows";
  request.arguments = {{"kind", std::string(kind.name)}, {"tenant", typed.Get("tenant")}};
  for (const char* flag : {"dry-run", "json"}) {
    if (typed.Has(flag)) request.arguments[flag] = "yes";
  }
  request.file = pipe.read_end();
  return SendRows(
      &pipe, &request, [&](RowPipe* out) { return WriteRows(*file, kind.name, fields, out); },
      [&] { return RunOnFolder(typed.Get("data"), request); });
}

Result<AdminReply> ExportRows(const Invocation& typed, const porting::RowKind& kind) {
  const std::string& path = typed.Get("output");
  TNT_ASSIGN_OR_RETURN(const std::string format, FormatOf(typed, path));
  AdminRequest request;
  request.command = "export rows";
  request.arguments = {
      {"kind", std::string(kind.name)}, {"tenant", typed.Get("tenant")}, {"format", format}};
  // What is known of people is for whoever exported it.
  const int file = path == "-"
                       ? ::dup(STDOUT_FILENO)
                       : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return IoError("cannot write " + path);
  request.file = file;
  AdminReply reply = RunOnFolder(typed.Get("data"), request);
  ::close(file);
  return reply;
}

int ShowResult(const Result<AdminReply>& reply) {
  return reply.ok() ? Show(*reply) : ShowFailure(reply.status());
}

const char* ExampleTenant(const porting::RowKind& kind) {
  return kind.tenant == schema::TenantKind::GYM ? "gym-1" : "demo-shop";
}

Command ImportOf(const porting::RowKind& kind) {
  const std::string name(kind.name);
  Command command;
  command.path = "admin import " + name;
  command.summary = "Add " + name + " of one tenant from a table; prints a token for `import undo`";
  command.options = {{"FILE", "Table to read, or - for stdin", OptionKind::kOperand, "FILE"},
                     DataOption()};
  for (CommandOption& option : RowsImportOptions()) command.options.push_back(std::move(option));
  command.example = fmt::format("tenantry admin import {} {}.csv --data ./data --tenant {}", name,
                                name, ExampleTenant(kind));
  command.exit_codes = {server::kExitLocked, server::kExitNotFound};
  command.run = [name](const Invocation& typed) { return RunRowsImport(typed, name); };
  return command;
}

Command ExportOf(const porting::RowKind& kind) {
  const std::string name(kind.name);
  Command command;
  command.path = "admin export " + name;
  command.summary = "Write " + name + " of one tenant as a table";
  command.options = {
      DataOption(),
      {"tenant", kTenantHelp, OptionKind::kRequired, "ID"},
      {"csv", "Comma separated, with names in the first line", OptionKind::kFlag},
      {"jsonl", "An object per line", OptionKind::kFlag},
      {"output", "File to write, readable by its owner only", OptionKind::kOptional, "FILE", "-",
       'o'},
  };
  command.example = fmt::format("tenantry admin export {} --data ./data --tenant {} --csv", name,
                                ExampleTenant(kind));
  command.exit_codes = {server::kExitLocked, server::kExitNotFound};
  command.run = [&kind](const Invocation& typed) { return ShowResult(ExportRows(typed, kind)); };
  return command;
}

Command UndoCommand() {
  Command command;
  command.path = "admin import undo";
  command.summary = "Take back what one import of a table added and nothing else hangs on by now";
  command.options = {
      DataOption(),
      {"tenant", kTenantHelp, OptionKind::kRequired, "ID"},
      {"token", "As the import printed it", OptionKind::kRequired, "TOKEN"},
  };
  command.example =
      "tenantry admin import undo --data ./data --tenant gym-1 --token 6f1c1a5299aa01fe";
  command.exit_codes = {server::kExitLocked, server::kExitNotFound};
  command.run = ThroughServer("import undo");
  return command;
}

}  // namespace

std::vector<CommandOption> RowsImportOptions() {
  return {
      {"tenant", kTenantHelp, OptionKind::kOptional, "ID"},
      {"csv", "Comma separated, with names in the first line", OptionKind::kFlag},
      {"jsonl", "An object per line", OptionKind::kFlag},
      {"map", "Columns that are called otherwise: COLUMN=FIELD,...; the field - drops one",
       OptionKind::kOptional, "LIST"},
      {"dry-run", "Report only, and write nothing", OptionKind::kFlag},
      {"json", "The report as JSON", OptionKind::kFlag},
  };
}

int RunRowsImport(const Invocation& typed, const std::string& kind) {
  if (!typed.Has("tenant")) return ShowFailure(InvalidArgument("a table needs --tenant"));
  return ShowResult(ImportRows(typed, *porting::FindRowKind(kind)));
}

std::vector<CommandGroup> RowsGroups() {
  return {{"admin export", "Tables of one tenant, for people and other programs"}};
}

std::vector<Command> RowsCommands() {
  std::vector<Command> commands;
  for (const porting::RowKind& kind : porting::RowKinds()) {
    // `admin import popups` takes the original's database as well (import_command.cc).
    if (kind.name != "popups") commands.push_back(ImportOf(kind));
    commands.push_back(ExportOf(kind));
  }
  commands.push_back(UndoCommand());
  return commands;
}

}  // namespace tenantry::tools
