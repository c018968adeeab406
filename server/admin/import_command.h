#pragma once
// ImportCommand: `admin import`, `admin export` and undo. Rows to import come as lines of JSON in the file that came with the
// request; rows to export go into it.
//
// Shape    {"table":"T","columns":["a",…]} opens a table, ["1",null,…] is a row of it, {"note":"…"} goes into the report, and
//          {"end":true} is the last line: without it the source broke off, and what came so far is kept.
//          Commands: "import gym", "import popups" with all the originals' tables; "import rows" (arguments kind, tenant, dry-run) with
//          one table whose columns are field names, which answers a token; "import undo" (tenant, token); "export rows"
//          (kind, tenant, format csv or jsonl). json "yes": the report as JSON.
// Errors   exit 0 also when rows were refused: each is in the report. Exit 1 when the source broke off or a write failed.
// Threads  any.

#include "server/admin/admin_commands.h"

namespace tenantry::server {

// Whether RunImportCommand answers this command.
bool IsImportCommand(std::string_view command);
AdminReply RunImportCommand(Engine& engine, const AdminRequest& request);

}  // namespace tenantry::server
