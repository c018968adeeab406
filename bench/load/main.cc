// tenantry-bench-client: HTTP load from one thread, one JSON line on stdout.
//
// Question  how many requests per second does a server answer, how fast, and does every connection get its share?
// Answer    the exit code: 0 when no request failed and the rules given hold, 1 when not, 2 for wrong use.

#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/load/load_run.h"
#include "bench/load/report.h"

namespace tenantry::load {
namespace {

struct Arguments {
  std::string url;
  std::string body_file;
  std::string scenario;
  double time_scale = 1;
  std::vector<int> expected_statuses;
  LoadPlan plan;
  PassRules rules;
};

void Declare(CLI::App* app, Arguments* a) {
  app->add_option("url", a->url, "http://HOST:PORT/PATH; {i} and {conn} are counters")->required();
  app->add_option("-c,--connections", a->plan.connections, "keep-alive connections")
      ->check(CLI::Range(1u, 50'000u));
  app->add_option("-t,--seconds", a->plan.seconds, "length of the run");
  app->add_option("--rate", a->plan.rate, "requests per second in all; 0: as fast as replies come");
  app->add_option("-m,--method", a->plan.request.method, "request method");
  app->add_option("-H,--header", a->plan.request.headers, "'Name: value', repeatable")
      ->allow_extra_args(false);
  app->add_option("-d,--body", a->plan.request.body, "request body");
  app->add_option("--body-file", a->body_file, "file holding the request body");
  app->add_option("--expect-status", a->expected_statuses,
                  "statuses that are no error (default 2xx)")
      ->delimiter(',');
  app->add_option("--timeout", a->plan.reply_timeout_seconds,
                  "seconds until a reply counts as lost");
  app->add_flag("--simultaneous", a->plan.simultaneous,
                "one request per connection, all completed at the same moment");
  app->add_option("--scenario", a->scenario, "k6-root: stages to 50 and 100 users, 1 s sleep each")
      ->check(CLI::IsMember({"k6-root"}));
  app->add_option("--time-scale", a->time_scale, "factor on the lengths of the scenario's stages")
      ->check(CLI::PositiveNumber);
  app->add_option("--fairness-max", a->rules.fairness_max,
                  "median over worst connection's requests; 0: not checked");
  app->add_option("--p95-max-ms", a->rules.p95_ms_max, "95th percentile must be below");
  app->add_option("--rate-min", a->rules.rate_min, "requests per second must reach");
}

Status Complete(Arguments* a) {
  TNT_ASSIGN_OR_RETURN(a->plan.endpoint, ParseUrl(a->url));
  if (!a->body_file.empty()) {
    std::ifstream file(a->body_file, std::ios::binary);
    if (!file) return NotFound(fmt::format("cannot read {}", a->body_file));
    std::ostringstream body;
    body << file.rdbuf();
    a->plan.request.body = std::move(body).str();
  }
  if (!a->scenario.empty()) UseK6RootProfile(a->time_scale, &a->plan);
  // Staged users and single shots are not one steady load: their counts differ by design.
  if (!a->scenario.empty() || a->plan.simultaneous) a->rules.fairness_max = 0;
  if (!a->expected_statuses.empty()) {
    a->plan.expected_statuses = {a->expected_statuses.begin(), a->expected_statuses.end()};
  }
  return Status::Ok();
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("HTTP load from one thread");
  Declare(&app, &arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const Status status = Complete(&arguments); !status.ok()) {
    fmt::print(stderr, "tenantry-bench-client: {}\n", status.message());
    return 2;
  }
  const SystemClock clock;
  const Result<LoadResult> result = RunLoad(arguments.plan, clock);
  if (!result.ok()) {
    fmt::print(stderr, "tenantry-bench-client: {}\n", result.status().message());
    return 1;
  }
  const std::vector<std::string> failures = FailuresOf(*result, arguments.rules);
  fmt::print("{}\n", FormatReport(arguments.plan, *result, failures));
  return failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace tenantry::load

int main(int argc, char** argv) {
  try {
    return tenantry::load::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tenantry-bench-client: %s\n", error.what());
    return 1;
  }
}
