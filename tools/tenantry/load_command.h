#pragma once
// LoadCommand: `tenantry load URL`, against this server or any other.

#include "tools/tenantry/command.h"

namespace tenantry::tools {

Command LoadCommand();

}  // namespace tenantry::tools
