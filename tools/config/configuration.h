#pragma once
// Configuration: the settings in force and where each came from. Flags beat the environment, which beats the file, which
// beats the defaults.
//
// Errors   Load(): kInvalidArgument, one line per mistake, each with its place (FILE:LINE, variable or flag); kNotFound or
//          kIoError for a file that cannot be read. Nothing is half applied.
// Threads  values.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "tools/config/setting_table.h"

namespace tenantry::config {

// Where settings may come from; kept, so that SIGHUP can ask again.
struct Sources {
  std::string file;  // Empty: none.
  // Values of flags given, by the setting's name.
  std::map<std::string, std::vector<std::string>, std::less<>> flags;
  // Null for a variable that is not set.
  std::function<const char*(const std::string& name)> variable;
  // The names of all that are set.
  std::vector<std::string> variable_names;
};

struct Configuration {
  Settings settings;
  // By the place in AllSettings(): "default", "flag --listen", "environment TENANTRY_LISTEN", "tenantry.toml:12".
  std::vector<std::string> origins;
  // Variables that look like ours and set nothing.
  std::vector<std::string> warnings;
};

Result<Configuration> Load(const Sources& sources);

// "rate-limit.views: 1000 -> 2000" for every setting that differs.
struct Difference {
  const Setting* setting;
  std::string text;
};
std::vector<Difference> Compare(const Settings& before, const Settings& after);

// A file that says what `configuration` says; with `origins`, a comment on each line says where from, and whether SIGHUP
// applies a change.
std::string Print(const Configuration& configuration, bool origins);
// docs/settings.md.
std::string PrintReference();

}  // namespace tenantry::config
