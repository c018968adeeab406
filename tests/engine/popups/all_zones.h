#pragma once
// Every name of the installed zone database.

#include <fstream>
#include <string>
#include <vector>

namespace tenantry::popups {

inline std::vector<std::string> AllZones() {
  std::vector<std::string> zones;
  std::ifstream table("/usr/share/zoneinfo/tzdata.zi");
  for (std::string line; std::getline(table, line);) {
    if (line.size() > 2 && line[0] == 'Z' && line[1] == ' ') {
      zones.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    if (line.size() > 2 && line[0] == 'L' && line[1] == ' ') {
      zones.push_back(line.substr(line.rfind(' ') + 1));
    }
  }
  return zones;
}

}  // namespace tenantry::popups
