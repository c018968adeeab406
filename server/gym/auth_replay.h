#pragma once
// Auth replay: the answer to a repeated sign-up, login or refresh. Tokens are never stored, so the device that the first
// request signed in gets fresh ones, unless it was signed out or its tokens were ended since.
//
// Errors   401 as http::Response, or a rerun on the blocking lane.
// Threads  any; no other command of the request may be waiting.

#include "engine/keyed_call.h"
#include "server/context.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::server::gym {

// `index` is where the stored answer lies: the device is looked for only when that is released.
http::Response ReplaySignIn(const Context& context, const http::Request& request,
                            const schema::StoredAnswer::Reader& answer, uint64_t index);

}  // namespace tenantry::server::gym
