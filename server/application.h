#pragma once
// TenantryApplication: joins the modules' route tables, error bodies, CORS and the log into what server/http drives.
//
// Threads  as http::Application states.
// Owns     the routes. Borrows context and log.

#include <functional>
#include <memory>
#include <vector>

#include "server/access_log.h"
#include "server/context.h"
#include "server/http/application.h"
#include "server/http/router.h"
#include "server/idempotency.h"
#include "server/log_url.h"
#include "server/metrics/request_metrics.h"
#include "server/openapi/docs.h"
#include "server/read_path.h"
#include "server/tenant_names.h"

namespace tenantry::server {

class TenantryApplication final : public http::Application {
 public:
  // What each module adds to the application.
  struct Module {
    std::vector<http::Route> routes;
    // Ends a tick of a loop; may be empty.
    std::function<void(uint32_t loop, std::vector<http::TickVerdict>* verdicts)> on_tick_end;
    // What OpenAPI says of the routes.
    openapi::ApiDocs docs = {};
  };

  TenantryApplication(const Context& context, AccessLog& log);

  // The one table: every row of every module.
  const std::vector<http::Route>& routes() const { return routes_; }
  // Mistakes in the modules' API docs, one per line; a test wants none.
  const std::vector<std::string>& doc_mistakes() const { return doc_mistakes_; }
  const metrics::RequestMetrics& request_metrics() const { return *request_metrics_; }

  // Fills the caches with what the first visitors will ask for. Before the server starts.
  void WarmUp() { reads_.WarmUp(routes_); }
  // How often kept answers were used, for metrics.
  CacheCounts cache_counts() const { return reads_.counts(); }

  std::optional<http::Response> Admit(const http::Request& request, const http::Route* route,
                                      http::Admission* admission) override;
  std::string_view AdmissionLines(const http::Admission& admission,
                                  std::span<char, kAdmissionLinesBytes> room) override;
  http::Response Handle(const http::Route& route, const http::Request& request) override;
  http::Response Unrouted(const http::Request& request, http::MethodSet allowed) override;
  http::Response ProtocolError(int status, std::string_view reason, const http::Request* request,
                               std::string_view target) override;
  http::Response Overloaded(const http::Request& request) override;
  void Decorate(const http::Request* request, const http::Route* route,
                http::Response* response) override;
  uint64_t WaitFor(const http::Route& route, const http::Request& request) override;
  std::string LateLines(uint64_t release_index) override;
  uint64_t ReleasedIndex() const override { return context_.engine.released_index(); }
  bool LogIsIdle() const override { return context_.engine.idle(); }
  void BeginBatch() override { context_.engine.BeginBatch(); }
  void EndBatch() override { context_.engine.EndBatch(); }
  void OnTickEnd(uint32_t loop, std::vector<http::TickVerdict>* verdicts) override;
  void OnReply(const http::AccessRecord& record) override;
  void OnException(const http::Request& request, std::string_view what) override;

 private:
  // The route's handler, or the stored answer of a keyed request.
  http::Response Answer(const http::Route& route, const http::Request& request);
  // Runs a write that carries If-Match only while the resource's tag is among those listed; else 412.
  http::Response AnswerIfMatch(const http::Route& route, const http::Request& request,
                               std::string_view tags);
  http::Response Write(const http::Route& route, const http::Request& request);
  // Networks and rate limits: the refusal, if any.
  std::optional<http::Response> AskGate(const http::Request& request, const http::Route* route,
                                        http::Admission* admission);
  http::Response PassOn(const http::Request& request);
  http::Response HandleRead(const http::Route& route, const http::Request& request);
  std::string_view DurabilityName() const;
  // Whether a page of this origin may read answers of the route; null: of an unknown path.
  bool MayRead(std::string_view origin, const http::Route* route) const;
  const http::Route* RouteAskedFor(const http::Request& preflight) const;
  http::Response Error(int status, std::string_view message, const http::Request& request) const;

  const Context& context_;
  AccessLog& log_;
  ReadPath reads_;
  Idempotency idempotency_;
  std::vector<Module> modules_;
  std::vector<std::string> doc_mistakes_;
  std::vector<http::Route> routes_;    // Constant after construction; the router points into it.
  std::optional<http::Router> table_;  // All rows: which resource a path names.
  std::unique_ptr<metrics::RequestMetrics> request_metrics_;  // By row of routes_.
  std::unique_ptr<LogUrl> log_url_;                           // Knows the words of routes_.
  TenantNames tenant_names_;
};

// Rows that belong to neither family: probes, metrics, and `document` (the OpenAPI text, filled in once every route is known).
std::vector<http::Route> SharedRoutes(const Context& context,
                                      std::shared_ptr<const std::string> document);
openapi::ApiDocs SharedApiDocs();

}  // namespace tenantry::server
