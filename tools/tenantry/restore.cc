#include <cstdio>
#include <memory>

#include <unistd.h>

#include "engine/dump/reader.h"
#include "tools/tenantry/data_folder.h"
#include "tools/tenantry/dump.h"
#include "tools/tenantry/dump_files.h"
#include "tools/tenantry/folder_restore.h"
#include "tools/tenantry/progress.h"

namespace tenantry::tools {
namespace {

using server::AdminRequest;

int Undo(const Invocation& invocation) {
  const std::string& data = invocation.Get("data");
  if (invocation.Has("tenant")) {
    AdminRequest request;
    request.command = "restore undo";
    request.arguments["tenant"] = invocation.Get("tenant");
    return Show(RunOnFolder(data, request));
  }
  const Result<SwappedFolders> swapped = UndoFolderRestore(data);
  if (!swapped.ok()) {
    const bool locked = swapped.status().code() == StatusCode::kUnavailable;
    return locked ? Show({server::kExitLocked, "", std::string(swapped.status().message())})
                  : ShowFailure(swapped.status());
  }
  std::printf(
      "%s has what was kept as %s; what it had is kept as %s, and the same command swaps them "
      "back\n",
      data.c_str(), swapped->back.c_str(), swapped->aside.c_str());
  return server::kExitOk;
}

// One tenant, into a folder that has others.
int RestoreIntoData(const Invocation& invocation, int file, Progress* progress) {
  AdminRequest request;
  request.command = "restore";
  request.file = file;
  request.report = progress->Reporter();
  for (const char* name : {"tenant", "as", "replace", "partial"}) {
    if (invocation.Has(name)) request.arguments[name] = invocation.Get(name);
  }
  return Show(RunOnFolder(invocation.Get("data"), request));
}

// `tenant` is empty for all that the dump has.
int RestoreIntoFolder(const Invocation& invocation, const std::string& tenant,
                      const std::vector<OpenFd>& inputs, Progress* progress) {
  std::vector<dump::OpenDump> dumps;
  for (const OpenFd& input : inputs) {
    dumps.push_back([fd = input.get()]() -> Result<std::unique_ptr<ByteSource>> {
      if (lseek(fd, 0, SEEK_SET) != 0) return IoError("the dump is not seekable");
      return std::unique_ptr<ByteSource>(std::make_unique<FdSource>(fd));
    });
  }
  FolderRestore wanted;
  wanted.data = invocation.Get("data");
  wanted.replace = invocation.Has("replace");
  wanted.tenant.tenant = tenant;
  wanted.tenant.as = invocation.Get("as");
  wanted.options.partial = invocation.Has("partial");
  wanted.options.report = [progress](std::string_view phase, uint64_t rows, uint64_t total) {
    return progress->Report({phase, "rows", rows, total});
  };
  wanted.options.lost = [](std::string_view what) {
    std::fprintf(stderr, "tenantry: left out: %.*s\n", static_cast<int>(what.size()), what.data());
  };
  const Result<std::string> aside = RestoreFolder(dumps, wanted);
  if (!aside.ok()) {
    const bool locked = aside.status().code() == StatusCode::kUnavailable;
    return Show({locked ? server::kExitLocked : server::ExitCodeOf(aside.status()), "",
                 std::string(aside.status().message())});
  }
  std::printf("restored into %s\n", wanted.data.c_str());
  if (!aside->empty()) {
    std::fprintf(stderr,
                 "tenantry: what it had is kept as %s; `admin restore --undo` brings it back\n",
                 aside->c_str());
  }
  return server::kExitOk;
}

int RunRestoreCommand(const Invocation& invocation) {
  if (invocation.Has("undo")) return Undo(invocation);
  const std::vector<std::string>& paths = invocation.All("FILE");
  if (paths.empty()) return ShowFailure(InvalidArgument("name the dump to restore, or --undo"));
  const Result<bool> holds = HoldsData(invocation.Get("data"));
  if (!holds.ok()) return ShowFailure(holds.status());
  std::vector<OpenFd> inputs;
  for (const std::string& path : paths) {
    Result<OpenFd> input = OpenInput(path, true);
    if (!input.ok()) return ShowFailure(input.status());
    inputs.push_back(*std::move(input));
  }
  Progress progress(invocation.Has("quiet"));
  FdSource source(inputs.front().get());
  dump::DumpReader reader(source);
  if (const Status opened = reader.Open(); !opened.ok()) return ShowFailure(opened);
  const std::string& tenant =
      invocation.Has("tenant") ? invocation.Get("tenant") : reader.header().tenant;
  const bool one_tenant = !tenant.empty() || invocation.Has("as");
  if (!*holds || !one_tenant) return RestoreIntoFolder(invocation, tenant, inputs, &progress);
  if (inputs.size() > 1) {
    return ShowFailure(
        InvalidArgument("increments are restored into an empty folder; dump the tenant there, then "
                        "restore it here"));
  }
  return RestoreIntoData(invocation, inputs.front().get(), &progress);
}

}  // namespace

Command RestoreCommand() {
  return {
      "admin restore",
      "Bring a dump back: all of it into an empty folder, or one tenant into any folder",
      {DataOption(),
       {"tenant", "Only this gym or shop of the dump", OptionKind::kOptional, "ID"},
       {"as", "As a new tenant: the shop id, or the gym's name. Ids are minted anew",
        OptionKind::kOptional, "NAME"},
       {"replace", "Restore over what is there; it is kept for --undo", OptionKind::kFlag},
       {"undo", "Bring back what the last restore (of --tenant) replaced; once more swaps back",
        OptionKind::kFlag},
       {"partial", "Take a salvaged dump, which lacks rows", OptionKind::kFlag},
       {"quiet", "Show no progress", OptionKind::kFlag},
       {"FILE", "A dump, then dumps made with --since, oldest first; - is stdin",
        OptionKind::kOptionalOperands, "FILE"}},
      "tenantry admin restore backup.tnt --data ./restored",
      {server::kExitLocked, server::kExitNotFound, server::kExitCorrupt, server::kExitUnreachable},
      RunRestoreCommand};
}

}  // namespace tenantry::tools
