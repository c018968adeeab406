#include "tools/load/scenario.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/load/fetch.h"

namespace tenantry::load {
namespace {

using nlohmann::json;

constexpr std::array kNames = {
    ScenarioName{"normal", "100 requests/s for 60 s; p95 below 200 ms, errors at most 0.1 %"},
    ScenarioName{"peak", "500 requests/s for 300 s; the same rules"},
    ScenarioName{"spike", "100, then 1000 requests/s for 60 s, then 100 again: it must recover"},
    ScenarioName{"stress", "doubles the rate until it breaks, then narrows down where"},
    ScenarioName{"ladder", "1, 5, 50, 100, 500 and 800 at once, each below the hosted gym's mean"},
    ScenarioName{"race", "all requests complete at one moment: one wins, the others get 409"},
    ScenarioName{"k6-root", "ramps to 50 and 100 users, each a request and a second's sleep"},
};

// The seeds call a response time acceptable below this, and as many errors (crosscutting.md T5).
constexpr double kAcceptableMs = 200;
constexpr double kErrorShare = 0.001;
constexpr uint32_t kRateConnections = 64;
constexpr double kStressFirst = 100;

struct Rung {
  uint32_t connections;
  double mean_ms_max;
};
constexpr std::array kLadder = {Rung{1, 640},    Rung{5, 640},    Rung{50, 800},
                                Rung{100, 1000}, Rung{500, 1500}, Rung{800, 2000}};

Step RateStep(const ScenarioOptions& options, std::string name, double rate, double seconds) {
  Step step{std::move(name), options.plan, options.rules};
  step.plan.rate = rate;
  step.plan.seconds = options.seconds > 0 ? options.seconds : seconds;
  step.plan.connections =
      std::max(options.plan.connections, rate > 1000 ? 4 * kRateConnections : kRateConnections);
  step.rules = {.fairness_max = 0,
                .p95_ms_max = kAcceptableMs,
                .rate_min = rate * 0.95,
                .error_share_max = kErrorShare};
  return step;
}

std::vector<Step> LadderSteps(const ScenarioOptions& options) {
  std::vector<Step> steps;
  for (const Rung& rung : kLadder) {
    Step step{fmt::format("{} at once", rung.connections), options.plan, {}};
    step.plan.connections = rung.connections;
    step.plan.seconds = options.seconds > 0 ? options.seconds : 5;
    step.rules = {.fairness_max = 0, .mean_ms_max = rung.mean_ms_max};
    steps.push_back(std::move(step));
  }
  return steps;
}

Status AimAtShop(const std::string& base, ScenarioOptions* options) {
  const std::string list = "/popups/active?shopId=" + options->shop;
  TNT_ASSIGN_OR_RETURN(const Reply reply, Fetch(base + list, {"GET", {"Connection: close"}, {}},
                                                options->plan.tls.get()));
  const json popups = json::parse(reply.body, nullptr, false);
  if (reply.status != 200 || !popups.is_array() || popups.empty() ||
      !popups[0].value("id", json()).is_string()) {
    return NotFound(fmt::format("shop '{}' shows no active popup at {} (status {}); make one first",
                                options->shop, base, reply.status));
  }
  const json view = {{"popupId", popups[0]["id"]},
                     {"sessionId", "session-{i}"},
                     {"visitorId", "visitor-{i}"},
                     {"referrer", ""}};
  TargetedRequest views{"/analytics/views", options->plan.request};
  views.parts.method = "POST";
  views.parts.headers.push_back("Content-Type: application/json");
  views.parts.body = view.dump();
  options->plan.mix = {{list, options->plan.request}, views};
  return Status::Ok();
}

void AimAtSignup(const std::string& tag, ScenarioOptions* options) {
  options->plan.endpoint.target = "/auth/signup";
  options->plan.request.method = "POST";
  options->plan.request.headers.push_back("Content-Type: application/json");
  options->plan.request.body = json{
      {"email", "loadtest-" + tag + "@example.com"},
      {"password", "Password123"},
      {"name", "Load Test"},
      {"tenantName",
       "Load Test Gym " + tag}}.dump();
}

}  // namespace

std::span<const ScenarioName> ScenarioNames() {
  return kNames;
}

Status AimAt(const std::string& tag, ScenarioOptions* options) {
  TNT_ASSIGN_OR_RETURN(options->plan.endpoint, ParseUrl(options->url));
  if (options->plan.endpoint.encrypted) {
    TNT_ASSIGN_OR_RETURN(http::TlsClient tls,
                         http::TlsClient::Make(options->ca_file, options->insecure));
    options->plan.tls = std::make_shared<const http::TlsClient>(std::move(tls));
  }
  const bool bare = options->plan.endpoint.target == "/";
  const bool get = options->plan.request.method == "GET";
  if (!options->shop.empty()) {
    if (!bare) return InvalidArgument("--shop takes a base URL without a path");
    return AimAtShop(options->plan.endpoint.base(), options);
  }
  if (options->scenario == "race") {
    if (bare && get) AimAtSignup(tag, options);
    if (options->plan.expected_statuses.empty()) options->plan.expected_statuses = {200, 201, 409};
    return Status::Ok();
  }
  // What the seeds' scripts ask for: the root of the API, which wants a tenant and says so.
  if (bare && get && options->plan.expected_statuses.empty()) {
    options->plan.expected_statuses = {200, 400};
  }
  return Status::Ok();
}

Step StressStep(const ScenarioOptions& options, double rate) {
  return RateStep(options, fmt::format("{:.0f}/s", rate), rate, 10);
}

Result<std::vector<Step>> StepsOf(const ScenarioOptions& options) {
  const std::string& name = options.scenario;
  if (name.empty()) return std::vector<Step>{{"load", options.plan, options.rules}};
  if (name == "normal") return std::vector<Step>{RateStep(options, "normal", 100, 60)};
  if (name == "peak") return std::vector<Step>{RateStep(options, "peak", 500, 300)};
  if (name == "spike") {
    return std::vector<Step>{RateStep(options, "before", 100, 10),
                             RateStep(options, "spike", 1000, 60),
                             RateStep(options, "recovery", 100, 10)};
  }
  if (name == "stress") return std::vector<Step>{StressStep(options, kStressFirst)};
  if (name == "ladder") return LadderSteps(options);
  if (name == "race") {
    Step step{"race", options.plan, {.fairness_max = 0, .winners = 1}};
    step.plan.connections = options.plan.connections > 1 ? options.plan.connections : 50;
    step.plan.simultaneous = true;
    if (options.rules.winners >= 0) step.rules.winners = options.rules.winners;
    return std::vector<Step>{std::move(step)};
  }
  if (name == "k6-root") {
    Step step{name, options.plan, {.fairness_max = 0, .p95_ms_max = 2000, .error_share_max = 0.01}};
    // The whole profile is 210 s long.
    UseK6RootProfile(options.seconds > 0 ? options.seconds / 210 : 1, &step.plan);
    if (!options.plan.expected_statuses.empty()) {
      step.plan.expected_statuses = options.plan.expected_statuses;
    }
    return std::vector<Step>{std::move(step)};
  }
  return InvalidArgument(fmt::format("no scenario '{}'; `tenantry load --help` lists them", name));
}

}  // namespace tenantry::load
