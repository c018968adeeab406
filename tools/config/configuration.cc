#include "tools/config/configuration.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "tools/config/toml_file.h"

namespace tenantry::config {
namespace {

// Elements of a list in a variable, which has no syntax of its own for lists.
std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> elements;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) elements.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return elements;
}

class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {
    out_.origins.assign(AllSettings().size(), "default");
  }

  Result<Configuration> Run() {
    if (!sources_.file.empty()) {
      TNT_ASSIGN_OR_RETURN(TomlFile file, ReadTomlFile(sources_.file));
      mistakes_ = std::move(file.mistakes);
      for (const FileValue& value : file.values) Apply(*value.setting, value.value, value.place);
    }
    for (const Setting& setting : AllSettings()) {
      if (!setting.seed_variable.empty()) ReadVariable(setting, std::string(setting.seed_variable));
      ReadVariable(setting, setting.Variable());
      const auto flag = sources_.flags.find(setting.name);
      if (flag != sources_.flags.end()) Apply(setting, flag->second, "flag " + setting.Flag());
    }
    for (const std::string& name : sources_.variable_names) CheckVariable(name);
    CheckTogether();
    if (mistakes_.empty()) return std::move(out_);
    return InvalidArgument(fmt::format("{}", fmt::join(mistakes_, "\n")));
  }

 private:
  void ReadVariable(const Setting& setting, const std::string& name) {
    const char* text = sources_.variable ? sources_.variable(name) : nullptr;
    if (!text) return;
    const bool list = setting.kind == Kind::kList;
    Apply(setting, list ? SplitAtCommas(text) : std::vector<std::string>{text},
          "environment " + name);
  }

  // Only a warning: an orchestrator may set variables of its own that begin like ours.
  void CheckVariable(const std::string& name) {
    constexpr std::string_view kPrefix = "TENANTRY_";
    if (name == "DB_POOL_MIN") {
      out_.warnings.push_back("environment DB_POOL_MIN: sets nothing, all workers always run");
    }
    if (!name.starts_with(kPrefix) || name == "TENANTRY_CONFIG") return;
    for (const Setting& setting : AllSettings()) {
      if (setting.Variable() == name) return;
    }
    std::string meant;
    for (const char c : name.substr(kPrefix.size())) {
      meant.push_back(c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    const Setting* const near = FindSetting(NearestName(meant));
    out_.warnings.push_back(
        near ? fmt::format("environment {}: no setting of this name; did you mean {}?", name,
                           near->Variable())
             : fmt::format("environment {}: no setting of this name", name));
  }

  void Apply(const Setting& setting, const std::vector<std::string>& value,
             const std::string& place) {
    const Status set = setting.set(value, &out_.settings);
    if (set.ok()) {
      out_.origins[static_cast<size_t>(&setting - AllSettings().data())] = place;
    } else {
      mistakes_.push_back(fmt::format("{}: {} {}", place, setting.name, set.message()));
    }
  }

  // What no setting can see alone.
  void CheckTogether() {
    const Settings& s = out_.settings;
    if (s.http.listen.empty()) mistakes_.push_back("listen: at least one HOST:PORT is needed");
    if (s.data.empty()) mistakes_.push_back("data: a folder is needed");
    if (s.http.tls_cert.empty() != s.http.tls_key.empty()) {
      mistakes_.push_back("tls-cert and tls-key: one is of no use without the other");
    }
    if (s.http.framing.target_bytes > s.http.framing.head_bytes) {
      mistakes_.push_back("http.target-bytes: must not be above http.head-bytes");
    }
  }

  const Sources& sources_;
  Configuration out_;
  std::vector<std::string> mistakes_;
};

std::string DefaultOf(const Setting& setting) {
  return FormatValue(setting, setting.get(Settings()));
}

}  // namespace

Result<Configuration> Load(const Sources& sources) {
  return Loader(sources).Run();
}

std::vector<Difference> Compare(const Settings& before, const Settings& after) {
  std::vector<Difference> differences;
  for (const Setting& setting : AllSettings()) {
    const auto was = setting.get(before);
    const auto is = setting.get(after);
    if (was == is) continue;
    differences.push_back(
        {&setting, fmt::format("{}: {} -> {}", setting.name, FormatValue(setting, was),
                               FormatValue(setting, is))});
  }
  return differences;
}

std::string Print(const Configuration& configuration, bool origins) {
  std::string out;
  std::string_view table;
  for (size_t i = 0; i < AllSettings().size(); ++i) {
    const Setting& setting = AllSettings()[i];
    if (setting.Table() != table) {
      table = setting.Table();
      out += fmt::format("\n[{}]\n", table);
    }
    const std::string line = fmt::format("{} = {}", setting.Key(),
                                         FormatValue(setting, setting.get(configuration.settings)));
    if (origins) {
      out += fmt::format("{:<44} # {}; {}\n", line, configuration.origins[i],
                         setting.live ? "live" : "restart");
    } else {
      out += line + "\n";
    }
  }
  return out;
}

std::string PrintReference() {
  std::string out =
      "# Settings\n\n"
      "Made by `tenantry config reference` from the table that the program itself reads; a test "
      "compares the two.\n\n"
      "A flag of `tenantry serve` beats the environment variable, which beats the file of "
      "`--config` (or `TENANTRY_CONFIG`),\n"
      "which beats the default. In the file, `rate-limit.views` is the key `views` of the table "
      "`[rate-limit]`. Lists are\n"
      "`[\"a\", \"b\"]` in the file and `a,b` elsewhere. *Live* settings follow the file on "
      "SIGHUP, the others at a restart.\n\n"
      "| setting | flag | variable | default | unit, values | live | "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const Setting& setting : AllSettings()) {
    std::string accepts(setting.accepts);
    for (size_t at = accepts.find('|'); at != std::string::npos; at = accepts.find('|', at + 2)) {
      accepts.insert(at, "\\");
    }
    std::string variables = "`" + setting.Variable() + "`";
    if (!setting.seed_variable.empty()) variables += fmt::format(", `{}`", setting.seed_variable);
    out += fmt::format("| `{}` | `{}` | {} | `{}` | {} | {} | {} |\n", setting.name, setting.Flag(),
                       variables, DefaultOf(setting), accepts, setting.live ? "yes" : "",
                       setting.help);
  }
  return out;
}

}  // namespace tenantry::config
