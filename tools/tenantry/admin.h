#pragma once
// admin: commands for operators. They go to the running server through the socket in its data folder, or open the folder
// themselves when no server runs.

#include <CLI/CLI.hpp>

namespace tenantry::tools {

void AddAdminCommand(CLI::App& app, int* exit_code);

}  // namespace tenantry::tools
