#pragma once
// LogUrl: what of a request's path may stand in a log line. Paths carry what people type: codes, addresses, by mistake a
// password. So a line shows the route's own words and ids that only we hand out, and nothing else that was sent.
//
//   GET /sessions/c0123…      matched: the id as it is
//   GET /discount-codes/code/SAVE10   matched: /discount-codes/code/:code
//   GET /sessions/x/y         unmatched: words of the route table, * for the rest: /sessions/*/*
//
// Threads  immutable after construction: any thread. Owns its words.

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "server/http/application.h"

namespace tenantry::server {

class LogUrl {
 public:
  explicit LogUrl(std::span<const http::Route> routes);
  // The path to show, without a query string. `target` is as sent.
  void Append(std::string* out, const http::Route* route, std::string_view target) const;

 private:
  std::set<std::string, std::less<>> words_;  // Literal segments of every route, in lower case.
};

}  // namespace tenantry::server
