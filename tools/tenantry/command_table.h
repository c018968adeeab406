#pragma once
// The command table: every command of `tenantry` but `serve` and `config`, whose options are the settings. Add a command to the
// list of the file that runs it; a new file to command_table.cc.

#include <vector>

#include "tools/tenantry/command.h"

namespace tenantry::tools {

const std::vector<CommandGroup>& AllGroups();
const std::vector<Command>& AllCommands();

}  // namespace tenantry::tools
