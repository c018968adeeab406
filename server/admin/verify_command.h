#pragma once
// VerifyCommand: `admin verify --data DIR` for one published state: the log as far as it is durable, rows, indexes, references
// and stored numbers.
//
// Threads  any.

#include "server/admin/admin_commands.h"

namespace tenantry::server {

AdminReply RunVerify(Engine& engine, const AdminRequest& request);

}  // namespace tenantry::server
