#pragma once
// Queue: jobs in the log. A job is queued in the entry of the command that wants it, so it exists exactly when the command
// happened, and it is run at least once, after a crash too.
//
//                 Claim (attempts + 1, lease)
//   Enqueue ─▶ queued ◀──────────────┐
//                │ └─────────────────┘ Retry (later), or the lease ends
//                ├─ Complete ─▶ (gone, in the entry of what it did)
//                └─ too many attempts ─▶ dead ─ RunNow ─▶ queued        Discard: gone, from any state
//
// Rules    who claims a job gets its number of attempts as token; once somebody else claimed it, the token is stale and
//          Complete and Retry change nothing.
// Units    times in Unix milliseconds.
// Errors   RunNow, Discard: kNotFound.
// Threads  any; the tx functions belong to their plan.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/codec/stored.h"
#include "engine/engine.h"
#include "engine/schema/jobs.capnp.h"

namespace tenantry::jobs {

using Job = codec::Stored<schema::Job>;
using QueuedJob = codec::Stored<schema::QueuedJob>;

// How long a failed job waits: first, then `factor` times longer each time, up to `longest`; the wait is drawn from the upper
// half of that, so that jobs which failed together do not come back together.
inline constexpr int64_t kRetryFirstMs = 5'000;
inline constexpr int64_t kRetryFactor = 3;
inline constexpr int64_t kRetryLongestMs = int64_t{6} * 3'600'000;
// With the waits above the last run begins about a day after the first.
inline constexpr int32_t kAttemptsMax = 12;
inline constexpr size_t kErrorBytesMax = 300;

struct NewJob {
  std::string_view kind;
  std::string payload;
  int64_t delay_ms = 0;
  int32_t attempts_max = kAttemptsMax;
};
// Returns the job's id. Three rows.
Result<std::string> Enqueue(SpaceWriter& tx, const NewJob& job);

// Takes a due job for `lease_ms`. nullopt when it is gone, not due yet, or dead.
struct Claim {
  Job job;
  TenantRef tenant;
  uint64_t release_index = 0;
};
Result<std::optional<Claim>> TryClaim(Engine& engine, const TenantRef& tenant, std::string_view id,
                                      int64_t lease_ms);

// Steps of a plan. False when the claim is stale; then nothing was written.
Result<bool> Complete(SpaceWriter& tx, const Job& claimed);
struct Failure {
  std::string_view error;
  std::optional<int64_t> delay_ms = {};  // Instead of the usual wait.
  bool counts = true;  // False: the run never began, as with an open breaker, and takes no attempt.
  bool final = false;  // No use to try again.
};
Result<bool> Retry(SpaceWriter& tx, const Job& claimed, const Failure& failure);

// Removes a job, dead or not, that something else takes the place of. Nothing happens when there is none.
Status EraseJob(SpaceWriter& tx, std::string_view id);

// The wait before run `attempts` + 1.
int64_t RetryDelayMs(int32_t attempts, Random& random);

// For operators. RunNow makes a job due at once, with fresh attempts when it was dead.
Outcome RunNow(Engine& engine, const TenantRef& tenant, std::string_view id);
Outcome Discard(Engine& engine, const TenantRef& tenant, std::string_view id);

// Removes the row of a job whose tenant, and with it the job, is gone.
struct QueuePlace {
  schema::JobState state;
  int64_t run_at_ms;
  SpaceId space;
  std::string_view id;
};
Status DropOrphan(Engine& engine, const QueuePlace& place);
// Puts every job of a tenant into the queue again: after a restore only the jobs themselves are there.
Status QueueAll(Engine& engine, const TenantRef& tenant);
// The same for every job, dead ones too, at most `limit` of them; how many there were. Reads the whole queue.
Result<size_t> DropOrphans(Engine& engine, size_t limit);

// The queue of all tenants, soonest first; at most `limit`.
Result<std::vector<QueuedJob>> List(const ReadView& view, schema::JobState state, size_t limit);
Result<Job> Get(const ReadView& view, const TenantRef& tenant, std::string_view id);

// Jobs of all tenants. Counting stops at kDepthMax of each kind.
struct Depth {
  uint64_t queued = 0;
  uint64_t due = 0;  // Of the queued ones.
  uint64_t dead = 0;
};
inline constexpr uint64_t kDepthMax = 100'000;
Result<Depth> ReadDepth(const ReadView& view, int64_t now_unix_ms);

}  // namespace tenantry::jobs
