#include "engine/gym/names.h"

namespace tenantry::gym {

std::string_view TrimName(std::string_view name) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const size_t first = name.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return name.substr(first, name.find_last_not_of(kSpace) - first + 1);
}

std::string EmailKey(std::string_view email) {
  std::string key(TrimName(email));
  for (char& c : key) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return key;
}

}  // namespace tenantry::gym
