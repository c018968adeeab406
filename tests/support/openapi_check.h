#pragma once
// OpenApiCheck: fails a test when a request that was accepted, or any answer, is not as the server's own /openapi.json says.
//
// Shape    the document is fetched once per server. A request is held against its schema only when it succeeded. Answers are
//          read strictly: a key that the document does not name is a mistake too.
// Threads  any.

#include <string>

namespace tenantry::contract {

struct Exchange {
  std::string method;
  std::string target;
  std::string body;
  int status = 0;
  std::string answer;
  std::string answer_type;  // Content-Type.
};

// Adds a test failure for every difference. Routes that the document does not name are left alone: unknown paths have tests
// of their own, and that every route is named is checked by server_openapi_test.
void ExpectDocumented(const std::string& server_url, const Exchange& exchange);

}  // namespace tenantry::contract
