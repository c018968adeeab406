#include "tools/tenantry/housekeeping.h"

#include <cstdio>

#include "engine/dump/restore.h"
#include "engine/gym/sessions.h"
#include "engine/jobs/queue.h"
#include "engine/popups/erasure.h"
#include "engine/popups/reclaim.h"
#include "engine/tenant/directory.h"
#include "engine/tenant/reclaim.h"
#include "engine/webhooks/deliveries.h"

namespace tenantry::tools {
namespace {

constexpr int64_t kIdleMs = 30'000;  // Between looks, when there was nothing to do.
constexpr size_t kOrphansPerStep = 64;
constexpr int64_t kPauseMs = 20;  // Between steps, so that requests come first.

}  // namespace

Housekeeping::Housekeeping(Engine& engine, const popups::UpkeepOptions& upkeep)
    : engine_(engine), upkeep_(upkeep) {
  thread_ = Thread("tnt-housekeep", [this] { Run(); });
}

Housekeeping::~Housekeeping() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    stop_changed_.NotifyAll();
  }
  thread_.Join();
}

bool Housekeeping::StopRequested(int64_t wait_ms) {
  MutexLock lock(mutex_);
  if (!stop_) stop_changed_.WaitForMs(mutex_, wait_ms);
  return stop_;
}

// A crash can leave a cancelled session with bookings that still say confirmed; readers see them as cancelled meanwhile.
void Housekeeping::FinishCancellations() {
  const auto gyms =
      tenant::Directory::List(engine_.View(), schema::TenantKind::GYM, ReadTier::kBlocking);
  if (!gyms.ok()) return;
  for (const tenant::TenantEntry& gym : *gyms) {
    const std::string id = gym.record->getId().cStr();
    const Status finished = gym::FinishCancellations({engine_,
                                                      gym.ref,
                                                      id,
                                                      {"system", schema::GymRole::OWNER, true},
                                                      "housekeeping",
                                                      ReadTier::kBlocking});
    if (!finished.ok()) {
      std::fprintf(stderr, "tenantry: finishing cancellations of gym %s: %s\n", id.c_str(),
                   finished.ToString().c_str());
    }
    if (StopRequested(0)) return;
  }
}

// Only a leader cleans up; a follower starts when it is promoted.
void Housekeeping::Run() {
  bool finished = false;
  for (int64_t wait_ms = 0; !StopRequested(wait_ms);) {
    wait_ms = kIdleMs;
    if (!engine_.writable()) continue;
    if (!finished) FinishCancellations();
    finished = true;
    if (Step()) wait_ms = kPauseMs;
  }
}

bool Housekeeping::ReclaimExpired(schema::TenantKind kind) {
  const Result<bool> directory = tenant::ReclaimAnswersStep(engine_);
  bool more = directory.ok() && *directory;
  const auto tenants = tenant::Directory::List(engine_.View(), kind, ReadTier::kBlocking);
  if (!tenants.ok()) return more;
  for (const tenant::TenantEntry& entry : *tenants) {
    const Result<bool> step = tenant::ReclaimAnswersStep(engine_, entry.ref);
    const Result<bool> sent = webhooks::ReclaimDeliveries(engine_, entry.ref);
    more = more || (step.ok() && *step) || (sent.ok() && *sent);
  }
  return more;
}

bool Housekeeping::DropOrphanJobs() {
  const uint64_t shown = engine_.View().applied_index();
  const uint64_t change =
      engine_.LastChange(kDirectorySpace, schema::CollectionOf<schema::Tenant>().number);
  if (jobs_dropped_at_ && change <= *jobs_dropped_at_) return false;
  const Result<size_t> dropped = jobs::DropOrphans(engine_, kOrphansPerStep);
  if (!dropped.ok()) return false;
  if (*dropped < kOrphansPerStep) jobs_dropped_at_ = shown;
  return *dropped == kOrphansPerStep;
}

// A step that fails, for want of room on the disk say, is tried again at the next look.
bool Housekeeping::Step() {
  const Result<bool> replaced = dump::ExpireReplaced(engine_);
  if (replaced.ok() && *replaced) return true;
  const Result<bool> dropped = tenant::ReclaimStep(engine_);
  if (dropped.ok() && *dropped) return true;
  bool more = DropOrphanJobs();
  more = ReclaimExpired(schema::TenantKind::GYM) || more;
  more = ReclaimExpired(schema::TenantKind::SHOP) || more;
  const auto shops =
      tenant::Directory::List(engine_.View(), schema::TenantKind::SHOP, ReadTier::kBlocking);
  if (!shops.ok()) return more;
  for (const tenant::TenantEntry& shop : *shops) {
    for (const auto step : {popups::ReclaimStep, popups::ErasureStep}) {
      const Result<popups::ReclaimProgress> progress = step(engine_, shop.ref);
      more = more || (progress.ok() && progress->more);
    }
    const Result<popups::ReclaimProgress> kept = popups::UpkeepStep(engine_, shop.ref, upkeep_);
    more = more || (kept.ok() && kept->more);
  }
  return more;
}

}  // namespace tenantry::tools
