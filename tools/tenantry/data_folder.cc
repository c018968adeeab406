#include "tools/tenantry/data_folder.h"

#include <cstdio>
#include <utility>

#include "server/admin/admin_socket.h"

namespace tenantry::tools {

using server::AdminReply;
using server::AdminRequest;

Status CheckIsDataFolder(const std::string& data) {
  PosixFileSystem files;
  TNT_ASSIGN_OR_RETURN(const bool exists, files.Exists(data + "/IDENTITY"));
  if (exists) return Status::Ok();
  return NotFound(data + " is not a data folder; --data names the one that `tenantry serve` uses");
}

Result<std::unique_ptr<OpenFolder>> OpenFolder::Open(const std::string& data) {
  TNT_RETURN_IF_ERROR(CheckIsDataFolder(data));
  return OpenOrMake(data);
}

Result<std::unique_ptr<OpenFolder>> OpenFolder::OpenOrMake(const std::string& data) {
  auto folder = std::make_unique<OpenFolder>();
  EngineOptions options;
  options.directory = data;
  options.clock = &folder->clock_;
  options.random = &folder->random_;
  options.files = &folder->files_;
  TNT_ASSIGN_OR_RETURN(folder->engine_, Engine::Open(options));
  return folder;
}

AdminReply RunOnFolder(const std::string& data, const AdminRequest& request) {
  Result<AdminReply> asked = server::AskServer(data, request);
  if (asked.ok()) return *std::move(asked);
  const Result<std::unique_ptr<OpenFolder>> folder = OpenFolder::Open(data);
  if (!folder.ok()) {
    const bool locked = folder.status().code() == StatusCode::kUnavailable;
    return {locked ? server::kExitLocked : server::ExitCodeOf(folder.status()), "",
            std::string(folder.status().message())};
  }
  return server::RunAdminCommand((*folder)->engine(), request);
}

int Show(const AdminReply& reply) {
  std::fputs(reply.output.c_str(), stdout);
  if (!reply.error.empty()) std::fprintf(stderr, "tenantry: %s\n", reply.error.c_str());
  return reply.exit_code;
}

int ShowFailure(const Status& status) {
  return Show({server::ExitCodeOf(status), "", std::string(status.message())});
}

CommandOption DataOption() {
  return {"data", "Data folder", OptionKind::kOptional, "DIR", "./data"};
}

namespace {

AdminRequest RequestOf(const std::string& name, const Invocation& invocation) {
  AdminRequest request;
  request.command = name;
  for (const auto& [option, values] : invocation.values) {
    if (option != "data" && !values.empty()) request.arguments[option] = values.back();
  }
  return request;
}

}  // namespace

std::function<int(const Invocation&)> ThroughServer(std::string name) {
  return [name = std::move(name)](const Invocation& invocation) {
    return Show(RunOnFolder(invocation.Get("data"), RequestOf(name, invocation)));
  };
}

std::function<int(const Invocation&)> OfServer(std::string name) {
  return [name = std::move(name)](const Invocation& invocation) {
    const std::string& data = invocation.Get("data");
    const Result<AdminReply> asked = server::AskServer(data, RequestOf(name, invocation));
    if (asked.ok()) return Show(*asked);
    if (const Status found = CheckIsDataFolder(data); !found.ok()) return ShowFailure(found);
    return Show({server::kExitUnreachable, "",
                 "no server runs on " + data + ", and this is asked of a running one"});
  };
}

}  // namespace tenantry::tools
