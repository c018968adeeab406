#include "engine/jobs/runner.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <utility>

#include "engine/codec/text_view.h"
#include "engine/commands.h"
#include "engine/tenant/directory.h"

namespace tenantry::jobs {
namespace {

// How often idle workers ask whether the queue changed: one atomic load.
constexpr int64_t kIdleMs = 50;
constexpr int64_t kCountEveryMs = 1'000;
// Jobs one look takes; the rest is found by the next.
constexpr size_t kLookMax = 512;
constexpr int64_t kTroubleMs = 1'000;

using codec::View;

}  // namespace

Runner::Runner(Engine& engine, std::map<std::string, Handler, std::less<>> handlers,
               const Options& options)
    : engine_(engine), handlers_(std::move(handlers)), options_(options) {}

Runner::~Runner() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    changed_.NotifyAll();
  }
  for (Thread& thread : threads_) thread.Join();
}

void Runner::Start() {
  for (uint32_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back("tnt-jobs", [this] { Work(); });
  }
}

uint32_t Runner::running() const {
  MutexLock lock(mutex_);
  return static_cast<uint32_t>(running_ids_.size());
}

void Runner::Work() {
  for (;;) {
    CountNowAndThen();
    std::optional<Place> place;
    {
      MutexLock lock(mutex_);
      if (stop_) return;
      place = TakeLocked();
      if (!place) changed_.WaitForMs(mutex_, kIdleMs);
    }
    if (place) Run(*place);
  }
}

Depth Runner::depth() const {
  MutexLock lock(depth_mutex_);
  return depth_;
}

void Runner::CountNowAndThen() {
  const int64_t now_ms = engine_.clock().NowBootNs() / 1'000'000;
  if (now_ms - counted_at_ms_.load(std::memory_order_relaxed) < kCountEveryMs) return;
  counted_at_ms_.store(now_ms, std::memory_order_relaxed);
  const Result<Depth> depth = ReadDepth(engine_.View(), engine_.clock().NowUnixMs());
  if (!depth.ok()) return;
  MutexLock lock(depth_mutex_);
  depth_ = *depth;
}

size_t Runner::RunDue() {
  size_t ran = 0;
  for (;;) {
    std::optional<Place> place;
    {
      MutexLock lock(mutex_);
      looked_at_.reset();
      place = TakeLocked();
    }
    if (!place) return ran;
    Run(*place);
    ++ran;
  }
}

void Runner::LookLocked() {
  const ReadView view = engine_.View();
  const int64_t now_ms = engine_.clock().NowUnixMs();
  std::vector<Place> due;
  int64_t next_run_ms = INT64_MAX;
  const Status read =
      view.DirectorySpace(ReadTier::kBlocking)
          .ScanRecords<schema::QueuedJob>(
              {static_cast<int64_t>(schema::JobState::QUEUED)}, false, [&](const QueuedJob& job) {
                if (job->getRunAt() > now_ms || due.size() == kLookMax) {
                  next_run_ms = job->getRunAt();
                  return false;
                }
                due.push_back({SpaceId(static_cast<uint64_t>(job->getSpace())),
                               std::string(View(job->getId())), job->getRunAt()});
                return true;
              });
  if (!read.ok()) {
    due.clear();
    next_run_ms = now_ms + kTroubleMs;
  }
  std::reverse(due.begin(), due.end());
  due_ = std::move(due);
  next_run_ms_ = next_run_ms;
  looked_at_ = view.applied_index();
}

std::optional<Runner::Place> Runner::TakeLocked() {
  constexpr SpaceId kQueue = kDirectorySpace;
  const uint64_t change =
      engine_.LastChange(kQueue, schema::CollectionOf<schema::QueuedJob>().number);
  const bool changed = !looked_at_ || change > *looked_at_;
  if (due_.empty() && (changed || engine_.clock().NowUnixMs() >= next_run_ms_)) LookLocked();
  for (auto place = due_.rbegin(); place != due_.rend(); ++place) {
    if (running_ids_.contains(place->id) || running_of_[place->space] >= kPerTenantMax) continue;
    Place taken = std::move(*place);
    due_.erase(std::next(place).base());
    running_ids_.insert(taken.id);
    ++running_of_[taken.space];
    return taken;
  }
  // What remains belongs to busy tenants; when one is free again the queue will have changed.
  due_.clear();
  return std::nullopt;
}

void Runner::Run(const Place& place) {
  const Status status = Process(place);
  MutexLock lock(mutex_);
  // What ran has changed the queue. What could not, for want of disk space say, is left alone for a while.
  if (status.ok()) looked_at_.reset();
  if (!status.ok()) next_run_ms_ = engine_.clock().NowUnixMs() + kTroubleMs;
  running_ids_.erase(place.id);
  if (--running_of_[place.space] == 0) running_of_.erase(place.space);
  changed_.NotifyOne();
}

Status Runner::Process(const Place& place) {
  const Result<TenantRef> tenant =
      tenant::Directory::FindBySpace(engine_.View(), place.space, ReadTier::kBlocking);
  if (!tenant.ok()) {
    if (tenant.status().code() != StatusCode::kNotFound) return tenant.status();
    return DropOrphan(engine_, {schema::JobState::QUEUED, place.run_at_ms, place.space, place.id});
  }
  TNT_ASSIGN_OR_RETURN(const std::optional<Claim> claim,
                       TryClaim(engine_, *tenant, place.id, kLeaseMs));
  if (!claim) return Status::Ok();
  engine_.WaitReleased(claim->release_index);
  return RunClaimed(*claim);
}

RunResult Runner::Handle(const Claim& claim) const {
  const auto handler = handlers_.find(View(claim.job->getKind()));
  if (handler == handlers_.end()) {
    return {NotFound("no handler for jobs of this kind"), {.error = {}, .final = true}, {}};
  }
  try {
    return handler->second(claim);
  } catch (const std::exception& error) {
    return {Internal(error.what()), {}, {}};
  }
}

Status Runner::RunClaimed(const Claim& claim) {
  RunResult result = Handle(claim);
  result.failure.error = result.status.message();
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kJobFinish), "jobs", "",
                         result.status.ok()};
  const Outcome outcome =
      engine_.Execute(claim.tenant, info, ReadTier::kBlocking, [&](Transaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const bool mine, result.status.ok()
                                                  ? Complete(tx, claim.job)
                                                  : Retry(tx, claim.job, result.failure));
        if (!mine || !result.write) return Status::Ok();
        return result.write(tx);
      });
  engine_.WaitReleased(outcome.release_index);
  (result.status.ok() && outcome.status.ok() ? done_ : failed_)
      .fetch_add(1, std::memory_order_relaxed);
  if (!outcome.status.ok()) {
    std::fprintf(stderr, "tenantry: job %s could not be finished: %s\n", claim.job->getId().cStr(),
                 outcome.status.ToString().c_str());
  }
  return outcome.status;
}

}  // namespace tenantry::jobs
