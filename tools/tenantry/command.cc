#include "tools/tenantry/command.h"

#include <memory>
#include <utility>

#include "server/admin/admin_commands.h"

namespace tenantry::tools {
namespace {

constexpr int kOperandsMax = 1000;

// "admin key create" -> {"admin key", "create"}; the first part is empty for a single word.
std::pair<std::string, std::string> SplitPath(const std::string& path) {
  const size_t space = path.rfind(' ');
  if (space == std::string::npos) return {"", path};
  return {path.substr(0, space), path.substr(space + 1)};
}

CLI::App* Find(CLI::App& app, const std::string& path) {
  if (path.empty()) return &app;
  const auto [parent, word] = SplitPath(path);
  return Find(app, parent)->get_subcommand(word);
}

std::string Footer(const Command& command) {
  std::string text =
      "Example:\n  " + command.example + "\nExit codes:\n  0 done, 1 failed, 2 usage";
  for (const int code : command.exit_codes) {
    text += ", " + std::to_string(code) + " " + std::string(ExitCodeMeaning(code));
  }
  return text;
}

std::string FlagNames(const CommandOption& option) {
  std::string names = "--" + option.name;
  if (option.letter != 0) names = std::string("-") + option.letter + "," + names;
  return names;
}

void AddOption(CLI::App& command, const CommandOption& option, Invocation* invocation) {
  std::vector<std::string>& values = invocation->values[option.name];
  const bool is_operand =
      option.kind == OptionKind::kOperand || option.kind == OptionKind::kOptionalOperand;
  // One value; a list of them would take the next operand's, too.
  const auto set = [&values](const std::string& value) { values = {value}; };
  CLI::Option* added = nullptr;
  switch (option.kind) {
    case OptionKind::kFlag:
      command.add_flag_callback(
          FlagNames(option), [&values] { values = {"yes"}; }, option.help);
      return;
    case OptionKind::kRepeated:
      added = command.add_option(FlagNames(option), values, option.help)->allow_extra_args(false);
      break;
    case OptionKind::kOperands:
    case OptionKind::kOptionalOperands:
      added = command.add_option(option.name, values, option.help)
                  ->required(option.kind == OptionKind::kOperands)
                  ->expected(1, kOperandsMax);
      break;
    default:
      added = command.add_option_function<std::string>(is_operand ? option.name : FlagNames(option),
                                                       set, option.help);
      added->required(option.kind == OptionKind::kRequired || option.kind == OptionKind::kOperand);
  }
  added->type_name(option.value);
  if (!option.fallback.empty()) {
    values = {option.fallback};
    added->default_str(option.fallback);
  }
}

void AddCommand(CLI::App& app, const Command& command, int* exit_code) {
  const auto [parent, word] = SplitPath(command.path);
  CLI::App* added = Find(app, parent)->add_subcommand(word, command.summary);
  added->footer(Footer(command));
  auto invocation = std::make_shared<Invocation>();
  for (const CommandOption& option : command.options) AddOption(*added, option, invocation.get());
  added->callback([invocation, run = command.run, exit_code, added] {
    // A command may have others below it; then one of those was meant.
    if (added->get_subcommands().empty()) *exit_code = run(*invocation);
  });
}

}  // namespace

const std::string& Invocation::Get(std::string_view name) const {
  static const std::string kNone;
  const std::vector<std::string>& all = All(name);
  return all.empty() ? kNone : all.back();
}

const std::vector<std::string>& Invocation::All(std::string_view name) const {
  static const std::vector<std::string> kNone;
  const auto found = values.find(name);
  return found == values.end() ? kNone : found->second;
}

void AddCommands(CLI::App& app, std::span<const CommandGroup> groups,
                 std::span<const Command> commands, int* exit_code) {
  for (const CommandGroup& group : groups) {
    const auto [parent, word] = SplitPath(group.path);
    Find(app, parent)->add_subcommand(word, group.summary)->require_subcommand(1);
  }
  for (const Command& command : commands) AddCommand(app, command, exit_code);
}

std::string_view ExitCodeMeaning(int code) {
  switch (code) {
    case server::kExitOk:
      return "done";
    case server::kExitFailed:
      return "failed";
    case server::kExitUsage:
      return "usage";
    case server::kExitLocked:
      return "the data folder is in use";
    case server::kExitNotFound:
      return "not found";
    case server::kExitCorrupt:
      return "damage found";
    case server::kExitReplication:
      return "not the leader, or too far behind";
    case server::kExitUnreachable:
      return "the server does not answer";
    default:
      return "unknown";
  }
}

}  // namespace tenantry::tools
