#pragma once
// AdminCommands: what an operator can ask of a data folder, whether a server runs on it or the tool opened it itself.
//
// Errors   in the reply: exit code as documented for the command line, and one line that says what to do.
// Threads  any.

#include <map>
#include <string>

#include "engine/engine.h"

namespace tenantry::server {

// Exit codes scripts rely on (docs/operations.md).
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLocked = 3;
inline constexpr int kExitNotFound = 4;
inline constexpr int kExitCorrupt = 5;
inline constexpr int kExitReplication = 6;
inline constexpr int kExitUnreachable = 7;

int ExitCodeOf(const Status& status);

struct AdminRequest {
  std::string command;  // Such as "key create".
  std::map<std::string, std::string> arguments;
};

struct AdminReply {
  int exit_code = kExitOk;
  std::string output;  // For stdout.
  std::string error;   // For stderr, one line without a newline.
};

AdminReply RunAdminCommand(Engine& engine, const AdminRequest& request);

}  // namespace tenantry::server
