#pragma once
// Housekeeping: gives back the bytes of what was deleted or is past its retention and rolls views up, in bounded log
// entries, while nobody waits for it.
//
// Threads  its own; construct and destroy on one thread.
// Owns     its thread. Borrows the engine.

#include <optional>

#include "engine/base/mutex.h"
#include "engine/base/thread.h"
#include "engine/engine.h"
#include "engine/popups/upkeep.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::tools {

class Housekeeping {
 public:
  Housekeeping(Engine& engine, const popups::UpkeepOptions& upkeep);
  ~Housekeeping();

 private:
  void Run();
  void FinishCancellations();
  // Expired answers of keyed requests and deliveries of webhooks, in every tenant of a kind and the directory.
  bool ReclaimExpired(schema::TenantKind kind);
  // Jobs of tenants that are gone, whenever the tenants changed.
  bool DropOrphanJobs();
  // True when there may be more to do at once.
  bool Step();
  bool StopRequested(int64_t wait_ms);

  Engine& engine_;
  const popups::UpkeepOptions upkeep_;
  // Its thread's own: index of the newest view in which no job of a deleted tenant was left; nothing: none yet.
  std::optional<uint64_t> jobs_dropped_at_;
  Mutex mutex_{"housekeeping"};
  CondVar stop_changed_;
  bool stop_ TNT_GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace tenantry::tools
