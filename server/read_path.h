#pragma once
// ReadPath: what happens around the handler of every GET route, so that a new route gets it without code of its own.
//
//   kept answer that still holds? ──yes──▶ fit to the request ──▶ 200 or 304
//              │ no
//              ▼
//   handler, its reads recorded ──200──▶ page, fields, entity tag, Cache-Control ──▶ kept, when the row's CacheClass says so
//
// Rules    The key of a kept answer is the path, the whole query string and, unless nobody is asked for credentials, the
//          Authorization header; for the gym also x-tenant-id. A handler whose answer depends on any other header must
//          not have a CacheClass.
//          An answer is kept only for as long as everything it read is unchanged; handlers declare nothing but the
//          instant at which time alone changes it (engine/read_recorder.h).
// Threads  any loop and its workers.
// Owns     a cache per loop. Borrows the context.
// Source   docs/adr/0003-cache-by-last-change.md, INV-15.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/answer_cache.h"
#include "server/context.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/http/route.h"
#include "server/metrics/exposition.h"

namespace tenantry::server {

class ReadPath {
 public:
  explicit ReadPath(const Context& context);

  // Answers a request of a GET route.
  http::Response Answer(const http::Route& route, const http::Request& request);

  // The entity tag of what the GET route of this path would answer now; nullopt where it does not answer 200 with a body.
  // kWouldBlock on the inline tier.
  Result<std::optional<std::string>> TagNow(const http::Route& route,
                                            const http::Request& request) const;

  // Builds answers that the first visitors will ask for, in every loop's cache: the storefront list of each shop, the
  // public lists of each gym; the first kWarmTenantsMax tenants, for at most kWarmMs (crosscutting.md C11). Before the
  // loops run.
  void WarmUp(const std::vector<http::Route>& routes);

  CacheCounts counts() const;
  void CollectMetrics(metrics::Exposition& out) const;

 private:
  http::Response Refusal(const http::Route& route, const http::Request& request,
                         const Status& status) const;
  http::Response Render(const http::Route& route, const http::Request& request) const;

  const Context& context_;
  std::vector<std::unique_ptr<AnswerCache>> caches_;  // By loop.
};

}  // namespace tenantry::server
