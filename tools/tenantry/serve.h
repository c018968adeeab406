#pragma once
// serve: opens the engine, joins the parts and answers requests until SIGTERM or SIGINT; SIGHUP rereads the settings.

#include <CLI/CLI.hpp>

namespace tenantry::tools {

// Adds the subcommand; its callback stores the exit code.
void AddServeCommand(CLI::App& app, int* exit_code);

}  // namespace tenantry::tools
