#pragma once
// Reply: the few ways every handler answers, and the one table from StatusCode to HTTP.
//
// Gym errors are {statusCode, message, error, timestamp, path}; popup errors {message, error, statusCode}. Messages are
// arrays for field validation. 500 answers never carry details; the log has them under the request id.

#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/status.h"
#include "engine/engine.h"
#include "server/http/request.h"
#include "server/http/response.h"

namespace tenantry::server {

int HttpStatusOf(StatusCode code);
std::string_view ReasonPhrase(int status);

// The error body of a family for a status code and message.
http::Response GymError(int status, std::string_view message, const http::Request& request,
                        const Clock& clock);
http::Response PopupError(int status, std::string_view message);
// Of the family that owns the request's path.
http::Response FamilyError(int status, std::string_view message, const http::Request& request,
                           const Clock& clock);
// From a Status: kWouldBlock becomes a rerun on the blocking lane, details become the message array.
http::Response GymError(const Status& status, const http::Request& request, const Clock& clock);
http::Response PopupError(const Status& status);

// Error text of the family that owns a path, by its first segment (crosscutting.md A5, A6).
bool IsPopupPath(std::string_view path);

inline ReadTier TierOf(const http::Request& request) {
  return request.blocking_lane ? ReadTier::kBlocking : ReadTier::kInline;
}

// Parks a response at the outcome's index.
inline http::Response Parked(http::Response response, const Outcome& outcome) {
  response.release_index = outcome.release_index;
  return response;
}

}  // namespace tenantry::server
