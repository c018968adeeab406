#pragma once
// RuleTrace: which rules a command or query looked at, with the values it compared. Refusals are explained from it, dry
// runs show it, tests assert on it.
//
// Threads  belongs to one command.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenantry {

struct RuleFact {
  std::string name;
  std::string value;
  RuleFact(std::string_view n, std::string_view v) : name(n), value(v) {}
  RuleFact(std::string_view n, const char* v) : name(n), value(v) {}
  RuleFact(std::string_view n, int64_t v) : name(n), value(std::to_string(v)) {}
  RuleFact(std::string_view n, uint32_t v) : name(n), value(std::to_string(v)) {}
  RuleFact(std::string_view n, int v) : name(n), value(std::to_string(v)) {}
  RuleFact(std::string_view n, bool v) : name(n), value(v ? "true" : "false") {}
};

struct RuleStep {
  std::string_view rule;  // A literal such as "booking.capacity".
  bool held = false;
  std::vector<RuleFact> facts;
};

class RuleTrace {
 public:
  // Records the step and returns `held`, so that a rule reads `if (!trace.Check("booking.open", open, {...})) return ...`.
  bool Check(std::string_view rule, bool held, std::vector<RuleFact> facts) {
    steps_.push_back({rule, held, std::move(facts)});
    return held;
  }
  const std::vector<RuleStep>& steps() const { return steps_; }
  // The rule that refused, or nullptr.
  const RuleStep* refused() const {
    return steps_.empty() || steps_.back().held ? nullptr : &steps_.back();
  }

 private:
  std::vector<RuleStep> steps_;
};

}  // namespace tenantry
