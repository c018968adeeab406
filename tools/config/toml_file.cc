#include "tools/config/toml_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

// Errors come back as values, with their line.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace tenantry::config {
namespace {

std::string_view TypeName(Kind kind) {
  switch (kind) {
    case Kind::kText:
      return "a text in quotes";
    case Kind::kInteger:
      return "a whole number without quotes";
    case Kind::kFlag:
      return "true or false without quotes";
    case Kind::kList:
      return "a list of texts, such as [\"a\", \"b\"]";
  }
  return "";
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  void ReadTable(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (const Setting* setting = FindSetting(name)) {
        ReadValue(*setting, node, Place(key.source().begin.line));
      } else if (node.is_table() && prefix.empty() && IsTable(name)) {
        ReadTable(*node.as_table(), name + ".");
      } else {
        Unknown(name, Place(key.source().begin.line));
      }
    }
  }

  std::string Place(uint32_t line) const { return fmt::format("{}:{}", path_, line); }
  TomlFile&& Take() { return std::move(file_); }
  void Mistake(const std::string& place, std::string_view text) {
    file_.mistakes.push_back(fmt::format("{}: {}", place, text));
  }

 private:
  static bool IsTable(std::string_view name) {
    for (const Setting& setting : AllSettings()) {
      if (setting.Table() == name) return true;
    }
    return false;
  }

  void Unknown(const std::string& name, const std::string& place) {
    const std::string_view near = NearestName(name);
    Mistake(place, near.empty()
                       ? fmt::format("unknown setting \"{}\"", name)
                       : fmt::format("unknown setting \"{}\"; did you mean \"{}\"?", name, near));
  }

  void ReadValue(const Setting& setting, const toml::node& node, const std::string& place) {
    std::vector<std::string> value;
    bool fits = false;
    switch (setting.kind) {
      case Kind::kText:
        if ((fits = node.is_string())) value.push_back(node.as_string()->get());
        break;
      case Kind::kInteger:
        if ((fits = node.is_integer())) value.push_back(std::to_string(node.as_integer()->get()));
        break;
      case Kind::kFlag:
        if ((fits = node.is_boolean()))
          value.push_back(node.as_boolean()->get() ? "true" : "false");
        break;
      case Kind::kList:
        fits = node.is_array();
        if (!fits) break;
        for (const toml::node& element : *node.as_array()) {
          fits = fits && element.is_string();
          if (element.is_string()) value.push_back(element.as_string()->get());
        }
        break;
    }
    if (!fits) {
      return Mistake(place, fmt::format("{} must be {}", setting.name, TypeName(setting.kind)));
    }
    file_.values.push_back({&setting, std::move(value), place});
  }

  const std::string& path_;
  TomlFile file_;
};

}  // namespace

Result<TomlFile> ReadTomlFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  if (in) text << in.rdbuf();
  if (!in || text.fail()) {
    const std::string why = errno != 0 ? std::strerror(errno) : "it is no file";
    return NotFound(fmt::format("cannot read the configuration file {}: {}", path, why));
  }
  Reader reader(path);
  const toml::parse_result parsed = toml::parse(text.view(), path);
  if (!parsed) {
    reader.Mistake(reader.Place(parsed.error().source().begin.line),
                   std::string("not TOML: ").append(parsed.error().description()));
  } else {
    reader.ReadTable(parsed.table(), "");
  }
  return reader.Take();
}

}  // namespace tenantry::config
