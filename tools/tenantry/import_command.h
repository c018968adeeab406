#pragma once
// import: `tenantry admin import gym|popups --from postgres://…`. This process reads the database and hands rows to the server
// of the data folder, or to the folder itself, so the server needs no way to the database and never sees its password.

#include <vector>

#include "tools/tenantry/command.h"

namespace tenantry::tools {

std::vector<CommandGroup> ImportGroups();
std::vector<Command> ImportCommands();

}  // namespace tenantry::tools
