#include "tools/tenantry/command_table.h"

#include <initializer_list>

#include "tools/tenantry/admin.h"
#include "tools/tenantry/doctor_command.h"
#include "tools/tenantry/dump.h"
#include "tools/tenantry/import_command.h"
#include "tools/tenantry/inspect_command.h"
#include "tools/tenantry/load_command.h"
#include "tools/tenantry/rows_command.h"

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
  static const std::vector<CommandGroup> all =
      Join<CommandGroup>({AdminGroups(), ImportGroups(), RowsGroups(), InspectGroups()});
  return all;
}

const std::vector<Command>& AllCommands() {
  static const std::vector<Command> all = Join<Command>({AdminCommands(),
                                                         DumpCommands(),
                                                         ImportCommands(),
                                                         RowsCommands(),
                                                         InspectCommands(),
                                                         {LoadCommand(), DoctorCommand()}});
  return all;
}

}  // namespace tenantry::tools
