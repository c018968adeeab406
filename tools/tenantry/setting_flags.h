#pragma once
// SettingFlags: the flags of a command that takes settings: one per row of the table, and --config.

#include <CLI/CLI.hpp>

#include "tools/config/configuration.h"

namespace tenantry::tools {

// Parsing fills `sources`, which must outlive the command.
void AddSettingFlags(CLI::App* command, config::Sources* sources);

// `config check`, `config print` and `config reference`; callbacks store the exit code.
void AddConfigCommand(CLI::App& app, int* exit_code);

}  // namespace tenantry::tools
