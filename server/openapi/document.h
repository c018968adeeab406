#pragma once
// Document: the OpenAPI 3.1 description of the running server, made from the route table, the docs of the modules and the
// schema catalog. So it cannot name a route that is not served, nor leave one out.
//
// Errors   kInvalidArgument for a docs row without a route, a route without one, or a type that does not parse: mistakes in
//          our own tables. The document is made nevertheless, with what is known.
// Threads  stateless.

#include <span>
#include <string>
#include <vector>

#include "server/http/route.h"
#include "server/openapi/docs.h"

namespace tenantry::openapi {

struct Document {
  std::string json;
  std::vector<std::string> mistakes;  // One line each.
};

Document BuildDocument(std::span<const http::Route> routes, std::span<const ApiDocs> modules);

}  // namespace tenantry::openapi
