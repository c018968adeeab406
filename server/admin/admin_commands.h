#pragma once
// AdminCommands: what an operator can ask of a data folder, whether a server runs on it or the tool opened it itself.
//
// Errors   in the reply: exit code as documented for the command line, and one line that says what to do.
// Threads  any.

#include <functional>
#include <map>
#include <string>
#include <string_view>

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

// How far a command that takes long has come.
struct AdminProgress {
  std::string_view phase;  // Such as "dump".
  std::string_view unit;   // "rows" or "bytes".
  uint64_t done = 0;
  uint64_t total = 0;  // 0: not known.
};
// Called now and then; false when the asker is gone or the server stops, and the command should end.
using ReportProgress = std::function<bool(const AdminProgress&)>;

struct AdminRequest {
  std::string command;  // Such as "key create".
  std::map<std::string, std::string> arguments;
  // An open file of the asker, which commands with much input or output read or write; -1 when it gave none. The asker's to
  // close.
  int file = -1;
  ReportProgress report = {};

  // Empty when it was left out.
  const std::string& Argument(std::string_view name) const;
};

struct AdminReply {
  int exit_code = kExitOk;
  std::string output;  // For stdout.
  std::string error;   // For stderr, one line without a newline.
};

AdminReply RunAdminCommand(Engine& engine, const AdminRequest& request);

}  // namespace tenantry::server
