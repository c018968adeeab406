#pragma once
// Command: the commands of `tenantry` as data. One table says what each is called, takes and answers with; the command line,
// its help, completion and man pages are made from it.
//
// Shape    a path of words ("admin key create"), options and operands, an example, exit codes, and the function that runs it.
// Errors   Run functions return exit codes (docs/operations.md#exit-codes) and print one line to stderr when not 0.
// Threads  the main thread.

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

namespace tenantry::tools {

enum class OptionKind : uint8_t {
  kOptional,  // --name VALUE
  kRequired,
  kRepeated,          // The same as kOptional, any number of times.
  kFlag,              // --name
  kOperand,           // A bare word, required; operands come in the order of the table.
  kOptionalOperand,   // The same, last, may be left out.
  kOperands,          // One or more bare words; the last of the table.
  kOptionalOperands,  // The same, or none.
};

struct CommandOption {
  std::string name;  // Long, without dashes. Operands: as help shows them, such as FILE.
  std::string help;
  OptionKind kind = OptionKind::kOptional;
  std::string value = "TEXT";  // What help calls the value: FILE, DIR, N, …
  std::string fallback = {};   // Used, and shown, when the option is left out.
  char letter = 0;             // A short form: -o.
};

// What was typed.
class Invocation {
 public:
  // Empty when the option was left out and has no fallback; "yes" for a flag that is set.
  const std::string& Get(std::string_view name) const;
  bool Has(std::string_view name) const { return !Get(name).empty(); }
  // Of kOperands and kRepeated.
  const std::vector<std::string>& All(std::string_view name) const;

  std::map<std::string, std::vector<std::string>, std::less<>> values;
};

struct Command {
  std::string path;  // "admin key create"; the words before the last are groups.
  std::string summary;
  std::vector<CommandOption> options;
  std::string example;          // One line that works in a folder with ./data.
  std::vector<int> exit_codes;  // Beside 0, 1 and 2.
  std::function<int(const Invocation&)> run;
};

// A word that has commands below it.
struct CommandGroup {
  std::string path;
  std::string summary;
};

// Adds all of them below `app`; parsing then runs the one that was typed and sets *exit_code.
void AddCommands(CLI::App& app, std::span<const CommandGroup> groups,
                 std::span<const Command> commands, int* exit_code);

// What an exit code means, in a few words.
std::string_view ExitCodeMeaning(int code);

}  // namespace tenantry::tools
