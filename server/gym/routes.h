#pragma once
// GymRoutes: the one table of gym rows, for the router and for everything that lists routes.

#include <vector>

#include "server/context.h"
#include "server/http/route.h"

namespace tenantry::server::gym {

// Handlers borrow `context`, which must outlive them.
std::vector<http::Route> GymRoutes(const Context& context);

}  // namespace tenantry::server::gym
