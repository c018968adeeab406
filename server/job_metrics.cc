#include "server/job_metrics.h"

namespace tenantry::server {
namespace {

using metrics::Exposition;
using metrics::Type;

void CollectJobs(const jobs::Runner& runner, Exposition& out) {
  const jobs::Depth depth = runner.depth();
  out.Family("tenantry_jobs", Type::kGauge, "Jobs of the durable queue, by state.");
  out.Sample({{"state", "queued"}}, depth.queued);
  out.Sample({{"state", "due"}}, depth.due);
  out.Sample({{"state", "dead"}}, depth.dead);
  out.Gauge("tenantry_jobs_running", "Jobs that run now.", uint64_t{runner.running()});
  out.Family("tenantry_job_runs_total", Type::kCounter, "Runs of jobs since the start, by result.");
  out.Sample({{"result", "done"}}, runner.done());
  out.Sample({{"result", "failed"}}, runner.failed());
}

void CollectBreakers(const outbound::Breakers& breakers, Exposition& out) {
  out.Family("tenantry_breakers", Type::kGauge, "Targets of outbound calls, by breaker state.");
  for (const auto state : {outbound::BreakerState::kClosed, outbound::BreakerState::kOpen,
                           outbound::BreakerState::kHalfOpen}) {
    out.Sample({{"state", outbound::BreakerStateName(state)}}, uint64_t{breakers.CountOf(state)});
  }
}

}  // namespace

void AddJobMetrics(const jobs::Runner& runner, const outbound::Breakers& breakers,
                   Observability* observability) {
  observability->metrics.Add([&runner, &breakers](Exposition& out) {
    CollectJobs(runner, out);
    CollectBreakers(breakers, out);
  });
}

}  // namespace tenantry::server
