#pragma once
// Pages: `tenantry completion bash` and `tenantry man`, made from the command line itself, so that they list what there is.

#include <string>

#include <CLI/CLI.hpp>

namespace tenantry::tools {

// A script for bash to source.
std::string BashCompletion(const CLI::App& app);
// tenantry(1), in man's own language.
std::string ManPage(const CLI::App& app);

// Adds both commands below `app`.
void AddPageCommands(CLI::App& app, int* exit_code);

}  // namespace tenantry::tools
