// Rows that belong to neither family: probes, metrics, the OpenAPI document and its page.

#include "engine/codec/json_out.h"
#include "server/application.h"
#include "server/openapi/docs_page.h"

namespace tenantry::server {
namespace {

http::Response Health(const Context& context, bool ok) {
  std::string body;
  {
    codec::ObjectWriter health(&body);
    health.String("status", ok ? "ok" : "unavailable");
    health.Instant("timestamp", context.engine.clock().NowUnixMs());
    health.String("service", "tenantry");
  }
  http::Response response = http::Response::Json(ok ? 200 : 503, std::move(body));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response Ready(const Context& context, const http::Request& request) {
  const Readiness::Report report = context.observability.readiness.Look();
  http::Response response = Health(context, report.ready);
  if (request.FindQuery("verbose").has_value()) {
    response.content_type = "text/plain; charset=utf-8";
    response.body = report.ToText();
  }
  if (!report.ready) response.headers.emplace_back("Retry-After", "1");
  return response;
}

http::Response Metrics(const Context& context) {
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = context.observability.metrics.Render();
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response Document(const std::shared_ptr<const std::string>& document) {
  http::Response response;
  response.content_type = "application/json; charset=utf-8";
  response.shared_body = document;
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

http::Response DocsPage() {
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = openapi::kDocsPage;
  // The page is one file: nothing from elsewhere may run in it, and no other site may frame it.
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; style-src 'unsafe-inline'; script-src "
                                "'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'");
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

constexpr openapi::Shape kShapes[] = {
    {"Health", "{status: \"ok\" | \"unavailable\", timestamp: time, service: string}"},
};
constexpr openapi::RouteDoc kDocs[] = {
    {"GET /health", "Say that the process lives", 200, "Health"},
    {"GET /health/live", "Say that the process lives", 200, "Health"},
    {"GET /health/ready", "Say whether requests are wanted", 200, "Health", nullptr,
     "{verbose?: string}"},
    {"GET /livez", "Say that the process lives", 200, "Health"},
    {"GET /readyz", "Say whether requests are wanted; with verbose, one line per check", 200,
     "Health", nullptr, "{verbose?: string}"},
    {"GET /metrics", "Figures for Prometheus", 200, "text/plain"},
    {"GET /openapi.json", "This document", 200, "object"},
    {"GET /docs", "This document as a page", 200, "text/html"},
};

http::Route Row(std::string_view path, std::string_view name, http::Permission permission,
                std::function<http::Response(const http::Request&)> handler) {
  return {http::Method::kGet,
          path,
          name,
          http::Module::kShared,
          permission,
          http::RateClass::kExempt,
          http::CacheClass::kNone,
          http::Lane::kInline,
          std::move(handler)};
}

}  // namespace

openapi::ApiDocs SharedApiDocs() {
  return {kDocs, kShapes, {}};
}

std::vector<http::Route> SharedRoutes(const Context& context,
                                      std::shared_ptr<const std::string> document) {
  using enum http::Permission;
  const auto live = [&context](const http::Request&) { return Health(context, true); };
  const auto ready = [&context](const http::Request& request) { return Ready(context, request); };
  const auto metrics = [&context](const http::Request&) { return Metrics(context); };
  return {
      Row("/health", "health", kOpen, live),
      Row("/health/live", "healthLive", kOpen, live),
      Row("/health/ready", "healthReady", kOpen, ready),
      Row("/livez", "livez", kOpen, live),
      Row("/readyz", "readyz", kOpen, ready),
      Row("/metrics", "metrics", kLoopbackOnly, metrics),
      Row("/openapi.json", "openapi", kOpen,
          [document = std::move(document)](const http::Request&) { return Document(document); }),
      Row("/docs", "docs", kOpen, [](const http::Request&) { return DocsPage(); })};
}

}  // namespace tenantry::server
