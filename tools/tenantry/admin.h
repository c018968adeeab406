#pragma once
// admin: the commands for operators that a server, or the opened folder, answers by itself.

#include <vector>

#include "tools/tenantry/command.h"

namespace tenantry::tools {

std::vector<CommandGroup> AdminGroups();
std::vector<Command> AdminCommands();

}  // namespace tenantry::tools
