#include "server/admin/dump_commands.h"

#include <charconv>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "engine/base/mutex.h"
#include "engine/dump/restore.h"
#include "engine/dump/source.h"

namespace tenantry::server {
namespace {

AdminReply Failed(const Status& status) {
  return {ExitCodeOf(status), "", std::string(status.message())};
}

bool Number(std::string_view text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string Hexadecimal(const Hash128& hash) {
  std::string bytes;
  AppendBig64(&bytes, hash.high);
  AppendBig64(&bytes, hash.low);
  return FormatHex(bytes);
}

std::string Summary(const ReadView& view, const Engine& engine, const dump::Footer& footer) {
  nlohmann::ordered_json json = {{"position", FormatPosition(engine.PositionOf(view))},
                                 {"rows", footer.rows},
                                 {"blocks", footer.block_offsets.size()},
                                 {"tenants", footer.spaces.size() - 1}};
  // More would hide the rest; the dump itself has them all.
  if (footer.spaces.size() <= 3) {
    for (const dump::SpaceTotal& total : footer.spaces) {
      json["hashes"][total.tenant.empty() ? "directory" : total.tenant] = Hexadecimal(total.hash);
    }
  }
  return json.dump() + "\n";
}

}  // namespace

bool ParsePosition(std::string_view text, Position* position) {
  const size_t dot = text.find('.');
  return dot != std::string_view::npos && Number(text.substr(0, dot), &position->epoch) &&
         Number(text.substr(dot + 1), &position->index);
}

AdminReply RunDump(Engine& engine, const AdminRequest& request) {
  dump::SourceOptions options;
  options.tenant = request.Argument("tenant");
  options.build = request.Argument("build");
  const std::string& since = request.Argument("since");
  if (!since.empty() && (!ParsePosition(since, &options.since) || options.since.index == 0)) {
    return {kExitUsage, "", "--since takes a position such as 1.42, as a dump shows it"};
  }
  if (request.file < 0) return {kExitUsage, "", "a dump needs a file to write to"};
  options.report = [&request](uint64_t done, uint64_t total) {
    return !request.report || request.report({"dump", "rows", done, total});
  };
  const ReadView view = engine.View();
  FdSink sink(request.file);
  const Result<dump::Footer> footer = dump::WriteDump(engine, view, options, sink);
  if (!footer.ok()) return Failed(footer.status());
  return {kExitOk, Summary(view, engine, *footer), ""};
}

AdminReply RunRestore(Engine& engine, const AdminRequest& request) {
  static Mutex one_at_a_time("restore", LockRank::kAdminCommand);
  const MutexLock lock(one_at_a_time);
  if (request.file < 0) return {kExitUsage, "", "a restore needs a file to read"};
  const std::vector<dump::OpenDump> dumps = {[&request]() -> Result<std::unique_ptr<ByteSource>> {
    if (lseek(request.file, 0, SEEK_SET) != 0) return IoError("the dump is not a seekable file");
    return std::unique_ptr<ByteSource>(std::make_unique<FdSource>(request.file));
  }};
  dump::RestoreOptions options;
  options.partial = !request.Argument("partial").empty();
  options.gentle = true;
  options.report = [&request](std::string_view phase, uint64_t rows, uint64_t total) {
    return !request.report || request.report({phase, "rows", rows, total});
  };
  const Result<dump::RestoredTenant> restored = dump::RestoreTenant(
      engine, dumps,
      {request.Argument("tenant"), request.Argument("as"), !request.Argument("replace").empty()},
      options);
  if (!restored.ok()) return Failed(restored.status());
  const nlohmann::ordered_json json = {
      {"tenant", restored->id}, {"rows", restored->rows}, {"replaced", restored->replaced}};
  AdminReply reply{kExitOk, json.dump() + "\n", ""};
  if (restored->replaced) {
    reply.error = "what it had is kept for 7 days; `admin restore --undo --tenant " + restored->id +
                  "` brings it back";
  }
  return reply;
}

AdminReply RunUndo(Engine& engine, const AdminRequest& request) {
  const std::string& tenant = request.Argument("tenant");
  const Result<dump::Undone> undone = dump::UndoRestore(engine, tenant);
  if (!undone.ok()) return Failed(undone.status());
  const bool before = *undone == dump::Undone::kBeforeRestore;
  const std::string now = before ? "as it was before its last restore; what that restore brought"
                                 : "as its last restore made it; what it had before";
  return {kExitOk,
          "tenant " + tenant + " is " + now +
              " is kept for 7 days, and the same command swaps back to it\n",
          ""};
}

}  // namespace tenantry::server
