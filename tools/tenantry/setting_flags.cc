#include "tools/tenantry/setting_flags.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "server/admin/admin_commands.h"

namespace tenantry::tools {
namespace {

using config::Kind;
using config::Setting;

std::string HelpOf(const Setting& setting) {
  const std::string standard = config::FormatValue(setting, setting.get(config::Settings()));
  return fmt::format("{} [{}] ({})", setting.help, standard, setting.Variable());
}

void AddFlag(CLI::App* command, const Setting& setting, config::Sources* sources) {
  const std::string name(setting.name);
  const std::string group =
      setting.Table().empty() ? "Settings" : "Settings of " + std::string(setting.Table());
  if (setting.kind == Kind::kFlag) {
    command
        ->add_flag_callback(
            setting.Flag(), [=] { sources->flags[name] = {"true"}; }, HelpOf(setting))
        ->group(group);
    return;
  }
  CLI::Option* option = command->add_option_function<std::vector<std::string>>(
      setting.Flag(),
      [=](const std::vector<std::string>& value) {
        // An empty argument is an empty list.
        sources->flags[name] = value;
        if (setting.kind == Kind::kList) std::erase(sources->flags[name], "");
      },
      HelpOf(setting));
  option->type_name(std::string(setting.accepts))->group(group);
  if (setting.kind == Kind::kList) {
    option->delimiter(',');
  } else {
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

int Check(const std::string& file) {
  config::Sources sources;
  sources.file = file;
  const Result<config::Configuration> loaded = config::Load(sources);
  if (!loaded.ok()) {
    std::fprintf(stderr, "%s\n", std::string(loaded.status().message()).c_str());
    return server::ExitCodeOf(loaded.status());
  }
  size_t set = 0;
  for (const std::string& origin : loaded->origins) set += origin != "default" ? 1 : 0;
  std::printf("%s: in order, %zu settings\n", file.c_str(), set);
  return server::kExitOk;
}

int Print(const config::Sources& sources, bool origin) {
  const Result<config::Configuration> loaded = config::Load(sources);
  if (!loaded.ok()) {
    std::fprintf(stderr, "%s\n", std::string(loaded.status().message()).c_str());
    return server::ExitCodeOf(loaded.status());
  }
  for (const std::string& warning : loaded->warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  std::fputs(config::Print(*loaded, origin).c_str(), stdout);
  return server::kExitOk;
}

}  // namespace

void AddSettingFlags(CLI::App* command, config::Sources* sources) {
  sources->variable = [](const std::string& name) -> const char* {
    return std::getenv(name.c_str());
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    sources->variable_names.emplace_back(text.substr(0, text.find('=')));
  }
  command->add_option("--config", sources->file, "TOML file with settings, reread on SIGHUP")
      ->envname("TENANTRY_CONFIG")
      ->type_name("FILE");
  for (const Setting& setting : config::AllSettings()) AddFlag(command, setting, sources);
}

void AddConfigCommand(CLI::App& app, int* exit_code) {
  CLI::App* config = app.add_subcommand("config", "Check and show settings");
  config->require_subcommand(1);

  const auto file = std::make_shared<std::string>();
  CLI::App* check = config->add_subcommand("check", "Say what is wrong in a configuration file");
  check->footer("Example:\n  tenantry config check /etc/tenantry/tenantry.toml");
  check->add_option("FILE", *file, "The TOML file")->required();
  check->callback([=] { *exit_code = Check(*file); });

  const auto sources = std::make_shared<config::Sources>();
  const auto origin = std::make_shared<bool>(false);
  CLI::App* print = config->add_subcommand(
      "print", "Print the settings that serve would use with the same flags, as a TOML file");
  print->footer(
      "Examples:\n"
      "  tenantry config print > tenantry.toml\n"
      "  tenantry config print --origin --config tenantry.toml --loops 2");
  print->add_flag("--origin", *origin, "Say where each value came from, and which are live");
  AddSettingFlags(print, sources.get());
  print->callback([=] { *exit_code = Print(*sources, *origin); });

  CLI::App* reference =
      config->add_subcommand("reference", "Print every setting as the page docs/settings.md");
  reference->callback([=] {
    std::fputs(config::PrintReference().c_str(), stdout);
    *exit_code = server::kExitOk;
  });
}

}  // namespace tenantry::tools
