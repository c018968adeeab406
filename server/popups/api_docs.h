#pragma once
// ApiDocs of the popup routes: one row per AddRow of the *_handlers.cc files, and the shapes of answers.

#include "server/openapi/docs.h"

namespace tenantry::server::popups {

openapi::ApiDocs PopupApiDocs();

}  // namespace tenantry::server::popups
