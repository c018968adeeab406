#pragma once
// ScenarioRun: a scenario's steps one after the other, and their verdict.
//
// Errors   those of StepsOf, AimAt and RunLoad.
// Threads  one; blocks for as long as the scenario takes.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/load/scenario.h"

namespace tenantry::load {

struct StepResult {
  Step step;
  LoadResult result;
  std::vector<std::string> failures;
};

struct ScenarioResult {
  std::string scenario;
  std::string url;
  std::vector<StepResult> steps;
  // Stress: the highest rate that passed and the lowest that did not.
  std::optional<double> sustained_rate;
  std::optional<double> breaking_rate;
  bool pass = false;
};

struct ScenarioListener {
  std::function<void(const Step&)> on_step;
  std::function<void(const Step&, const LoadResult&)> on_progress;
  std::function<void(const StepResult&)> on_done;
};

Result<ScenarioResult> RunScenario(const ScenarioOptions& aimed, const Clock& clock,
                                   const ScenarioListener& listener);

// One line of JSON: the scenario, its verdict, and each step as FormatReport shows it.
std::string FormatScenario(const ScenarioResult& result);
// One row for people, without a newline; the header belongs over such rows.
std::string FormatRowHeader();
std::string FormatRow(const StepResult& step);

}  // namespace tenantry::load
