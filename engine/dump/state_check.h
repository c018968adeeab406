#pragma once
// StateCheck: whether the rows of a published view agree with each other.
//
// Rules    keys rise; every record decodes and lies under its own key; it has exactly the index rows that the schema derives
//          from it, and no index row lacks its record; what records name exists; every tenant has a living space and every
//          living space a tenant. Stored numbers are the modules' to count again (gym/recount.h, popups/recount.h).
// Errors   those of the store; what is wrong is a finding. kUnavailable when `report` said to stop.
// Threads  any; the view is pinned meanwhile.

#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace tenantry::dump {

struct CheckedSpace {
  SpaceId space;
  std::string tenant;  // Empty: the directory.
  bool gym = false;
};

struct StateCheck {
  std::function<void(std::string what)> found;  // One sentence with space, tenant and key.
  std::function<bool(uint64_t rows)> report = {};
};

// Also hands out the spaces of all tenants.
Status CheckState(const ReadView& view, const StateCheck& check, std::vector<CheckedSpace>* spaces);

}  // namespace tenantry::dump
