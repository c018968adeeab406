#pragma once
// SettingTable: the one list of settings. Flags, environment variables, keys of the file, `config check`, `config print`,
// help and docs/settings.md are made from it.
//
// Shape    a name such as "rate-limit.views" is the flag --rate-limit-views, the variable TENANTRY_RATE_LIMIT_VIEWS and
//          the key `views` of the table [rate-limit].
// Errors   Set(): kInvalidArgument says what the value must be; which setting and where it stood is the caller's to add.
// Threads  the table is constant.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "tools/config/settings.h"

namespace tenantry::config {

enum class Kind : uint8_t { kText, kInteger, kFlag, kList };

struct Setting {
  std::string_view name;
  Kind kind = Kind::kText;
  bool live = false;         // SIGHUP applies a change; the others need a restart.
  std::string_view accepts;  // For help: "HOST:PORT", "1 to 60", "keys | open".
  std::string_view help;
  // A variable of the seeds' own deployments that is accepted too; empty: none.
  std::string_view seed_variable;

  // One text, or the elements of a list.
  std::function<Status(const std::vector<std::string>& value, Settings* settings)> set;
  std::function<std::vector<std::string>(const Settings& settings)> get;

  std::string Flag() const;      // --rate-limit-views
  std::string Variable() const;  // TENANTRY_RATE_LIMIT_VIEWS
  std::string_view Table() const {
    const size_t dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
  }
  std::string_view Key() const { return name.substr(name.find('.') + 1); }
};

std::span<const Setting> AllSettings();
// Null when there is none of that name.
const Setting* FindSetting(std::string_view name);
// The name that was probably meant; empty when none is near.
std::string_view NearestName(std::string_view wrong);

// A value as the file would have it: 5, true, "text", ["a", "b"].
std::string FormatValue(const Setting& setting, const std::vector<std::string>& value);

}  // namespace tenantry::config
