#include "engine/work_trace.h"

#include <algorithm>

namespace tenantry {
namespace {

// Threading a trace through every handler, query and reader would touch each of their signatures, and every new one would
// have to remember it.
thread_local WorkTrace* current = nullptr;

}  // namespace

WorkTrace::WorkTrace(const Clock& clock, int64_t slow_ns)
    : clock_(clock), slow_ns_(slow_ns), outer_(current) {
  current = this;
}

WorkTrace::~WorkTrace() {
  current = outer_;
}

WorkTrace* WorkTrace::Current() {
  return current;
}

void WorkTrace::LimitReads(int64_t duration_ns) {
  reads_end_ns_ = clock_.NowBootNs() + duration_ns;
}

Status WorkTrace::CheckTime() {
  if (current == nullptr || current->reads_end_ns_ == 0) return Status::Ok();
  if (current->clock_.NowBootNs() < current->reads_end_ns_) return Status::Ok();
  return Unavailable("this query takes too long; ask for less, such as a shorter time or a page");
}

TimedOperation::TimedOperation(SlowOperation operation, const uint32_t& rows)
    : trace_(current),
      operation_(operation),
      rows_(rows),
      rows_before_(rows),
      started_ns_(trace_ != nullptr ? trace_->clock_.NowBootNs() : 0) {}

TimedOperation::~TimedOperation() {
  if (trace_ == nullptr) return;
  const int64_t duration_ns = trace_->clock_.NowBootNs() - started_ns_;
  if (duration_ns < trace_->slow_ns_) return;
  operation_.duration_ns = duration_ns;
  operation_.rows = rows_ - rows_before_;
  std::vector<SlowOperation>& slow = trace_->slow_;
  if (slow.size() < kSlowOperationsMax) {
    slow.push_back(operation_);
    return;
  }
  // Full: the slowest stay.
  const auto fastest = std::min_element(
      slow.begin(), slow.end(),
      [](const SlowOperation& a, const SlowOperation& b) { return a.duration_ns < b.duration_ns; });
  if (fastest->duration_ns < duration_ns) *fastest = operation_;
}

}  // namespace tenantry
