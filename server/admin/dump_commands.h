#pragma once
// DumpCommands: dumps to, and restores from, the file that came with the request.
//
// Threads  any; one restore at a time.

#include "server/admin/admin_commands.h"

namespace tenantry::server {

// Arguments: tenant, since, build. The output is one JSON object: position, rows, hashes.
AdminReply RunDump(Engine& engine, const AdminRequest& request);
// Arguments: tenant, as, replace, partial. The file must be seekable.
AdminReply RunRestore(Engine& engine, const AdminRequest& request);
// Argument: tenant.
AdminReply RunUndo(Engine& engine, const AdminRequest& request);

// "1.42"; false for anything else.
bool ParsePosition(std::string_view text, Position* position);

}  // namespace tenantry::server
