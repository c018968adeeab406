#pragma once
// dump, restore, verify, salvage, diff: backups of a data folder or of one tenant.

#include <vector>

#include "tools/tenantry/command.h"

namespace tenantry::tools {

Command DumpCommand();
Command RestoreCommand();
Command VerifyCommand();
Command SalvageCommand();
Command DiffCommand();

inline std::vector<Command> DumpCommands() {
  return {DumpCommand(), RestoreCommand(), VerifyCommand(), SalvageCommand(), DiffCommand()};
}

}  // namespace tenantry::tools
