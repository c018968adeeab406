#pragma once
// RescueCommands: `tenantry admin rescue`: what became of entries that a new leader replaced.
//
// Threads  functions without state.
// Source   docs/replication.md#the-old-leader-returns.

#include <optional>
#include <string>

#include "engine/engine.h"
#include "server/admin/admin_commands.h"

namespace tenantry::tools {

// `list` and `show` need no engine and disturb no server: they only read files. Nothing for other commands.
std::optional<server::AdminReply> ReadRescueFiles(const std::string& data,
                                                  const server::AdminRequest& request);

// `replay`, in the process that has the engine. Nothing for other commands.
std::optional<server::AdminReply> RunRescueCommand(Engine& engine,
                                                   const server::AdminRequest& request);

}  // namespace tenantry::tools
