#pragma once
// WholeApplication: every route of the server over an engine of the test's, called like a loop calls it but without
// sockets, so that millions of requests fit into a test.
//
// Threads  one at a time per loop.

#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "server/access_log.h"
#include "server/application.h"
#include "server/gym/token.h"
#include "server/http/router.h"

namespace tenantry::server {

struct Call {
  http::Method method = http::Method::kGet;
  std::string target = {};
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  uint32_t loop = 0;
};

class WholeApplication {
 public:
  static constexpr uint32_t kLoops = 2;

  explicit WholeApplication(Engine& engine, ServerOptions options = {.shop_auth_open = true})
      : engine_(engine),
        options_(std::move(options)),
        secret_(*tenant::EnsureTokenSecret(engine)),
        context_{engine, options_, secret_, kLoops, observability_},
        log_(null_device_.fd, kLoops, engine.clock()),
        application_(context_, log_),
        router_(*http::Router::Build(application_.routes())) {}

  TenantryApplication& application() { return application_; }

  // The answer when it has left: through cache, tags and codings.
  http::Response Send(const Call& call) { return Run(call, true); }
  // What the handler alone says, at this moment.
  http::Response SendUncached(const Call& call) { return Run(call, false); }

  static std::string BodyOf(const http::Response& response) {
    return response.shared_body ? *response.shared_body : response.body;
  }
  static std::string HeaderOf(const http::Response& response, std::string_view name) {
    for (const auto& [known, value] : response.headers) {
      if (known == name) return value;
    }
    return "";
  }

  std::string TokenFor(std::string_view gym, std::string_view member, std::string_view device,
                       int64_t expires_s) {
    gym::TokenClaims claims;
    claims->setSub(std::string(member));
    claims->setEmail("x@mail.example");
    claims->setTenantId(std::string(gym));
    claims->setRole("MEMBER");
    claims->setFam(std::string(device));
    claims->setEpoch(0);
    claims->setIat(expires_s - 3600);
    claims->setExp(expires_s);
    return gym::SignToken(secret_, claims);
  }

 private:
  struct NullDevice {
    const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ~NullDevice() { close(fd); }
  };

  http::Response Run(const Call& call, bool whole) {
    http::Request request;
    request.method = call.method;
    request.target = call.target;
    const size_t question = std::min(call.target.find('?'), call.target.size());
    request.path = request.target.substr(0, question);
    if (question < call.target.size()) request.query = request.target.substr(question + 1);
    request.body = call.body;
    for (const auto& [name, value] : call.headers) request.headers.push_back({name, value});
    request.loop = call.loop;
    request.request_id = "test";
    const http::RouteMatch match = router_.Match(call.method, request.path, &request.params);
    if (match.route == nullptr) {
      ADD_FAILURE() << "no route for " << call.target;
      return {};
    }
    const auto handle = [&] {
      return whole ? application_.Handle(*match.route, request) : match.route->handler(request);
    };
    http::Response response = handle();
    if (response.rerun_blocking) {
      request.blocking_lane = true;
      response = handle();
    }
    if (response.tick_ticket != 0) response = EndTick(call.loop, std::move(response));
    engine_.WaitReleased(response.release_index);
    return response;
  }
  http::Response EndTick(uint32_t loop, http::Response held) {
    std::vector<http::TickVerdict> verdicts;
    application_.OnTickEnd(loop, &verdicts);
    for (http::TickVerdict& verdict : verdicts) {
      if (verdict.ticket != held.tick_ticket) continue;
      if (verdict.replacement) return *std::move(verdict.replacement);
      held.release_index = verdict.release_index;
    }
    return held;
  }

  Engine& engine_;
  const ServerOptions options_;
  const tenant::TokenSecret secret_;
  Observability observability_;
  const Context context_;
  const NullDevice null_device_;
  AccessLog log_;
  TenantryApplication application_;
  http::Router router_;
};

}  // namespace tenantry::server
