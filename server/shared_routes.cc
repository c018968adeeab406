#include "engine/codec/json_out.h"
#include "server/application.h"

namespace tenantry::server {
namespace {

http::Response Health(const Context& context) {
  std::string body;
  {
    codec::ObjectWriter health(&body);
    health.String("status", "ok");
    health.Instant("timestamp", context.engine.clock().NowUnixMs());
    health.String("service", "tenantry");
  }
  return http::Response::Json(200, std::move(body));
}

}  // namespace

std::vector<http::Route> SharedRoutes(const Context& context) {
  using enum http::Method;
  const auto health = [&context](const http::Request&) { return Health(context); };
  const auto row = [&health](std::string_view path, std::string_view name) {
    return http::Route{kGet,
                       path,
                       name,
                       http::Module::kShared,
                       http::Permission::kOpen,
                       http::RateClass::kExempt,
                       http::CacheClass::kNone,
                       http::Lane::kInline,
                       health};
  };
  // Requests are only read once the engine has recovered, so being answered at all means being ready.
  return {row("/health", "health"), row("/health/live", "healthLive"),
          row("/health/ready", "healthReady"), row("/livez", "livez"), row("/readyz", "readyz")};
}

}  // namespace tenantry::server
