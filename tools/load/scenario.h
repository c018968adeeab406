#pragma once
// Scenario: the seeds' load scenarios as steps with pass rules (docs/load.md).
//
//   normal  100 requests/s for 60 s          peak   500/s for 5 minutes       spike  1000/s for 60 s, and recovery
//   stress  doubles the rate until it breaks  ladder 1 to 800 at once          race   all at once, one may win
//   k6-root ramps to 50 and 100 users        none   what the options say
//
// Errors   StepsOf: kInvalidArgument for an unknown scenario. AimAt: kInvalidArgument or kUnavailable for the URL,
//          kNotFound when the shop shows no popup.

#include <span>
#include <string>
#include <vector>

#include "tools/load/load_run.h"
#include "tools/load/report.h"

namespace tenantry::load {

struct ScenarioName {
  const char* name;
  const char* summary;
};
std::span<const ScenarioName> ScenarioNames();

struct ScenarioOptions {
  std::string url;
  // https: PEM file of who is believed (empty: the system's), or nobody is asked.
  std::string ca_file;
  bool insecure = false;
  std::string scenario;  // Empty: one step as `plan` and `rules` say.
  std::string shop;  // Storefront traffic of this shop: lists of active popups, and views of them.
  double seconds = 0;         // Of each step, in place of the scenario's.
  double rate_max = 100'000;  // Stress ends there.
  LoadPlan plan;
  PassRules rules;
};

struct Step {
  std::string name;
  LoadPlan plan;
  PassRules rules;
};

// Fills the plan's endpoint and what is asked of it: the URL's own path, a shop's traffic, a sign-up of a race, or `/`.
// `tag` makes what a race creates new in every run.
Status AimAt(const std::string& tag, ScenarioOptions* options);

// What AimAt left in the options, as the scenario runs it. The steps of stress are its first rate alone.
Result<std::vector<Step>> StepsOf(const ScenarioOptions& options);

// The step at the next rate.
Step StressStep(const ScenarioOptions& options, double rate);

}  // namespace tenantry::load
