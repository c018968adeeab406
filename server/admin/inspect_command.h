#pragma once
// InspectCommand: `inspect record`: records of one tenant as JSON, as they are stored.
//
// Shape    arguments: tenant, collection (as dumps and metrics name it), key (parts of the primary key joined with '/'; empty:
//          the first records), limit. One line of JSON per record. Internal fields are left out: some are secrets.
// Errors   exit 4 for a tenant, collection or record that is not there.
// Threads  any.

#include "server/admin/admin_commands.h"

namespace tenantry::server {

AdminReply RunInspectRecord(Engine& engine, const AdminRequest& request);

}  // namespace tenantry::server
