// tenantry: one binary that serves, and looks after, a data folder.

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <signal.h>

#include "server/admin/admin_commands.h"
#include "tools/tenantry/command_table.h"
#include "tools/tenantry/pages.h"
#include "tools/tenantry/serve.h"
#include "tools/tenantry/setting_flags.h"

namespace {

// Names a command that is not there; empty when something else is missing.
std::string UnknownCommand(const CLI::App& app) {
  const CLI::App* at = &app;
  std::string path = "tenantry";
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().back();
    path += " " + at->get_name();
  }
  const std::vector<std::string> rest = app.remaining(true);
  if (at->get_require_subcommand_min() == 0 || rest.empty()) return "";
  return "no command '" + rest.front() + "'; `" + path + " --help` lists those there are";
}

}  // namespace

int main(int argc, char** argv) {
  // Who reads our output may go away; the write then says so.
  signal(SIGPIPE, SIG_IGN);
  try {
    int exit_code = tenantry::server::kExitOk;
    CLI::App app("Tenantry: the single binary that can be more than one", "tenantry");
    app.set_version_flag("--version", TENANTRY_VERSION);
    app.require_subcommand(1);
    tenantry::tools::AddServeCommand(app, &exit_code);
    tenantry::tools::AddCommands(app, tenantry::tools::AllGroups(), tenantry::tools::AllCommands(),
                                 &exit_code);
    tenantry::tools::AddConfigCommand(app, &exit_code);
    tenantry::tools::AddPageCommands(app, &exit_code);
    try {
      app.parse(argc, argv);
    } catch (const CLI::RequiredError& error) {
      const std::string unknown = UnknownCommand(app);
      if (unknown.empty()) {
        app.exit(error);
      } else {
        std::fprintf(stderr, "tenantry: %s\n", unknown.c_str());
      }
      return tenantry::server::kExitUsage;
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? tenantry::server::kExitOk : tenantry::server::kExitUsage;
    }
    return exit_code;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tenantry: %s\n", error.what());
    return tenantry::server::kExitFailed;
  }
}
