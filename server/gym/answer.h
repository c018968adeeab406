#pragma once
// Answer: the ways gym handlers finish.

#include <string>
#include <utility>

#include "engine/gym/scope.h"
#include "server/context.h"
#include "server/reply.h"

namespace tenantry::server::gym {

namespace domain = tenantry::gym;

inline Status TooManyAttempts() {
  return QuotaExceeded("Too many failed attempts. Try again later.");
}

inline http::Response Refused(const Context& context, const Status& status,
                              const http::Request& request) {
  return GymError(status, request, context.engine.clock());
}

// A query's body, or its refusal.
inline http::Response Answered(const Context& context, const http::Request& request,
                               Result<std::string> body) {
  if (!body.ok()) return Refused(context, body.status(), request);
  return http::Response::Json(200, *std::move(body));
}

// A command's reply: accepted or refused, it waits for the entries it is based on.
template <class T, class Render>
http::Response Replied(const Context& context, const http::Request& request,
                       const domain::Done<T>& done, int status, const Render& render) {
  if (!done.ok()) {
    return Parked(Refused(context, done.outcome.status, request), done.outcome);
  }
  return Parked(http::Response::Json(status, render(*done.value)), done.outcome);
}

}  // namespace tenantry::server::gym
