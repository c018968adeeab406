#pragma once
// Routes: the popup module for the application: its rows of the route table and the end of a loop's
// tick.
//
// Threads  handlers as http::Application states; on_tick_end on its loop.
// Owns     per-loop caches and tallies, shared by the handlers. Borrows `context`, which must
//          outlive the module.

#include "server/application.h"
#include "server/context.h"

namespace tenantry::server::popups {

TenantryApplication::Module PopupModule(const Context& context);

}  // namespace tenantry::server::popups
