#pragma once
// JobCommands: `admin jobs list|run|retry|discard`. Jobs are named by id alone; which tenant's they are is looked up.
//
// Threads  any.

#include "server/admin/admin_commands.h"

namespace tenantry::server {

AdminReply RunJobCommand(Engine& engine, const AdminRequest& request);

}  // namespace tenantry::server
