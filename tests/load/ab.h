#pragma once
// Ab: runs ApacheBench as the gym's load scripts do and reads its report.

#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace tenantry::load {

struct AbReport {
  int64_t complete = 0;
  int64_t failed = 0;  // As ab counts: also answers whose length differs from the first one's.
  int64_t non_2xx = 0;
  double requests_per_second = 0;
  double mean_ms = 0;               // Of one request, as its sender saw it.
  std::map<int, int64_t> statuses;  // Only with "-v 2" among the arguments.
};

// `arguments` as on ab's command line. kUnavailable when ab is missing, fails, or prints a report without these lines.
Result<AbReport> RunAb(std::vector<std::string> arguments, const std::string& folder);

}  // namespace tenantry::load
