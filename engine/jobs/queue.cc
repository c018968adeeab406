#include "engine/jobs/queue.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "engine/codec/text_view.h"
#include "engine/commands.h"
#include "engine/tenant/directory.h"

namespace tenantry::jobs {
namespace {

using schema::JobState;

using codec::View;

constexpr size_t kQueuedPerEntry = 1000;

CommandInfo Info(CommandKind kind, bool frees_space = false) {
  return {static_cast<uint16_t>(kind), "jobs", "", frees_space};
}

Status PutInQueue(SpaceWriter& tx, const schema::Job::Reader& job) {
  codec::Draft<schema::QueuedJob> row;
  row->setState(job.getState());
  row->setRunAt(job.getRunAt());
  row->setSpace(static_cast<int64_t>(tx.space().value()));
  row->setId(job.getId());
  row->setKind(job.getKind());
  return tx.PutInDirectory(row);
}

Status EraseFromQueue(SpaceWriter& tx, const schema::Job::Reader& job) {
  return tx.EraseInDirectory<schema::QueuedJob>(
      {static_cast<int64_t>(job.getState()), job.getRunAt(),
       static_cast<int64_t>(tx.space().value()), View(job.getId())});
}

// Writes the job anew and moves its row.
Status Move(SpaceWriter& tx, const Job& before, const codec::Draft<schema::Job>& after) {
  TNT_RETURN_IF_ERROR(EraseFromQueue(tx, *before));
  TNT_RETURN_IF_ERROR(PutInQueue(tx, after.reader()));
  return tx.Update(before, after);
}

// The job as stored, when the claim still counts.
Result<std::optional<Job>> Current(SpaceWriter& tx, const Job& claimed) {
  TNT_ASSIGN_OR_RETURN(std::optional<Job> job, tx.Find<schema::Job>({View(claimed->getId())}));
  const bool mine = job && (*job)->getState() == JobState::QUEUED &&
                    (*job)->getAttempts() == claimed->getAttempts() &&
                    (*job)->getRunAt() == claimed->getRunAt();
  if (!mine) job.reset();
  return job;
}

Status NoSuchJob(std::string_view id) {
  return NotFound("Job with ID " + std::string(id) + " not found");
}

Result<Job> GetIn(const SpaceReader& space, std::string_view id) {
  Result<Job> job = space.Get<schema::Job>({id});
  if (!job.ok() && job.status().code() == StatusCode::kNotFound) return NoSuchJob(id);
  return job;
}

}  // namespace

Status QueueAll(Engine& engine, const TenantRef& tenant) {
  std::vector<Job> all;
  TNT_RETURN_IF_ERROR(engine.View()
                          .Space(tenant, ReadTier::kBlocking)
                          .ScanRecords<schema::Job>({}, false, [&all](const Job& job) {
                            all.push_back(job);
                            return true;
                          }));
  for (size_t from = 0; from < all.size(); from += kQueuedPerEntry) {
    const size_t until = std::min(all.size(), from + kQueuedPerEntry);
    const Outcome outcome =
        engine.Execute(tenant, Info(CommandKind::kRestoreLoad), ReadTier::kBlocking,
                       [&](Transaction& tx) -> Status {
                         for (size_t i = from; i < until; ++i) {
                           // What was finished meanwhile stays finished.
                           TNT_ASSIGN_OR_RETURN(const std::optional<Job> job,
                                                tx.Find<schema::Job>({View(all[i]->getId())}));
                           if (job) TNT_RETURN_IF_ERROR(PutInQueue(tx, **job));
                         }
                         return Status::Ok();
                       });
    TNT_RETURN_IF_ERROR(outcome.status);
    engine.WaitReleased(outcome.release_index);
  }
  return Status::Ok();
}

Result<std::string> Enqueue(SpaceWriter& tx, const NewJob& job) {
  const std::string id = NewUuid(tx.random());
  const int64_t now_ms = tx.now_unix_ms();
  codec::Draft<schema::Job> draft;
  draft->setId(id);
  draft->setKind(std::string(job.kind));
  draft->setPayload(job.payload);
  draft->setRunAt(now_ms + job.delay_ms);
  draft->setAttemptsMax(job.attempts_max);
  draft->setCreatedAt(now_ms);
  TNT_RETURN_IF_ERROR(tx.InsertFresh(draft));
  TNT_RETURN_IF_ERROR(PutInQueue(tx, draft.reader()));
  return id;
}

Result<std::optional<Claim>> TryClaim(Engine& engine, const TenantRef& tenant, std::string_view id,
                                      int64_t lease_ms) {
  std::optional<Job> claimed;
  const Outcome outcome = engine.Execute(
      tenant, Info(CommandKind::kJobClaim), ReadTier::kBlocking, [&](Transaction& tx) -> Status {
        claimed.reset();
        TNT_ASSIGN_OR_RETURN(const std::optional<Job> job, tx.Find<schema::Job>({id}));
        const int64_t now_ms = tx.now_unix_ms();
        const bool due =
            job && (*job)->getState() == JobState::QUEUED && (*job)->getRunAt() <= now_ms;
        if (!due) return Status::Ok();
        codec::Draft<schema::Job> after(*job);
        after->setAttempts((*job)->getAttempts() + 1);
        after->setRunAt(now_ms + lease_ms);
        TNT_RETURN_IF_ERROR(Move(tx, *job, after));
        TNT_ASSIGN_OR_RETURN(claimed, Job::Decode(after.Encode()));
        return Status::Ok();
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  if (!claimed) return std::optional<Claim>();
  return std::optional<Claim>(Claim{*std::move(claimed), tenant, outcome.release_index});
}

Result<bool> Complete(SpaceWriter& tx, const Job& claimed) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Job> job, Current(tx, claimed));
  if (!job) return false;
  TNT_RETURN_IF_ERROR(EraseFromQueue(tx, **job));
  TNT_RETURN_IF_ERROR(tx.Erase(*job));
  return true;
}

Status EraseJob(SpaceWriter& tx, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Job> job, tx.Find<schema::Job>({id}));
  if (!job) return Status::Ok();
  TNT_RETURN_IF_ERROR(EraseFromQueue(tx, **job));
  return tx.Erase(*job);
}

int64_t RetryDelayMs(int32_t attempts, Random& random) {
  int64_t longest = kRetryFirstMs;
  for (int32_t i = 1; i < attempts && longest < kRetryLongestMs; ++i) longest *= kRetryFactor;
  longest = std::min(longest, kRetryLongestMs);
  const int64_t half = longest / 2;
  return half + static_cast<int64_t>(random.Below(static_cast<uint64_t>(longest - half) + 1));
}

Result<bool> Retry(SpaceWriter& tx, const Job& claimed, const Failure& failure) {
  TNT_ASSIGN_OR_RETURN(const std::optional<Job> job, Current(tx, claimed));
  if (!job) return false;
  const int64_t now_ms = tx.now_unix_ms();
  const int32_t attempts = (*job)->getAttempts() - (failure.counts ? 0 : 1);
  const bool dead = failure.final || attempts >= (*job)->getAttemptsMax();
  codec::Draft<schema::Job> after(*job);
  after->setAttempts(attempts);
  after->setLastError(std::string(failure.error.substr(0, kErrorBytesMax)));
  after->setState(dead ? JobState::DEAD : JobState::QUEUED);
  after->setRunAt(
      dead ? now_ms
           : now_ms + failure.delay_ms.value_or(RetryDelayMs(std::max(attempts, 1), tx.random())));
  TNT_RETURN_IF_ERROR(Move(tx, *job, after));
  return true;
}

Outcome RunNow(Engine& engine, const TenantRef& tenant, std::string_view id) {
  return engine.Execute(tenant, Info(CommandKind::kJobRunNow), ReadTier::kBlocking,
                        [&](Transaction& tx) -> Status {
                          TNT_ASSIGN_OR_RETURN(const Job job, GetIn(tx, id));
                          codec::Draft<schema::Job> after(job);
                          if (job->getState() == JobState::DEAD) after->setAttempts(0);
                          after->setState(JobState::QUEUED);
                          after->setRunAt(tx.now_unix_ms());
                          return Move(tx, job, after);
                        });
}

Outcome Discard(Engine& engine, const TenantRef& tenant, std::string_view id) {
  return engine.Execute(tenant, Info(CommandKind::kJobDiscard, true), ReadTier::kBlocking,
                        [&](Transaction& tx) -> Status {
                          TNT_RETURN_IF_ERROR(GetIn(tx, id).status());
                          return EraseJob(tx, id);
                        });
}

Status DropOrphan(Engine& engine, const QueuePlace& place) {
  const Outcome outcome = engine.ExecuteDirectory(
      Info(CommandKind::kJobDiscard, true), ReadTier::kBlocking,
      [&](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(
            const std::optional<QueuedJob> row,
            tx.Find<schema::QueuedJob>({static_cast<int64_t>(place.state), place.run_at_ms,
                                        static_cast<int64_t>(place.space.value()), place.id}));
        return row ? tx.Erase(*row) : Status::Ok();
      });
  engine.WaitReleased(outcome.release_index);
  return outcome.status;
}

Result<size_t> DropOrphans(Engine& engine, size_t limit) {
  const ReadView view = engine.View();
  const SpaceReader directory = view.DirectorySpace(ReadTier::kBlocking);
  std::unordered_map<uint64_t, bool> gone;
  std::vector<QueuedJob> orphans;
  Status trouble;
  const auto look = [&](const QueuedJob& job) {
    const SpaceId space(static_cast<uint64_t>(job->getSpace()));
    const auto [found, fresh] = gone.try_emplace(space.value(), false);
    if (fresh) {
      const Status status =
          tenant::Directory::FindBySpace(view, space, ReadTier::kBlocking).status();
      found->second = status.code() == StatusCode::kNotFound;
      if (!status.ok() && !found->second) trouble = status;
    }
    if (found->second) orphans.push_back(job);
    return trouble.ok() && orphans.size() < limit;
  };
  for (const JobState state : {JobState::QUEUED, JobState::DEAD}) {
    if (orphans.size() >= limit) break;
    TNT_RETURN_IF_ERROR(
        directory.ScanRecords<schema::QueuedJob>({static_cast<int64_t>(state)}, false, look));
    TNT_RETURN_IF_ERROR(trouble);
  }
  for (const QueuedJob& job : orphans) {
    TNT_RETURN_IF_ERROR(
        DropOrphan(engine, {job->getState(), job->getRunAt(),
                            SpaceId(static_cast<uint64_t>(job->getSpace())), View(job->getId())}));
  }
  return orphans.size();
}

Result<std::vector<QueuedJob>> List(const ReadView& view, JobState state, size_t limit) {
  std::vector<QueuedJob> jobs;
  if (limit == 0) return jobs;
  TNT_RETURN_IF_ERROR(view.DirectorySpace(ReadTier::kBlocking)
                          .ScanRecords<schema::QueuedJob>({static_cast<int64_t>(state)}, false,
                                                          [&](const QueuedJob& job) {
                                                            jobs.push_back(job);
                                                            return jobs.size() < limit;
                                                          }));
  return jobs;
}

Result<Job> Get(const ReadView& view, const TenantRef& tenant, std::string_view id) {
  return GetIn(view.Space(tenant, ReadTier::kBlocking), id);
}

Result<Depth> ReadDepth(const ReadView& view, int64_t now_unix_ms) {
  Depth depth;
  const SpaceReader directory = view.DirectorySpace(ReadTier::kBlocking);
  const auto count = [&](JobState state, uint64_t* all, uint64_t* due) {
    return directory.ScanRecords<schema::QueuedJob>(
        {static_cast<int64_t>(state)}, false, [&, all, due](const QueuedJob& job) {
          ++*all;
          if (due != nullptr && job->getRunAt() <= now_unix_ms) ++*due;
          return *all < kDepthMax;
        });
  };
  TNT_RETURN_IF_ERROR(count(JobState::QUEUED, &depth.queued, &depth.due));
  TNT_RETURN_IF_ERROR(count(JobState::DEAD, &depth.dead, nullptr));
  return depth;
}

}  // namespace tenantry::jobs
