#include "server/application.h"

#include <algorithm>
#include <utility>

#include "engine/condition.h"
#include "engine/work_trace.h"
#include "server/cluster.h"
#include "server/conditional.h"
#include "server/gym/api_docs.h"
#include "server/gym/middleware.h"
#include "server/gym/routes.h"
#include "server/limits/gate.h"
#include "server/openapi/document.h"
#include "server/outbound/forwarder.h"
#include "server/popups/routes.h"
#include "server/reply.h"

namespace tenantry::server {
namespace {

// First path segments of the gym API; `/` itself follows the gym's rule too (crosscutting.md A5, A6).
constexpr std::string_view kGymSegments[] = {
    "auth",        "members",     "my",      "locations", "session-types", "sessions", "bookings",
    "invitations", "memberships", "trainer", "payments",  "reference",     "webhooks"};

bool IsGymPath(std::string_view path) {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  return std::find(std::begin(kGymSegments), std::end(kGymSegments), segment) !=
         std::end(kGymSegments);
}

constexpr std::string_view kAllowedMethods = "GET,POST,PUT,PATCH,DELETE,OPTIONS";
constexpr std::string_view kAllowedHeaders =
    "Content-Type,Authorization,X-Requested-With,x-tenant-id,If-None-Match,If-Match,Idempotency-"
    "Key,"
    "X-Request-Id,Tenantry-Min-Position";
constexpr std::string_view kExposedHeaders =
    "ETag,Retry-After,X-Request-Id,X-Total-Count,Link,Location,Tenantry-Position,Tenantry-"
    "Durability,X-RateLimit-Limit,"
    "X-RateLimit-Remaining,X-RateLimit-Reset,RateLimit,RateLimit-Policy,Idempotent-Replayed";

// Whether operations' routes answer this client. What a proxy passes on that is not a trusted one comes from anywhere.
bool MayOperate(const ServerOptions& options, const http::Request& request,
                const http::IpAddress& client) {
  const bool passed_on = request.FindHeader("X-Forwarded-For") || request.FindHeader("Forwarded");
  if (passed_on && client == request.peer) return false;
  if (options.metrics_allow.empty()) return client.is_loopback();
  return options.metrics_allow.Contains(client);
}

bool HasHeader(const http::Response& response, std::string_view name) {
  for (const auto& [known, value] : response.headers) {
    if (known == name) return true;
  }
  return false;
}

// Which request headers the answer depends on.
std::string_view VaryOf(const http::Route* route, const http::Response& response) {
  const size_t bytes = response.shared_body ? response.shared_body->size() : response.body.size();
  const bool codable = bytes >= kCodedBytesMin || HasHeader(response, "Content-Encoding");
  if (route != nullptr && route->module == http::Module::kGym) {
    return codable ? "Origin, Authorization, x-tenant-id, Accept-Encoding"
                   : "Origin, Authorization, x-tenant-id";
  }
  return codable ? "Origin, Accept-Encoding" : "Origin";
}

}  // namespace

TenantryApplication::TenantryApplication(const Context& context, AccessLog& log)
    : context_(context),
      log_(log),
      reads_(context),
      idempotency_(context),
      tenant_names_(context.engine, context.loops) {
  const auto document = std::make_shared<std::string>();
  modules_.push_back({SharedRoutes(context, document), nullptr, SharedApiDocs()});
  modules_.push_back({gym::GymRoutes(context), nullptr, gym::GymApiDocs()});
  modules_.push_back(popups::PopupModule(context));
  for (Module& module : modules_) {
    for (http::Route& route : module.routes) routes_.push_back(std::move(route));
  }
  std::vector<openapi::ApiDocs> docs;
  for (const Module& module : modules_) docs.push_back(module.docs);
  openapi::Document built = openapi::BuildDocument(routes_, docs);
  *document = std::move(built.json);
  doc_mistakes_ = std::move(built.mistakes);
  log_url_ = std::make_unique<LogUrl>(routes_);
  table_.emplace(*http::Router::Build(routes_));
  request_metrics_ = std::make_unique<metrics::RequestMetrics>(routes_, context.loops);
  context.observability.metrics.Add(
      [this](metrics::Exposition& out) { request_metrics_->Collect(out); });
  context.observability.metrics.Add(
      [this](metrics::Exposition& out) { reads_.CollectMetrics(out); });
  context.observability.metrics.Add([&log](metrics::Exposition& out) {
    out.Counter("tenantry_log_lines_dropped_total",
                "Log lines lost because stderr was slower than the traffic.", log.dropped());
  });
}

http::Response TenantryApplication::Error(int status, std::string_view message,
                                          const http::Request& request) const {
  return FamilyError(status, message, request, context_.engine.clock());
}

http::Response TenantryApplication::Answer(const http::Route& route, const http::Request& request) {
  if (route.method == http::Method::kGet) return reads_.Answer(route, request);
  const std::optional<std::string_view> tags = request.FindHeader("If-Match");
  const bool changes = route.method != http::Method::kPost;
  return tags && changes ? AnswerIfMatch(route, request, *tags) : Write(route, request);
}

http::Response TenantryApplication::AnswerIfMatch(const http::Route& route,
                                                  const http::Request& request,
                                                  std::string_view tags) {
  http::Request read = request;
  read.method = http::Method::kGet;
  read.body = {};
  const http::RouteMatch resource = table_->Match(read.method, read.path, &read.params);
  if (resource.route == nullptr) return Write(route, request);  // Nothing here has a tag.
  const Condition condition([&]() -> Status {
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> tag,
                         reads_.TagNow(*resource.route, read));
    // What cannot be read is the command's to judge: 404, 403.
    if (!tag || ListsTag(tags, *tag)) return Status::Ok();
    return Conflict("changed since it was read");
  });
  http::Response response = Write(route, request);
  if (!condition.failed() || response.rerun_blocking) return response;
  http::Response refused =
      Error(412, "The resource is not as it was when you read it; read it again", request);
  refused.release_index = response.release_index;
  return refused;
}

http::Response TenantryApplication::Write(const http::Route& route, const http::Request& request) {
  if (const std::optional<std::string_view> key = IdempotencyKeyOf(request)) {
    return idempotency_.Run(route, request, *key);
  }
  return route.handler(request);
}

std::optional<http::Response> TenantryApplication::Admit(const http::Request& request,
                                                         const http::Route* route,
                                                         http::Admission* admission) {
  admission->client = request.peer;
  if (context_.gate) {
    if (auto refusal = AskGate(request, route, admission)) return refusal;
  }
  const bool operates = route && route->permission == http::Permission::kLoopbackOnly;
  if (operates && !MayOperate(context_.options, request, admission->client)) {
    return Error(403, "This path is not for your network; see --metrics-allow", request);
  }
  return std::nullopt;
}

std::optional<http::Response> TenantryApplication::AskGate(const http::Request& request,
                                                           const http::Route* route,
                                                           http::Admission* admission) {
  switch (context_.gate->Admit(request, route, admission)) {
    case limits::Verdict::kAdmitted:
      break;
    case limits::Verdict::kForbiddenNetwork:
      return Error(403, "Requests from this network are not allowed", request);
    case limits::Verdict::kTenantOverQuota: {
      http::Response response =
          Error(429, "This tenant uses more than its share, please try again later", request);
      response.headers.emplace_back("Retry-After", std::to_string(admission->tenant_wait_seconds));
      return response;
    }
    case limits::Verdict::kTooManyRequests: {
      http::Response response = Error(429, "Too many requests, please try again later", request);
      response.headers.emplace_back("Retry-After", std::to_string(admission->reset_seconds));
      return response;
    }
  }
  return std::nullopt;
}

std::string_view TenantryApplication::AdmissionLines(const http::Admission& admission,
                                                     std::span<char, kAdmissionLinesBytes> room) {
  static_assert(kAdmissionLinesBytes == limits::kRateHeaderBytes);
  return limits::WriteRateHeaders(admission, room);
}

http::Response TenantryApplication::Handle(const http::Route& route, const http::Request& request) {
  if (std::optional<NodeRefusal> refusal =
          CheckNode(context_.engine, context_.cluster, route, request)) {
    if (refusal->pass_on) return PassOn(request);
    http::Response response = Error(refusal->status, refusal->message, request);
    if (!refusal->location.empty()) response.headers.emplace_back("Location", refusal->location);
    if (refusal->status == 503) response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  WorkTrace trace(context_.engine.clock(), log_.slow_ns());
  if (request.blocking_lane && context_.gate) trace.LimitReads(context_.gate->query_ns());
  const bool reads = route.method == http::Method::kGet && route.module != http::Module::kShared;
  http::Response response = reads ? HandleRead(route, request) : Answer(route, request);
  response.tenant_space = trace.space().value();
  for (const SlowOperation& operation : trace.slow()) {
    log_.AddSlow(request, route, tenant_names_.Read(response.tenant_space), operation);
  }
  return response;
}

// A write that the leader answers for this node. It waits for the network, so a loop leaves it to a worker.
http::Response TenantryApplication::PassOn(const http::Request& request) {
  http::Response response;
  response.rerun_blocking = !request.blocking_lane;
  if (response.rerun_blocking) return response;
  Result<http::Response> answer = outbound::Forward(request, context_.cluster->LeaderUrl());
  if (answer.ok()) return *std::move(answer);
  response = Error(503, answer.status().message(), request);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

// Everything a read asks comes from one state, whose position it names.
http::Response TenantryApplication::HandleRead(const http::Route& route,
                                               const http::Request& request) {
  const ViewPin pin(context_.engine);
  http::Response response = Answer(route, request);
  if (response.release_index == 0 && response.tick_ticket == 0 && !response.rerun_blocking) {
    response.headers.emplace_back("Tenantry-Position",
                                  FormatPosition(context_.engine.PositionOf(pin.view())));
  }
  return response;
}

uint64_t TenantryApplication::WaitFor(const http::Route& route, const http::Request& request) {
  if (route.module == http::Module::kShared) return 0;
  return IndexToWaitFor(context_.engine, request);
}

std::string_view TenantryApplication::DurabilityName() const {
  const bool replica = context_.cluster != nullptr && context_.cluster->replica_durability;
  return replica ? "replica" : "disk";
}

std::string TenantryApplication::LateLines(uint64_t release_index) {
  const Position position{context_.engine.epoch(), release_index};
  return "Tenantry-Position: " + FormatPosition(position) +
         "\r\nTenantry-Durability: " + std::string(DurabilityName()) + "\r\n";
}

http::Response TenantryApplication::Unrouted(const http::Request& request,
                                             http::MethodSet allowed) {
  if (request.method == http::Method::kOptions) {
    // A preflight is answered before tenant and token are looked at; Decorate adds the CORS headers.
    http::Response response = http::Response::Empty(204);
    if (!allowed.empty()) response.headers.emplace_back("Allow", allowed.ToString());
    return response;
  }
  if (IsGymPath(request.path)) {
    std::optional<http::Response> refused = gym::CheckTenantForUnknownPath(context_, request);
    if (refused) return *std::move(refused);
  }
  std::string message = "Cannot ";
  message.append(request.method_name).append(" ").append(request.target);
  return Error(404, message, request);
}

http::Response TenantryApplication::ProtocolError(int status, std::string_view reason,
                                                  const http::Request* request,
                                                  std::string_view target) {
  http::Request unknown;
  unknown.target = target;
  unknown.path = target.substr(0, target.find('?'));
  const http::Request& subject = request != nullptr ? *request : unknown;
  return Error(status, status == 500 ? "Internal server error" : reason, subject);
}

http::Response TenantryApplication::Overloaded(const http::Request& request) {
  http::Response response = Error(503, "The server is busy, try again", request);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

void TenantryApplication::Decorate(const http::Request* request, const http::Route* route,
                                   http::Response* response) {
  auto& headers = response->headers;
  headers.emplace_back("Vary", VaryOf(route, *response));
  if (response->release_index != 0) {
    const Position position{context_.engine.epoch(), response->release_index};
    headers.emplace_back("Tenantry-Position", FormatPosition(position));
    headers.emplace_back("Tenantry-Durability", DurabilityName());
  }
  if (request == nullptr) return;
  if (context_.gate) {
    const size_t body =
        response->shared_body ? response->shared_body->size() : response->body.size();
    context_.gate->Settle(*request, route, response->tenant_space, response->status,
                          request->body.size() + body);
  }
  const std::optional<std::string_view> origin = request->FindHeader("Origin");
  if (!origin || HasHeader(*response, "Access-Control-Allow-Origin")) return;
  const bool preflight = route == nullptr && request->method == http::Method::kOptions;
  if (!MayRead(*origin, preflight ? RouteAskedFor(*request) : route)) return;
  headers.emplace_back("Access-Control-Allow-Origin", *origin);
  headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
  if (!preflight) return;
  headers.emplace_back("Access-Control-Allow-Methods", kAllowedMethods);
  headers.emplace_back("Access-Control-Allow-Headers", kAllowedHeaders);
  headers.emplace_back("Access-Control-Max-Age", "86400");
}

bool TenantryApplication::MayRead(std::string_view origin, const http::Route* route) const {
  const std::vector<std::string>& named = context_.options.management_origins;
  if (named.empty()) return true;
  if (route != nullptr && (route->permission == http::Permission::kStorefront ||
                           route->module == http::Module::kShared)) {
    return true;
  }
  return std::find(named.begin(), named.end(), origin) != named.end();
}

const http::Route* TenantryApplication::RouteAskedFor(const http::Request& preflight) const {
  const auto method = preflight.FindHeader("Access-Control-Request-Method");
  if (!method) return nullptr;
  http::PathParams params;
  return table_->Match(http::ParseMethod(*method), preflight.path, &params).route;
}

void TenantryApplication::OnTickEnd(uint32_t loop, std::vector<http::TickVerdict>* verdicts) {
  for (const Module& module : modules_) {
    if (module.on_tick_end) module.on_tick_end(loop, verdicts);
  }
}

void TenantryApplication::OnReply(const http::AccessRecord& record) {
  request_metrics_->Count(record);
  if (!log_.Wants(record.status)) return;
  thread_local std::string url;
  url.clear();
  log_url_->Append(&url, record.route, record.target);
  log_.Add(record, url, tenant_names_.Of(record.tenant_space, record.loop));
}

void TenantryApplication::OnException(const http::Request& request, std::string_view what) {
  std::string message = "request ";
  message.append(request.request_id).append(" threw: ").append(what);
  log_.Note("ERROR", message);
}

}  // namespace tenantry::server
