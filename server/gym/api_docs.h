#pragma once
// ApiDocs of the gym's routes: one row per row of routes.cc, and the shapes of answers.

#include "server/openapi/docs.h"

namespace tenantry::server::gym {

openapi::ApiDocs GymApiDocs();

}  // namespace tenantry::server::gym
