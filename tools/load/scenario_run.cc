#include "tools/load/scenario_run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tenantry::load {
namespace {

// Between the last rate that passed and the first that did not, so often halved.
constexpr int kNarrowings = 3;

Result<StepResult> RunStep(Step step, const Clock& clock, const ScenarioListener& listener) {
  if (listener.on_step) listener.on_step(step);
  if (listener.on_progress) {
    step.plan.on_progress = [&listener, &step](const LoadResult& result) {
      listener.on_progress(step, result);
    };
  }
  TNT_ASSIGN_OR_RETURN(LoadResult result, RunLoad(step.plan, clock));
  step.plan.on_progress = nullptr;
  std::vector<std::string> failures = FailuresOf(result, step.rules);
  StepResult done{std::move(step), std::move(result), std::move(failures)};
  if (listener.on_done) listener.on_done(done);
  return done;
}

Status RunStress(const ScenarioOptions& options, const Clock& clock,
                 const ScenarioListener& listener, Step step, ScenarioResult* out) {
  for (int narrowings = 0; narrowings <= kNarrowings;) {
    const double rate = step.plan.rate;
    TNT_ASSIGN_OR_RETURN(StepResult done, RunStep(std::move(step), clock, listener));
    (done.failures.empty() ? out->sustained_rate : out->breaking_rate) = rate;
    out->steps.push_back(std::move(done));
    if (!out->sustained_rate) break;  // Not even the first.
    double next = *out->sustained_rate * 2;
    if (out->breaking_rate) {
      ++narrowings;
      next = (*out->sustained_rate + *out->breaking_rate) / 2;
    } else if (*out->sustained_rate >= options.rate_max) {
      break;
    }
    step = StressStep(options, std::min(next, options.rate_max));
  }
  out->pass = out->sustained_rate.has_value();
  return Status::Ok();
}

}  // namespace

Result<ScenarioResult> RunScenario(const ScenarioOptions& aimed, const Clock& clock,
                                   const ScenarioListener& listener) {
  ScenarioResult out;
  out.scenario = aimed.scenario.empty() ? "load" : aimed.scenario;
  out.url = aimed.url;
  TNT_ASSIGN_OR_RETURN(std::vector<Step> steps, StepsOf(aimed));
  if (aimed.scenario == "stress") {
    TNT_RETURN_IF_ERROR(RunStress(aimed, clock, listener, std::move(steps.front()), &out));
    return out;
  }
  for (Step& step : steps) {
    TNT_ASSIGN_OR_RETURN(StepResult done, RunStep(std::move(step), clock, listener));
    out.steps.push_back(std::move(done));
  }
  out.pass = std::all_of(out.steps.begin(), out.steps.end(),
                         [](const StepResult& step) { return step.failures.empty(); });
  return out;
}

std::string FormatScenario(const ScenarioResult& result) {
  const auto rate = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.0f}", *value) : std::string("null");
  };
  std::string steps;
  for (const StepResult& step : result.steps) {
    steps += fmt::format(R"({}{{"step":"{}","rate":{:.0f},"report":{}}})", steps.empty() ? "" : ",",
                         step.step.name, step.step.plan.rate,
                         FormatReport(step.step.plan, step.result, step.failures));
  }
  std::string out = fmt::format(R"({{"scenario":"{}","pass":{},)", result.scenario, result.pass);
  if (result.scenario == "stress") {
    out += fmt::format(R"("sustainedRate":{},"breakingRate":{},)", rate(result.sustained_rate),
                       rate(result.breaking_rate));
  }
  return out + fmt::format(R"("steps":[{}]}})", steps);
}

std::string FormatRowHeader() {
  return fmt::format("{:<14} {:>10} {:>10} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9}  {}", "step",
                     "requests", "per s", "errors", "mean ms", "p50", "p95", "p99", "max",
                     "verdict");
}

std::string FormatRow(const StepResult& step) {
  const LoadResult& result = step.result;
  const auto ms = [&result](double quantile) {
    return static_cast<double>(result.latency.QuantileNs(quantile)) / 1e6;
  };
  std::string verdict = "pass";
  for (const std::string& failure : step.failures) {
    verdict = (verdict == "pass" ? "FAIL: " : verdict + "; ") + failure;
  }
  return fmt::format(
      "{:<14} {:>10} {:>10.1f} {:>8} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f}  {}",
      step.step.name, result.requests, result.rate(), result.errors(),
      result.latency.mean_ns() / 1e6, ms(0.5), ms(0.95), ms(0.99), ms(1.0), verdict);
}

}  // namespace tenantry::load
