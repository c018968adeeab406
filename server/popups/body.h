#pragma once
// Body: request bodies as JSON text. JSON and forms are read; any other content type counts as an
// empty body, which then fails validation, as in the original. A body without a type is taken for
// JSON.

#include <string>

#include "engine/codec/json_in.h"
#include "server/http/request.h"

namespace tenantry::server::popups {

// Form fields become an object of strings.
std::string JsonBody(const http::Request& request);

template <class T>
Result<codec::Input<T>> DecodeBody(const http::Request& request) {
  return codec::Input<T>::Decode(JsonBody(request));
}

}  // namespace tenantry::server::popups
