#pragma once
// TomlFile: the values of a configuration file, by the setting they name.
//
// Errors   kNotFound or kIoError when it cannot be read. Mistakes inside it are collected, not returned: one line each,
//          "FILE:LINE: what is wrong and what to do".

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tools/config/setting_table.h"

namespace tenantry::config {

struct FileValue {
  const Setting* setting;
  std::vector<std::string> value;
  std::string place;  // FILE:LINE
};

struct TomlFile {
  std::vector<FileValue> values;
  std::vector<std::string> mistakes;
};

Result<TomlFile> ReadTomlFile(const std::string& path);

}  // namespace tenantry::config
