#pragma once
// inspect: `tenantry inspect log|segment|record|key`: what stands in a data folder. Read-only.

#include <vector>

#include "tools/tenantry/command.h"

namespace tenantry::tools {

std::vector<CommandGroup> InspectGroups();
std::vector<Command> InspectCommands();

}  // namespace tenantry::tools
