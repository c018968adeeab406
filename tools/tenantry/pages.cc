#include "tools/tenantry/pages.h"

#include <cstdio>
#include <functional>
#include <vector>

#include <fmt/format.h>

namespace tenantry::tools {
namespace {

std::vector<const CLI::App*> SubcommandsOf(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}
std::vector<const CLI::Option*> OptionsOf(const CLI::App& app) {
  return app.get_options([](const CLI::Option*) { return true; });
}
bool TakesValue(const CLI::Option& option) {
  return option.get_type_size() != 0;
}

using VisitApp = std::function<void(const CLI::App&, const std::string& path)>;
void VisitAll(const CLI::App& app, const std::string& path, const VisitApp& visit) {
  visit(app, path);
  for (const CLI::App* below : SubcommandsOf(app)) {
    VisitAll(*below, path + " " + below->get_name(), visit);
  }
}

// Roff reads a dot or an apostrophe at the start of a line, and every backslash, as its own.
std::string Roff(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out.push_back(c);
    }
    line_start = c == '\n';
  }
  return out;
}

void AppendOptions(const CLI::App& app, std::string* out) {
  for (const CLI::Option* option : OptionsOf(app)) {
    std::string names = option->get_name(true, true);
    if (TakesValue(*option) && option->nonpositional()) names += " " + option->get_type_name();
    *out += fmt::format(".TP\n.B {}\n{}", Roff(names), Roff(option->get_description()));
    if (!option->get_default_str().empty()) {
      *out += fmt::format(" (default {})", Roff(option->get_default_str()));
    }
    *out += "\n";
  }
}

}  // namespace

std::string BashCompletion(const CLI::App& app) {
  std::string paths;
  std::string words;
  std::string values;
  VisitAll(app, app.get_name(), [&](const CLI::App& command, const std::string& path) {
    if (path != app.get_name()) paths += (paths.empty() ? "" : "|") + fmt::format("'{}'", path);
    std::string line;
    for (const CLI::App* below : SubcommandsOf(command)) line += below->get_name() + " ";
    for (const CLI::Option* option : OptionsOf(command)) {
      for (const std::string& name : option->get_lnames()) {
        line += "--" + name + " ";
        if (TakesValue(*option))
          values += (values.empty() ? "" : "|") + fmt::format("'{} --{}'", path, name);
      }
      for (const std::string& name : option->get_snames()) {
        if (TakesValue(*option))
          values += (values.empty() ? "" : "|") + fmt::format("'{} -{}'", path, name);
      }
    }
    words += fmt::format("    '{}') words='{}' ;;\n", path, line);
  });
  return fmt::format(R"(# Completion of tenantry for bash: source <(tenantry completion bash)
_tenantry() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path=tenantry word words=
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path $word" in
      {}) path="$path $word" ;;
    esac
  done
  case "$path $prev" in
    {}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
  esac
  case "$path" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ ${{#COMPREPLY[@]}} -eq 0 && $cur != -* ]]; then COMPREPLY=($(compgen -f -- "$cur")); fi
}}
complete -o filenames -F _tenantry tenantry
)",
                     paths, values, words);
}

std::string ManPage(const CLI::App& app) {
  std::string out = fmt::format(
      ".TH TENANTRY 1 \"\" \"tenantry {}\"\n.SH NAME\ntenantry \\- {}\n.SH SYNOPSIS\n.B tenantry\n"
      ".I COMMAND\n[OPTION...]\n.SH OPTIONS\n",
      TENANTRY_VERSION, Roff(app.get_description()));
  AppendOptions(app, &out);
  out += ".SH COMMANDS\n";
  VisitAll(app, app.get_name(), [&](const CLI::App& command, const std::string& path) {
    if (&command == &app) return;
    if (!SubcommandsOf(command).empty()) {
      out += fmt::format(".SH {}\n{}\n", Roff(path), Roff(command.get_description()));
      return;
    }
    out += fmt::format(".SS {}\n{}\n", Roff(path), Roff(command.get_description()));
    AppendOptions(command, &out);
    if (!command.get_footer().empty())
      out += fmt::format(".PP\n.nf\n{}\n.fi\n", Roff(command.get_footer()));
  });
  return out;
}

void AddPageCommands(CLI::App& app, int* exit_code) {
  CLI::App* completion =
      app.add_subcommand("completion", "Completion of this command line for a shell");
  completion->require_subcommand(1);
  completion->add_subcommand("bash", "For bash")
      ->footer("Example:\n  tenantry completion bash\nExit codes:\n  0 done, 1 failed, 2 usage")
      ->callback([&app, exit_code] {
        *exit_code = std::fputs(BashCompletion(app).c_str(), stdout) < 0 ? 1 : 0;
      });
  app.add_subcommand("man", "The manual page, for man -l")
      ->footer("Example:\n  tenantry man\nExit codes:\n  0 done, 1 failed, 2 usage")
      ->callback(
          [&app, exit_code] { *exit_code = std::fputs(ManPage(app).c_str(), stdout) < 0 ? 1 : 0; });
}

}  // namespace tenantry::tools
