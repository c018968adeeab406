#pragma once
// StatusCommand: `admin status`: what a data folder holds and how it does, as lines for people or one JSON object.
//
// Threads  any.

#include "server/admin/admin_commands.h"

namespace tenantry::server {

AdminReply ShowStatus(Engine& engine, const AdminRequest& request);

}  // namespace tenantry::server
