#include "tools/tenantry/rescue_commands.h"

#include "engine/base/time_format.h"
#include "engine/log/write_set.h"
#include "replication/rescue_file.h"
#include "replication/rescue_replay.h"
#include "tools/tenantry/data_folder.h"

namespace tenantry::tools {
namespace {

using replication::ReplayedLine;
using replication::RescueHead;
using server::AdminReply;
using server::AdminRequest;

AdminReply Failed(const Status& status) {
  return {server::ExitCodeOf(status), "", std::string(status.message())};
}

AdminReply List(const std::string& data) {
  PosixFileSystem files;
  if (const Status found = CheckIsDataFolder(data); !found.ok()) return Failed(found);
  const Result<std::vector<std::string>> paths = replication::ListRescueFiles(files, data);
  if (!paths.ok()) return Failed(paths.status());
  AdminReply reply;
  for (const std::string& path : *paths) {
    const Result<RescueHead> head = replication::ReadRescueHead(files, path);
    reply.output += path + "\t";
    if (!head.ok()) {
      reply.output += std::string(head.status().message()) + "\n";
      reply.exit_code = server::kExitCorrupt;
      continue;
    }
    reply.output += std::to_string(head->entries) + " entries\tbehind " +
                    FormatPosition(head->before.position) + " up to " +
                    FormatPosition(head->end.position) + "\twritten " +
                    FormatInstant(head->written_unix_ms) + "\n";
  }
  if (paths->empty()) reply.error = "no rescue files: nothing acknowledged here was replaced";
  return reply;
}

AdminReply Show(const std::string& path) {
  PosixFileSystem files;
  AdminReply reply;
  RescueHead head;
  const Status read = replication::ReadRescueFile(
      files, path, &head, [&reply](const log::EntryView& entry) -> Status {
        TNT_ASSIGN_OR_RETURN(const log::WriteSet rows, log::WriteSet::Decode(entry.payload));
        reply.output += FormatPosition({entry.header.epoch, entry.header.index}) + "\t" +
                        FormatInstant(entry.header.time_unix_ms) + "\tspace " +
                        std::to_string(entry.header.space) + "\tcommand " +
                        std::to_string(entry.header.command) + "\t" + std::string(entry.actor) +
                        "\t" + std::to_string(rows.count()) + " rows\n";
        return Status::Ok();
      });
  return read.ok() ? reply : Failed(read);
}

std::string Describe(const ReplayedLine& line) {
  std::string text = FormatPosition(line.position) + "\t";
  switch (line.fate) {
    case ReplayedLine::Fate::kApplied:
      return text + "applied as entry " + std::to_string(line.new_index) + "\n";
    case ReplayedLine::Fate::kDoneBefore:
      return text + "was replayed before\n";
    case ReplayedLine::Fate::kChangedSince:
      return text + "left out: what it changes was changed since (space " +
             std::to_string(line.space.value()) + ", command " + std::to_string(line.command) +
             ")\n";
  }
  return text;
}

AdminReply Replay(Engine& engine, const std::string& path) {
  const Result<std::vector<ReplayedLine>> lines = replication::ReplayRescueFile(engine, path);
  if (!lines.ok()) {
    const bool conflict = lines.status().code() == StatusCode::kConflict ||
                          lines.status().code() == StatusCode::kUnavailable;
    AdminReply reply = Failed(lines.status());
    if (conflict) reply.exit_code = server::kExitReplication;
    return reply;
  }
  AdminReply reply;
  size_t left_out = 0;
  for (const ReplayedLine& line : *lines) {
    reply.output += Describe(line);
    if (line.fate == ReplayedLine::Fate::kChangedSince) ++left_out;
  }
  if (left_out == 0) return reply;
  reply.exit_code = server::kExitReplication;
  reply.error = std::to_string(left_out) + " of " + std::to_string(lines->size()) +
                " entries were left out; enter them by hand where they still matter";
  return reply;
}

const std::string& File(const AdminRequest& request) {
  static const std::string kNone;
  const auto found = request.arguments.find("file");
  return found == request.arguments.end() ? kNone : found->second;
}

}  // namespace

std::optional<AdminReply> ReadRescueFiles(const std::string& data, const AdminRequest& request) {
  if (request.command == "rescue list") return List(data);
  if (request.command == "rescue show") return Show(File(request));
  return std::nullopt;
}

std::optional<AdminReply> RunRescueCommand(Engine& engine, const AdminRequest& request) {
  if (request.command != "rescue replay") return std::nullopt;
  return Replay(engine, File(request));
}

}  // namespace tenantry::tools
