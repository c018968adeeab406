#include "tools/load/report.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tenantry::load {
namespace {

double ToMs(double ns) {
  return ns / 1e6;
}

// Our own texts: quotes and backslashes are all that needs care.
std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string QuoteAll(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + Quote(text);
  return "[" + out + "]";
}

std::string StatusesOf(const LoadResult& result) {
  std::string out;
  for (const auto& [status, count] : result.statuses) {
    out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", status, count);
  }
  return "{" + out + "}";
}

void CheckWinners(const LoadResult& result, int64_t winners, std::vector<std::string>* failures) {
  int64_t won = 0;
  for (const auto& [status, count] : result.statuses) {
    if (status >= 200 && status < 300) {
      won += static_cast<int64_t>(count);
    } else if (status != 409) {
      failures->push_back(fmt::format("{} answers with status {}, not 409", count, status));
    }
  }
  if (won != winners) failures->push_back(fmt::format("{} won, {} may", won, winners));
}

std::string Percentiles(const LatencyHistogram& histogram) {
  std::string out = fmt::format(R"({{"mean":{:.3f})", ToMs(histogram.mean_ns()));
  for (const auto& [name, quantile] : {std::pair{"p50", 0.5},
                                       {"p75", 0.75},
                                       {"p90", 0.9},
                                       {"p95", 0.95},
                                       {"p99", 0.99},
                                       {"p999", 0.999},
                                       {"max", 1.0}}) {
    out += fmt::format(R"(,"{}":{:.3f})", name,
                       ToMs(static_cast<double>(histogram.QuantileNs(quantile))));
  }
  return out + "}";
}

}  // namespace

Fairness FairnessOf(const LoadResult& result) {
  Fairness fairness;
  if (result.connections.empty()) return fairness;
  std::vector<uint64_t> requests;
  std::vector<int64_t> worst;
  for (const ConnectionCount& count : result.connections) {
    requests.push_back(count.requests);
    worst.push_back(count.worst_latency_ns);
  }
  std::sort(requests.begin(), requests.end());
  std::sort(worst.begin(), worst.end());
  fairness.requests_min = requests.front();
  fairness.requests_median = requests[requests.size() / 2];
  fairness.requests_max = requests.back();
  fairness.worst_latency_ms_median = ToMs(static_cast<double>(worst[worst.size() / 2]));
  fairness.worst_latency_ms_max = ToMs(static_cast<double>(worst.back()));
  if (fairness.requests_min > 0) {
    fairness.ratio =
        static_cast<double>(fairness.requests_median) / static_cast<double>(fairness.requests_min);
  }
  return fairness;
}

std::vector<std::string> FailuresOf(const LoadResult& result, const PassRules& rules) {
  std::vector<std::string> failures;
  const auto asked = static_cast<double>(result.requests + result.errors());
  if (static_cast<double>(result.errors()) > rules.error_share_max * asked) {
    failures.push_back(fmt::format("{} errors", result.errors()));
  }
  if (result.requests == 0) failures.push_back("no reply at all");
  const Fairness fairness = FairnessOf(result);
  if (rules.fairness_max > 0 && !(fairness.ratio && *fairness.ratio <= rules.fairness_max)) {
    failures.push_back(fmt::format("the worst connection got {} replies, the median one {}",
                                   fairness.requests_min, fairness.requests_median));
  }
  const double p95_ms = ToMs(static_cast<double>(result.latency.QuantileNs(0.95)));
  if (rules.p95_ms_max > 0 && p95_ms >= rules.p95_ms_max) {
    failures.push_back(
        fmt::format("p95 {:.1f} ms is not below {:.0f} ms", p95_ms, rules.p95_ms_max));
  }
  const double mean_ms = ToMs(result.latency.mean_ns());
  if (rules.mean_ms_max > 0 && mean_ms >= rules.mean_ms_max) {
    failures.push_back(
        fmt::format("mean {:.1f} ms is not below {:.0f} ms", mean_ms, rules.mean_ms_max));
  }
  if (rules.winners >= 0) CheckWinners(result, rules.winners, &failures);
  if (result.rate() < rules.rate_min) {
    failures.push_back(
        fmt::format("{:.1f} requests/s, {:.1f} wanted", result.rate(), rules.rate_min));
  }
  return failures;
}

std::string FormatReport(const LoadPlan& plan, const LoadResult& result,
                         const std::vector<std::string>& failures) {
  const Fairness fairness = FairnessOf(result);
  std::string out = fmt::format(
      R"({{"url":{},"method":{},"connections":{},"seconds":{:.3f},"requests":{},"requestsPerSecond":{:.1f},)",
      Quote("http://" + plan.endpoint.authority + plan.endpoint.target), Quote(plan.request.method),
      result.connections.size(), result.seconds, result.requests, result.rate());
  out += fmt::format(
      R"("errors":{{"total":{},"status":{},"connect":{},"broken":{},"timeout":{}}},"reconnects":{},"statuses":{},)",
      result.errors(), result.unexpected_statuses, result.connect_errors, result.broken,
      result.timeouts, result.reconnects, StatusesOf(result));
  out += fmt::format(R"("latencyMs":{},"serviceMs":{},)", Percentiles(result.latency),
                     Percentiles(result.service));
  out += fmt::format(
      R"("perConnection":{{"requestsMin":{},"requestsMedian":{},"requestsMax":{},"worstLatencyMsMedian":{:.3f},"worstLatencyMsMax":{:.3f}}},)",
      fairness.requests_min, fairness.requests_median, fairness.requests_max,
      fairness.worst_latency_ms_median, fairness.worst_latency_ms_max);
  out += fmt::format(R"("fairness":{},"pass":{},"failures":{}}})",
                     fairness.ratio ? fmt::format("{:.2f}", *fairness.ratio) : "null",
                     failures.empty(), QuoteAll(failures));
  return out;
}

}  // namespace tenantry::load
