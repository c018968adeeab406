#include "server/read_path.h"

#include <algorithm>
#include <utility>

#include "engine/read_recorder.h"
#include "engine/work_trace.h"
#include "server/conditional.h"
#include "server/http/text.h"
#include "server/json_shape.h"
#include "server/paging.h"
#include "server/reply.h"

namespace tenantry::server {
namespace {

constexpr size_t kWarmTenantsMax = 1000;
constexpr int64_t kWarmNs = 500'000'000;

bool AsksForCredentials(http::Permission permission) {
  return permission != http::Permission::kOpen && permission != http::Permission::kStorefront;
}

// Line breaks separate the parts, since none of them can hold one.
std::string KeyOf(const http::Route& route, const http::Request& request) {
  std::string key;
  key.reserve(request.path.size() + request.query.size() + 64);
  key.append(request.path).append("\n").append(request.query);
  if (route.module == http::Module::kGym) {
    key.append("\n").append(request.FindHeader("x-tenant-id").value_or("\n"));
  }
  if (AsksForCredentials(route.permission)) {
    key.append("\n").append(request.FindHeader("Authorization").value_or(""));
  }
  return key;
}

std::string_view CacheControlOf(const http::Route& route, const http::Request& request) {
  if (route.rate == http::RateClass::kExempt) return kNeverStored;
  const bool anyone =
      !AsksForCredentials(route.permission) ||
      (route.permission == http::Permission::kPublic && !request.FindHeader("Authorization"));
  return anyone ? kRevalidate : kPrivate;
}

bool HasHeader(const http::Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [name](const auto& header) { return header.first == name; });
}

// A finished 200 with a body: what tags, codings and the cache are about.
bool IsWhole(const http::Response& response) {
  return response.status == 200 && !response.content_type.empty() && !response.rerun_blocking &&
         response.tick_ticket == 0 && response.release_index == 0 && !response.stream;
}

// Lists that anyone may see have bounds of their own, and clients that know no pages.
bool IsPaged(const http::Route& route, const http::Response& response) {
  return route.module != http::Module::kShared &&
         route.permission != http::Permission::kStorefront && !HasHeader(response, "X-Total-Count");
}

// What the query says about any JSON answer: page, limit and fields.
Status Shape(const http::Route& route, const http::Request& request, http::Response* response) {
  if (!response->content_type.starts_with("application/json")) return Status::Ok();
  if (IsPaged(route, *response)) TNT_RETURN_IF_ERROR(CutToPage(request, response));
  if (request.query.find("fields=") == std::string_view::npos) return Status::Ok();
  const FieldSelection fields = FieldSelection::Parse(request.FindQuery("fields").value_or(""));
  if (fields.empty()) return Status::Ok();
  response->body = fields.Apply(response->shared_body ? *response->shared_body : response->body);
  response->shared_body.reset();
  return Status::Ok();
}

std::shared_ptr<Answer> AnswerOf(const http::Route& route, const http::Request& request,
                                 http::Response response) {
  auto answer = std::make_shared<Answer>();
  if (!HasHeader(response, "Cache-Control")) {
    response.headers.emplace_back("Cache-Control", CacheControlOf(route, request));
  }
  answer->content_type = std::move(response.content_type);
  answer->headers = std::move(response.headers);
  answer->body = response.shared_body
                     ? std::move(response.shared_body)
                     : std::make_shared<const std::string>(std::move(response.body));
  answer->tag = EntityTag(*answer->body);
  return answer;
}

Coding CodingFor(const http::Request& request, const Answer& answer, bool kept) {
  if (answer.body->size() < kCodedBytesMin) return Coding::kIdentity;
  const std::optional<std::string_view> accepted = request.FindHeader("Accept-Encoding");
  if (!accepted || !IsCompressible(answer.content_type)) return Coding::kIdentity;
  return ChooseCoding(*accepted, kept);
}

// An error is of this moment only.
http::Response Unkept(http::Response response) {
  if (response.status >= 400 && !HasHeader(response, "Cache-Control")) {
    response.headers.emplace_back("Cache-Control", kNeverStored);
  }
  return response;
}

// The body in a coding; nullptr when making it would hold up the loop.
std::shared_ptr<const std::string> BodyIn(Coding coding, const http::Request& request,
                                          Answer& answer) {
  if (coding == Coding::kIdentity) return answer.body;
  std::shared_ptr<const std::string> body = answer.coded.Find(coding);
  if (body) return body;
  if (!request.blocking_lane && answer.body->size() > kInlineCodedBytesMax) return nullptr;
  body = std::make_shared<const std::string>(Compress(coding, *answer.body));
  answer.coded.Add(coding, body);
  return body;
}

// The answer as this client asked for it: 304, 200, or 200 with a compressed body.
http::Response Fit(const http::Request& request, Answer& answer, bool kept) {
  const std::optional<std::string_view> known = request.FindHeader("If-None-Match");
  const bool unchanged = known && ListsTag(*known, answer.tag);
  const Coding coding = CodingFor(request, answer, kept);
  http::Response response;
  response.headers.reserve(answer.headers.size() + 6);  // The application adds its own.
  if (unchanged) {
    response.status = 304;
  } else {
    response.shared_body = BodyIn(coding, request, answer);
    if (!response.shared_body) {
      response.rerun_blocking = true;
      return response;
    }
    response.content_type = answer.content_type;
  }
  if (coding == Coding::kIdentity) {
    response.headers.emplace_back("ETag", answer.tag);
  } else {
    response.headers.emplace_back("ETag", TagOfCoding(answer.tag, CodingName(coding)));
    if (!unchanged) response.headers.emplace_back("Content-Encoding", CodingName(coding));
  }
  response.headers.insert(response.headers.end(), answer.headers.begin(), answer.headers.end());
  return response;
}

// --- warming ---

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (http::IsAlphanumeric(c) || kPlain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

// What the first visitors of a tenant ask for.
struct WarmPath {
  schema::TenantKind kind;
  std::string_view path;
};
constexpr WarmPath kWarmPaths[] = {
    {schema::TenantKind::SHOP, "/popups/active"},
    {schema::TenantKind::GYM, "/sessions"},
    {schema::TenantKind::GYM, "/sessions/available"},
    {schema::TenantKind::GYM, "/locations"},
};

const http::Route* FindRead(const std::vector<http::Route>& routes, std::string_view path) {
  const auto found = std::find_if(routes.begin(), routes.end(), [path](const http::Route& route) {
    return route.method == http::Method::kGet && route.path == path;
  });
  return found == routes.end() ? nullptr : &*found;
}

}  // namespace

ReadPath::ReadPath(const Context& context) : context_(context) {
  for (uint32_t loop = 0; loop < context.loops; ++loop) {
    caches_.push_back(
        std::make_unique<AnswerCache>(context.engine, context.options.cache_bytes / context.loops));
  }
}

void ReadPath::WarmUp(const std::vector<http::Route>& routes) {
  const Clock& clock = context_.engine.clock();
  const int64_t deadline_ns = clock.NowBootNs() + kWarmNs;
  const ReadView view = context_.engine.View();
  for (const WarmPath& warm : kWarmPaths) {
    const http::Route* route = FindRead(routes, warm.path);
    TNT_CHECK(route != nullptr);
    const auto tenants =
        tenant::Directory::List(view, warm.kind, ReadTier::kBlocking, kWarmTenantsMax);
    if (!tenants.ok()) return;  // A damaged row shows when it is asked for.
    for (const tenant::TenantEntry& entry : *tenants) {
      if (clock.NowBootNs() >= deadline_ns) return;
      const std::string id = entry.record->getId();
      const std::string query = "shopId=" + PercentEncode(id);
      http::Request request;
      request.method = http::Method::kGet;
      request.path = request.target = warm.path;
      request.blocking_lane = true;
      if (warm.kind == schema::TenantKind::SHOP) {
        request.query = query;
      } else {
        request.headers.push_back({"x-tenant-id", id});
      }
      for (request.loop = 0; request.loop < caches_.size(); ++request.loop) {
        static_cast<void>(Answer(*route, request));
      }
    }
  }
}

http::Response ReadPath::Answer(const http::Route& route, const http::Request& request) {
  const bool may_keep = LifetimeMs(route.cache) > 0;
  if (!may_keep) return Render(route, request);
  AnswerCache& cache = *caches_[request.loop];
  std::string key = KeyOf(route, request);
  // A worker's lookup is the second one of its request.
  const bool counted = !request.blocking_lane;
  if (const auto kept = cache.Find(key, route.cache, counted)) return Fit(request, *kept, true);

  const Engine& engine = context_.engine;
  AnswerCache::Entry entry;
  entry.cache_class = route.cache;
  // Of the pinned view, or of one no newer than what is read: a change since then shows, whoever published it. What is
  // released by now may be newer than the pin.
  entry.built_index = engine.View().applied_index();
  entry.built_boot_ns = engine.clock().NowBootNs();
  entry.built_unix_ms = engine.clock().NowUnixMs();
  ReadRecorder recorder;
  http::Response response = route.handler(request);
  if (!IsWhole(response)) return Unkept(std::move(response));
  if (const Status shaped = Shape(route, request, &response); !shaped.ok()) {
    return Refusal(route, request, shaped);
  }
  entry.answer = AnswerOf(route, request, std::move(response));
  recorder.Finish();
  const auto answer = entry.answer;
  if (recorder.reusable()) {
    if (const WorkTrace* const trace = WorkTrace::Current(); trace != nullptr) {
      entry.space = trace->space();
    }
    entry.depends_on_time = recorder.depends_on_time();
    entry.changes_at_unix_ms = recorder.changes_at_unix_ms();
    entry.rows = recorder.rows();
    entry.counters = recorder.counters();
    cache.Put(std::move(key), std::move(entry));
  }
  return Fit(request, *answer, true);
}

Result<std::optional<std::string>> ReadPath::TagNow(const http::Route& route,
                                                    const http::Request& request) const {
  http::Response response = route.handler(request);
  if (response.rerun_blocking || response.status == 503) return WouldBlock();
  if (!IsWhole(response)) return std::optional<std::string>();
  return std::optional(AnswerOf(route, request, std::move(response))->tag);
}

http::Response ReadPath::Refusal(const http::Route& route, const http::Request& request,
                                 const Status& status) const {
  if (route.module == http::Module::kPopups) return Unkept(PopupError(status));
  return Unkept(GymError(status, request, context_.engine.clock()));
}

// A route whose answers are not kept.
http::Response ReadPath::Render(const http::Route& route, const http::Request& request) const {
  http::Response response = route.handler(request);
  if (!IsWhole(response)) return Unkept(std::move(response));
  if (const Status shaped = Shape(route, request, &response); !shaped.ok()) {
    return Refusal(route, request, shaped);
  }
  return Fit(request, *AnswerOf(route, request, std::move(response)), false);
}

void ReadPath::CollectMetrics(metrics::Exposition& out) const {
  const CacheCounts sum = counts();
  const auto family = [&](std::string_view name, std::string_view help,
                          const std::array<uint64_t, kCacheClasses>& values) {
    out.Family(name, metrics::Type::kCounter, help);
    for (size_t i = 0; i < kCacheClasses; ++i) {
      const auto cache_class = static_cast<http::CacheClass>(i);
      if (LifetimeMs(cache_class) == 0) continue;
      out.Sample({{"class", CacheClassName(cache_class)}}, values[i]);
    }
  };
  family("tenantry_cache_hits_total", "Reads answered with a kept answer, by class.", sum.hits);
  family("tenantry_cache_misses_total", "Reads that ran their handler, by class.", sum.misses);
  out.Gauge("tenantry_cache_bytes", "Kept answers of all loops, in bytes.", sum.bytes);
}

CacheCounts ReadPath::counts() const {
  CacheCounts counts;
  for (const auto& cache : caches_) cache->AddCounts(&counts);
  return counts;
}

}  // namespace tenantry::server
