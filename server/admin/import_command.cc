#include "server/admin/import_command.h"

#include <array>
#include <functional>
#include <utility>

#include <errno.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "engine/porting/import.h"
#include "engine/porting/rows.h"

namespace tenantry::server {
namespace {

using nlohmann::json;

constexpr size_t kLineBytesMax = 16u << 20;  // A row with its documents; more is no row.
constexpr size_t kWriteBytes = 64 * 1024;
constexpr uint64_t kReportEvery = 1000;  // Rows between two reports of progress.

// Hands every line to `take`, without its end.
Status ReadLines(int file, const std::function<Status(std::string_view)>& take) {
  std::string pending;
  std::array<char, 64 * 1024> buffer;
  while (true) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return IoError("the rows cannot be read");
    if (got == 0) return Status::Ok();
    pending.append(buffer.data(), static_cast<size_t>(got));
    size_t from = 0;
    for (size_t end = pending.find('\n'); end != std::string::npos;
         end = pending.find('\n', from)) {
      TNT_RETURN_IF_ERROR(take(std::string_view(pending).substr(from, end - from)));
      from = end + 1;
    }
    pending.erase(0, from);
    if (pending.size() > kLineBytesMax) return InvalidArgument("a row is larger than 16 MiB");
  }
}

class RowStream {
 public:
  RowStream(porting::Import& import, const AdminRequest& request)
      : import_(import), request_(request) {}

  Status Take(std::string_view line) {
    const json value = json::parse(line, nullptr, false);
    if (value.is_array()) return TakeRow(value);
    if (!value.is_object()) return InvalidArgument("the rows are not lines of JSON");
    if (value.contains("table")) {
      table_ = {value["table"].get<std::string>(),
                value["columns"].get<std::vector<std::string>>()};
      import_.report().Table(table_.name);
    } else if (value.contains("note")) {
      import_.report().AddNote(value["note"].get<std::string>());
    } else if (value.contains("end")) {
      ended_ = true;
    }
    return Status::Ok();
  }
  bool ended() const { return ended_; }

 private:
  Status TakeRow(const json& value) {
    if (value.size() != table_.columns.size()) {
      return InvalidArgument(fmt::format("a row of {} has {} cells, {} expected", table_.name,
                                         value.size(), table_.columns.size()));
    }
    porting::SourceRow row;
    for (const json& cell : value) {
      if (cell.is_string()) {
        row.cells.emplace_back(cell.get<std::string>());
      } else {
        row.cells.emplace_back();
      }
    }
    TNT_RETURN_IF_ERROR(import_.Add(table_, std::move(row)));
    if (++rows_ % kReportEvery != 0 || !request_.report) return Status::Ok();
    const bool go_on = request_.report({.phase = "import", .unit = "rows", .done = rows_});
    return go_on ? Status::Ok() : Unavailable("the import was ended");
  }

  porting::Import& import_;
  const AdminRequest& request_;
  porting::SourceTable table_;
  uint64_t rows_ = 0;
  bool ended_ = false;
};

std::string AsText(const porting::Report& report, const std::string& token) {
  std::string out = fmt::format("{:<30} {:>10} {:>10} {:>10} {:>10}\n", "table", "rows", "added",
                                "there", "refused");
  for (const porting::TableCounts& counts : report.tables()) {
    out += fmt::format("{:<30} {:>10} {:>10} {:>10} {:>10}\n", counts.table, counts.read,
                       counts.added, counts.there, counts.refused);
  }
  for (const porting::Problem& problem : report.problems()) {
    out += fmt::format("refused {} {}: {}\n", problem.table, problem.id, problem.message);
  }
  if (report.refused() > report.problems().size()) {
    out += fmt::format("and {} more refused rows\n", report.refused() - report.problems().size());
  }
  for (const std::string& note : report.notes()) out += "note: " + note + "\n";
  if (!token.empty()) out += "undo token: " + token + "\n";
  return out;
}

std::string AsJson(const porting::Report& report, bool complete, const std::string& token) {
  json tables = json::array();
  for (const porting::TableCounts& counts : report.tables()) {
    tables.push_back({{"table", counts.table},
                      {"rows", counts.read},
                      {"added", counts.added},
                      {"there", counts.there},
                      {"refused", counts.refused}});
  }
  json problems = json::array();
  for (const porting::Problem& problem : report.problems()) {
    problems.push_back(
        {{"table", problem.table}, {"id", problem.id}, {"message", problem.message}});
  }
  json all = {{"complete", complete},
              {"tables", std::move(tables)},
              {"problems", std::move(problems)},
              {"notes", report.notes()}};
  if (!token.empty()) all["token"] = token;
  // Ids come from elsewhere: what is no UTF-8 is shown as such, not refused.
  return all.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

AdminReply Failed(const Status& status) {
  return {ExitCodeOf(status), "", std::string(status.message())};
}

// Takes the rows in the request's file. `token`: of what they add, or empty.
AdminReply TakeRows(porting::Import& import, const AdminRequest& request,
                    const std::string& token) {
  if (request.file < 0) return {kExitUsage, "", request.command + " needs the rows"};
  RowStream stream(import, request);
  Status status =
      ReadLines(request.file, [&stream](std::string_view line) { return stream.Take(line); });
  if (status.ok() && !stream.ended()) status = IoError("the source broke off");
  // What came is finished in any case: counters of members must fit their bookings.
  const Status finished = import.Finish();
  if (status.ok()) status = finished;
  AdminReply reply;
  const porting::Report& report = import.report();
  reply.output =
      request.Argument("json").empty() ? AsText(report, token) : AsJson(report, status.ok(), token);
  if (!status.ok()) {
    reply.exit_code = kExitFailed;
    reply.error = std::string(status.message()) + "; run the import again to resume it";
  } else if (report.refused() > 0) {
    reply.error = fmt::format("{} rows were refused, see the report", report.refused());
  }
  return reply;
}

struct RowTarget {
  const porting::RowKind* kind;
  tenant::TenantEntry tenant;
};
Result<RowTarget> TargetOf(const Engine& engine, const AdminRequest& request) {
  const porting::RowKind* const kind = porting::FindRowKind(request.Argument("kind"));
  if (kind == nullptr) return InvalidArgument("no kind '" + request.Argument("kind") + "'");
  TNT_ASSIGN_OR_RETURN(tenant::TenantEntry tenant,
                       porting::FindTenantOf(engine, *kind, request.Argument("tenant")));
  return RowTarget{kind, std::move(tenant)};
}

AdminReply ImportRows(Engine& engine, const AdminRequest& request) {
  const Result<RowTarget> target = TargetOf(engine, request);
  if (!target.ok()) return Failed(target.status());
  const bool dry = !request.Argument("dry-run").empty();
  const std::string token = dry ? std::string() : FormatHex(engine.random().Bytes(8));
  return TakeRows(*porting::MakeRowsImport(engine, *target->kind, target->tenant, token), request,
                  token);
}

AdminReply UndoImport(Engine& engine, const AdminRequest& request) {
  const std::string& id = request.Argument("tenant");
  Result<tenant::TenantEntry> tenant =
      tenant::Directory::Find(engine.View(), id, schema::TenantKind::GYM, ReadTier::kBlocking);
  if (!tenant.ok()) {
    tenant =
        tenant::Directory::Find(engine.View(), id, schema::TenantKind::SHOP, ReadTier::kBlocking);
  }
  if (!tenant.ok()) return Failed(tenant.status());
  const Result<porting::Undone> undone =
      porting::UndoRows(engine, *tenant, request.Argument("token"));
  if (!undone.ok()) return Failed(undone.status());
  AdminReply reply;
  reply.output = fmt::format("{}: {} taken back, {} were gone, {} kept\n", undone->kind,
                             undone->erased, undone->gone, undone->kept.size());
  for (const porting::Problem& kept : undone->kept) {
    reply.output += fmt::format("kept {} {}: {}\n", kept.table, kept.id, kept.message);
  }
  if (!undone->kept.empty()) {
    reply.exit_code = kExitFailed;
    reply.error = "some rows were kept; the token stays good for them";
  }
  return reply;
}

bool WriteWhole(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return true;
}

AdminReply ExportRows(const Engine& engine, const AdminRequest& request) {
  if (request.file < 0) return {kExitUsage, "", "export needs a file to write to"};
  const Result<RowTarget> target = TargetOf(engine, request);
  if (!target.ok()) return Failed(target.status());
  std::string buffer;
  bool written = true;
  const Status exported =
      porting::ExportRows(engine, *target->kind, target->tenant,
                          request.Argument("format") != "jsonl", [&](const std::string& line) {
                            buffer += line;
                            if (buffer.size() < kWriteBytes) return true;
                            written = WriteWhole(request.file, buffer);
                            buffer.clear();
                            return written;
                          });
  if (!exported.ok()) return Failed(exported);
  written = written && WriteWhole(request.file, buffer);
  return written ? AdminReply{} : AdminReply{kExitFailed, "", "the rows cannot be written"};
}

}  // namespace

bool IsImportCommand(std::string_view command) {
  return command.starts_with("import ") || command == "export rows";
}

AdminReply RunImportCommand(Engine& engine, const AdminRequest& request) {
  if (request.command == "import gym") {
    return TakeRows(*porting::MakeGymImport(engine), request, "");
  }
  if (request.command == "import popups") {
    return TakeRows(*porting::MakePopupsImport(engine), request, "");
  }
  if (request.command == "import rows") return ImportRows(engine, request);
  if (request.command == "import undo") return UndoImport(engine, request);
  if (request.command == "export rows") return ExportRows(engine, request);
  return {kExitUsage, "", "this server does not know the command '" + request.command + "'"};
}

}  // namespace tenantry::server
