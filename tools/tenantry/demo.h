#pragma once
// Demo data: one gym and one shop with a past, made by the commands the API uses, on a clock that walks through that past.
//
// Shape    gym: 3 locations, 40 session types, 5,000 members, two weeks of sessions. Shop: 20 popups, 90 days of traffic.
//          The records follow from a fixed seed; passwords and keys come from the system's random source.
// Errors   those of the commands; a folder that already has tenants is left as it is.

#include <string>

#include "engine/base/clock.h"
#include "server/context.h"

namespace tenantry::tools {

// Fills an empty folder and prints progress to stderr; prints the credentials to stdout each time, from the file in the
// data folder (mode 0600) that keeps them. `ids_file` may name a JSON file to write ids to, for load tests.
Status EnsureDemoData(const server::Context& context, ShiftedClock& clock, const std::string& data,
                      const std::string& ids_file);

}  // namespace tenantry::tools
