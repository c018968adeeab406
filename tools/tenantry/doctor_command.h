#pragma once
// doctor: `tenantry doctor`: what would make a server of this folder fail, before it does.

#include "tools/tenantry/command.h"

namespace tenantry::tools {

Command DoctorCommand();

}  // namespace tenantry::tools
