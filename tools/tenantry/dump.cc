#include "tools/tenantry/dump.h"

#include <cstdio>

#include "engine/dump/reader.h"
#include "tools/tenantry/data_folder.h"
#include "tools/tenantry/dump_files.h"
#include "tools/tenantry/jsonl.h"
#include "tools/tenantry/progress.h"

namespace tenantry::tools {
namespace {

using server::AdminReply;
using server::AdminRequest;

Status DumpJsonl(const std::string& data, const AdminRequest& request, int out) {
  TNT_ASSIGN_OR_RETURN(const std::unique_ptr<FolderDump> folder, FolderDump::Start(data, request));
  dump::DumpReader reader(folder->source());
  FdSink sink(out);
  const Status written = WriteJsonl(reader, sink);
  // The server's word says more than a pipe that ended early.
  if (written.code() == StatusCode::kCorruption) TNT_RETURN_IF_ERROR(folder->Finish());
  TNT_RETURN_IF_ERROR(written);
  return folder->Finish();
}

int RunDump(const Invocation& invocation) {
  const std::string& format = invocation.Get("format");
  const bool jsonl = format == "jsonl";
  if (!jsonl && format != "dump") {
    return ShowFailure(InvalidArgument("--format must be dump or jsonl"));
  }
  if (jsonl && invocation.Has("since")) {
    return ShowFailure(InvalidArgument("--since goes with --format dump only"));
  }
  Result<OutputFile> out = OutputFile::Open(invocation.Get("output"), invocation.Has("force"));
  if (!out.ok()) return ShowFailure(out.status());
  Progress progress(invocation.Has("quiet"));
  AdminRequest request;
  request.command = "dump";
  request.report = progress.Reporter();
  for (const char* name : {"tenant", "since"}) {
    if (invocation.Has(name)) request.arguments[name] = invocation.Get(name);
  }
  request.arguments["build"] = TENANTRY_VERSION;
  if (jsonl) {
    const Status written = DumpJsonl(invocation.Get("data"), request, out->fd());
    const Status done = written.ok() ? out->Commit() : written;
    return done.ok() ? server::kExitOk : ShowFailure(done);
  }
  request.file = out->fd();
  AdminReply reply = RunOnFolder(invocation.Get("data"), request);
  if (reply.exit_code != server::kExitOk) return Show(reply);
  const bool to_stdout = out->is_stdout();
  if (const Status done = out->Commit(); !done.ok()) return ShowFailure(done);
  // Stdout is the dump's when it goes there.
  std::fputs(reply.output.c_str(), to_stdout ? stderr : stdout);
  return server::kExitOk;
}

}  // namespace

Command DumpCommand() {
  return {
      "admin dump",
      "Write one consistent state to a file, while the server serves; see docs/backup.md",
      {DataOption(),
       {"output", "Where to write; - is stdout", OptionKind::kRequired, "FILE", "", 'o'},
       {"tenant", "Only this gym or shop", OptionKind::kOptional, "ID"},
       {"since", "Only what changed after this position, as the dump before it shows it",
        OptionKind::kOptional, "POSITION"},
       {"format", "dump, or jsonl for people (without secrets, not restorable)",
        OptionKind::kOptional, "FORMAT", "dump"},
       {"force", "Write over an existing file", OptionKind::kFlag},
       {"quiet", "Show no progress", OptionKind::kFlag}},
      "tenantry admin dump --data ./data -o backup.tnt",
      {server::kExitLocked, server::kExitNotFound, server::kExitCorrupt, server::kExitUnreachable},
      RunDump};
}

}  // namespace tenantry::tools
