#pragma once
// Commands for a data folder: they go to the server that runs on it, or open the folder themselves when none runs.
//
// Errors   in the reply: kExitLocked for a folder in use that does not answer, kExitNotFound for one that is none.

#include <functional>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/random.h"
#include "engine/engine.h"
#include "server/admin/admin_commands.h"
#include "tools/tenantry/command.h"

namespace tenantry::tools {

// kNotFound, saying so, for any other folder.
Status CheckIsDataFolder(const std::string& data);

// An engine on a folder that no server uses, with what it borrows.
class OpenFolder {
 public:
  // Only `serve` and `restore` make data folders: a path without one is kNotFound. kUnavailable while another process uses it.
  static Result<std::unique_ptr<OpenFolder>> Open(const std::string& data);
  // The same, with or without data in it.
  static Result<std::unique_ptr<OpenFolder>> OpenOrMake(const std::string& data);
  Engine& engine() { return *engine_; }

 private:
  SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  std::unique_ptr<Engine> engine_;
};

server::AdminReply RunOnFolder(const std::string& data, const server::AdminRequest& request);

// Prints what a command answers: output to stdout, the error to stderr. Returns the exit code.
int Show(const server::AdminReply& reply);
int ShowFailure(const Status& status);

// The --data option that these commands share.
CommandOption DataOption();
// Runs `name` ("key create") with every option that was typed as an argument.
std::function<int(const Invocation&)> ThroughServer(std::string name);
// The same for what only a running server can do.
std::function<int(const Invocation&)> OfServer(std::string name);

}  // namespace tenantry::tools
