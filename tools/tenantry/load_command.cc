#include "tools/tenantry/load_command.h"

#include <charconv>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "engine/base/random.h"
#include "server/admin/admin_commands.h"
#include "tools/load/live_view.h"
#include "tools/load/scenario_run.h"

namespace tenantry::tools {
namespace {

using server::kExitFailed;
using server::kExitOk;
using server::kExitUnreachable;
using server::kExitUsage;

Result<double> Number(const Invocation& typed, const char* name) {
  const std::string& text = typed.Get(name);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    return InvalidArgument(fmt::format("--{} takes a number of 0 or more, not '{}'", name, text));
  }
  return value;
}

Status SetNumber(const Invocation& typed, const char* name, double* value) {
  if (!typed.Has(name)) return Status::Ok();
  TNT_ASSIGN_OR_RETURN(*value, Number(typed, name));
  return Status::Ok();
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// "Name: value", or "@FILE" with one such line each: secrets do not belong on a command line.
Status AddHeader(const std::string& text, std::vector<std::string>* headers) {
  if (text.starts_with('@')) {
    TNT_ASSIGN_OR_RETURN(const std::string lines, ReadFile(text.substr(1)));
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) TNT_RETURN_IF_ERROR(AddHeader(line, headers));
    }
    return Status::Ok();
  }
  if (text.find(':') == std::string::npos) {
    return InvalidArgument("--header takes 'Name: value' or @FILE, not '" + text + "'");
  }
  headers->push_back(text);
  return Status::Ok();
}

Status ReadRequest(const Invocation& typed, load::LoadPlan* plan) {
  if (typed.Has("method")) plan->request.method = typed.Get("method");
  for (const std::string& header : typed.All("header")) {
    TNT_RETURN_IF_ERROR(AddHeader(header, &plan->request.headers));
  }
  plan->request.body = typed.Get("body");
  if (typed.Has("body-file")) {
    TNT_ASSIGN_OR_RETURN(plan->request.body, ReadFile(typed.Get("body-file")));
  }
  std::istringstream statuses(typed.Get("expect-status"));
  for (std::string status; std::getline(statuses, status, ',');) {
    int number = 0;
    const auto [end, error] = std::from_chars(status.data(), status.data() + status.size(), number);
    if (error != std::errc() || end != status.data() + status.size()) {
      return InvalidArgument("--expect-status takes numbers, such as 200,409");
    }
    plan->expected_statuses.insert(number);
  }
  return Status::Ok();
}

Result<load::ScenarioOptions> ReadOptions(const Invocation& typed) {
  load::ScenarioOptions options;
  options.url = typed.Get("URL");
  options.scenario = typed.Get("scenario");
  options.shop = typed.Get("shop");
  options.ca_file = typed.Get("ca-file");
  options.insecure = typed.Has("insecure");
  load::LoadPlan& plan = options.plan;
  TNT_RETURN_IF_ERROR(ReadRequest(typed, &plan));
  double connections = 0;
  double winners = -1;
  TNT_RETURN_IF_ERROR(SetNumber(typed, "connections", &connections));
  if (connections > 50'000) return InvalidArgument("--connections takes 1 to 50000");
  // A rate needs spare connections, so that a slow answer delays none but its own.
  plan.connections = connections >= 1 ? static_cast<uint32_t>(connections) : 1;
  TNT_RETURN_IF_ERROR(SetNumber(typed, "seconds", &options.seconds));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "rate", &plan.rate));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "rate-max", &options.rate_max));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "timeout", &plan.reply_timeout_seconds));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "fairness-max", &options.rules.fairness_max));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "p95-max-ms", &options.rules.p95_ms_max));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "mean-max-ms", &options.rules.mean_ms_max));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "rate-min", &options.rules.rate_min));
  TNT_RETURN_IF_ERROR(SetNumber(typed, "winners", &winners));
  options.rules.winners = static_cast<int64_t>(winners);
  plan.seconds = options.seconds > 0 ? options.seconds : 10;
  if (plan.rate > 0 && connections < 1) plan.connections = 64;
  // A timetable serves connections in turn by itself.
  if (plan.rate > 0) options.rules.fairness_max = 0;
  return options;
}

int Fail(int exit_code, const Status& status) {
  fmt::print(stderr, "tenantry: {}\n", status.message());
  return exit_code;
}

int RunLoadCommand(const Invocation& typed) {
  Result<load::ScenarioOptions> options = ReadOptions(typed);
  if (!options.ok()) return Fail(server::ExitCodeOf(options.status()), options.status());
  SystemRandom random;
  const std::string tag = FormatHex(random.Bytes(6));
  if (const Status aimed = load::AimAt(tag, &*options); !aimed.ok()) {
    const bool unreachable = aimed.code() == StatusCode::kUnavailable;
    return Fail(unreachable ? kExitUnreachable : server::ExitCodeOf(aimed), aimed);
  }
  const bool json = typed.Has("json");
  load::LiveView view(isatty(STDERR_FILENO) != 0 ? stderr : nullptr);
  load::ScenarioListener listener;
  listener.on_progress = [&view](const load::Step& step, const load::LoadResult& result) {
    view.Draw(step.name, result);
  };
  listener.on_done = [&view, json](const load::StepResult& step) {
    view.Clear();
    if (!json) fmt::print("{}\n", load::FormatRow(step));
    std::fflush(stdout);
  };
  if (!json) fmt::print("{}\n", load::FormatRowHeader());
  const SystemClock clock;
  const Result<load::ScenarioResult> result = load::RunScenario(*options, clock, listener);
  view.Clear();
  if (!result.ok()) {
    const bool unreachable = result.status().code() == StatusCode::kUnavailable;
    return Fail(unreachable ? kExitUnreachable : server::ExitCodeOf(result.status()),
                result.status());
  }
  if (json) {
    fmt::print("{}\n", load::FormatScenario(*result));
  } else {
    if (result->breaking_rate) fmt::print("breaks at {:.0f}/s", *result->breaking_rate);
    if (result->sustained_rate) {
      fmt::print("{}sustains {:.0f}/s", result->breaking_rate ? ", " : "", *result->sustained_rate);
    }
    if (result->breaking_rate || result->sustained_rate) fmt::print("\n");
    fmt::print("{}\n", result->pass ? "pass" : "FAIL");
  }
  return result->pass ? kExitOk : kExitFailed;
}

std::string ScenarioHelp() {
  std::string help = "One of";
  for (const load::ScenarioName& row : load::ScenarioNames()) {
    help += fmt::format("\n{}: {}", row.name, row.summary);
  }
  return help;
}

}  // namespace

Command LoadCommand() {
  Command command;
  command.path = "load";
  command.summary =
      "Send load to a server over HTTP, this one or another, and judge its answers. Writes where "
      "the requests write";
  command.options = {
      {"URL", "http:// or https://, HOST:PORT, with a path to ask for or without one",
       OptionKind::kOperand, "URL"},
      {"scenario", ScenarioHelp(), OptionKind::kOptional, "NAME"},
      {"shop", "Storefront traffic of this shop: its active popups, and views of them",
       OptionKind::kOptional, "ID"},
      {"connections", "Keep-alive connections; 1, or 64 with --rate", OptionKind::kOptional, "N",
       "", 'c'},
      {"seconds", "Length of each step; 10, or the scenario's", OptionKind::kOptional, "N", "",
       't'},
      {"rate", "Requests per second in all, at fixed instants; without it a reply starts the next",
       OptionKind::kOptional, "N"},
      {"rate-max", "Where stress ends", OptionKind::kOptional, "N", "100000"},
      {"method", "Request method", OptionKind::kOptional, "NAME", "", 'm'},
      {"header", "'Name: value', or @FILE with one such line each; repeatable",
       OptionKind::kRepeated, "TEXT", "", 'H'},
      {"body", "Request body; {i} counts requests, {conn} connections", OptionKind::kOptional,
       "TEXT", "", 'd'},
      {"body-file", "File with the body", OptionKind::kOptional, "FILE"},
      {"expect-status", "Statuses that are no error; any 2xx when left out", OptionKind::kOptional,
       "LIST"},
      {"timeout", "Seconds until an answer counts as lost", OptionKind::kOptional, "N", "10"},
      {"fairness-max", "Median over worst connection's requests; 0: not checked",
       OptionKind::kOptional, "N", "10"},
      {"p95-max-ms", "The 95th percentile must be below", OptionKind::kOptional, "N"},
      {"mean-max-ms", "The mean must be below", OptionKind::kOptional, "N"},
      {"rate-min", "Requests per second that must be reached", OptionKind::kOptional, "N"},
      {"winners", "Race: how many may get 2xx; 1 when left out", OptionKind::kOptional, "N"},
      {"ca-file", "https: PEM file of the certificates to believe; the system's when left out",
       OptionKind::kOptional, "FILE"},
      {"insecure", "https: any certificate will do", OptionKind::kFlag},
      {"json", "One line of JSON in place of the table", OptionKind::kFlag},
  };
  command.example = "tenantry load http://127.0.0.1:7117 --scenario normal --seconds 2";
  command.exit_codes = {server::kExitNotFound, kExitUnreachable};
  command.run = RunLoadCommand;
  return command;
}

}  // namespace tenantry::tools
