// Rows that belong to neither family: probes and metrics.

#include "engine/codec/json_out.h"
#include "server/application.h"

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

std::vector<http::Route> SharedRoutes(const Context& context) {
  using enum http::Permission;
  const auto live = [&context](const http::Request&) { return Health(context, true); };
  const auto ready = [&context](const http::Request& request) { return Ready(context, request); };
  const auto metrics = [&context](const http::Request&) { return Metrics(context); };
  return {Row("/health", "health", kOpen, live),
          Row("/health/live", "healthLive", kOpen, live),
          Row("/health/ready", "healthReady", kOpen, ready),
          Row("/livez", "livez", kOpen, live),
          Row("/readyz", "readyz", kOpen, ready),
          Row("/metrics", "metrics", kLoopbackOnly, metrics)};
}

}  // namespace tenantry::server
