#include "tests/load/ab.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "tests/load/child_process.h"

namespace tenantry::load {
namespace {

constexpr double kLimitSeconds = 120;

// The number after `label` at the start of a line.
std::optional<double> NumberAfter(std::string_view report, std::string_view label) {
  for (size_t at = report.find(label); at != std::string_view::npos;
       at = report.find(label, at + 1)) {
    if (at > 0 && report[at - 1] != '\n') continue;
    std::string_view rest = report.substr(at + label.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    double value = 0;
    if (std::from_chars(rest.data(), rest.data() + rest.size(), value).ec == std::errc()) {
      return value;
    }
  }
  return std::nullopt;
}

std::map<int, int64_t> StatusLines(std::string_view report) {
  std::map<int, int64_t> statuses;
  constexpr std::string_view kStart = "\nHTTP/1.";
  for (size_t at = report.find(kStart); at != std::string_view::npos;
       at = report.find(kStart, at + 1)) {
    const std::string_view code = report.substr(at + kStart.size() + 2, 3);
    int status = 0;
    std::from_chars(code.data(), code.data() + code.size(), status);
    ++statuses[status];
  }
  return statuses;
}

}  // namespace

Result<AbReport> RunAb(std::vector<std::string> arguments, const std::string& folder) {
  arguments.insert(arguments.begin(), "ab");
  TNT_ASSIGN_OR_RETURN(const std::string text, RunTool(arguments, folder, kLimitSeconds));
  const auto complete = NumberAfter(text, "Complete requests:");
  const auto failed = NumberAfter(text, "Failed requests:");
  const auto rate = NumberAfter(text, "Requests per second:");
  const auto mean = NumberAfter(text, "Time per request:");  // The first of two such lines.
  if (!complete || !failed || !rate || !mean) {
    return Unavailable(fmt::format("ab printed no report:\n{}", text));
  }
  AbReport report;
  report.complete = static_cast<int64_t>(*complete);
  report.failed = static_cast<int64_t>(*failed);
  // The line is left out when there are none.
  report.non_2xx = static_cast<int64_t>(NumberAfter(text, "Non-2xx responses:").value_or(0));
  report.requests_per_second = *rate;
  report.mean_ms = *mean;
  report.statuses = StatusLines(text);
  return report;
}

}  // namespace tenantry::load
