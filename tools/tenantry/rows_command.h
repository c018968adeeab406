#pragma once
// rows: `tenantry admin import|export members|sessions|…`: tables of one tenant as CSV or JSON Lines, and `admin import undo`.

#include <string>
#include <vector>

#include "tools/tenantry/command.h"

namespace tenantry::tools {

std::vector<CommandGroup> RowsGroups();
std::vector<Command> RowsCommands();

// What the import of a table takes besides its file, for a command that takes more than tables.
std::vector<CommandOption> RowsImportOptions();
int RunRowsImport(const Invocation& typed, const std::string& kind);

}  // namespace tenantry::tools
