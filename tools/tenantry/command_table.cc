#include "tools/tenantry/command_table.h"

#include <initializer_list>

#include "tools/tenantry/admin.h"
#include "tools/tenantry/dump.h"

namespace tenantry::tools {
namespace {

template <class T>
std::vector<T> Join(std::initializer_list<std::vector<T>> lists) {
  std::vector<T> all;
  for (const std::vector<T>& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace

const std::vector<CommandGroup>& AllGroups() {
  static const std::vector<CommandGroup> all = Join({AdminGroups()});
  return all;
}

const std::vector<Command>& AllCommands() {
  static const std::vector<Command> all = Join({AdminCommands(), DumpCommands()});
  return all;
}

}  // namespace tenantry::tools
