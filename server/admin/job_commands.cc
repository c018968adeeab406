#include "server/admin/job_commands.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/base/time_format.h"
#include "engine/jobs/queue.h"
#include "engine/tenant/directory.h"

namespace tenantry::server {
namespace {

using schema::JobState;

constexpr size_t kListDefault = 100;

AdminReply Failed(const Status& status) {
  return {ExitCodeOf(status), "", std::string(status.message())};
}

// What the tenant's own record knows more than the queue's row.
std::string DetailsOf(const ReadView& view, const jobs::QueuedJob& row) {
  const SpaceId space(static_cast<uint64_t>(row->getSpace()));
  const auto tenant = tenant::Directory::FindBySpace(view, space, ReadTier::kBlocking);
  if (!tenant.ok()) return "-\tthe tenant was deleted";
  const Result<jobs::Job> job = jobs::Get(view, *tenant, row->getId().cStr());
  if (!job.ok()) return "-\t" + std::string(job.status().message());
  return std::to_string((*job)->getAttempts()) + "/" + std::to_string((*job)->getAttemptsMax()) +
         "\t" + (*job)->getLastError().cStr();
}

AdminReply ListJobs(Engine& engine, const AdminRequest& request) {
  const std::string_view state = request.Argument("state");
  if (!state.empty() && state != "queued" && state != "dead") {
    return {kExitUsage, "", "--state must be queued or dead"};
  }
  size_t limit = kListDefault;
  if (const std::string_view text = request.Argument("limit"); !text.empty()) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || stop != text.data() + text.size()) {
      return {kExitUsage, "", "--limit must be a number"};
    }
  }
  const ReadView view = engine.View();
  const Result<jobs::Depth> depth = jobs::ReadDepth(view, engine.clock().NowUnixMs());
  if (!depth.ok()) return Failed(depth.status());
  AdminReply reply;
  reply.output = "queued " + std::to_string(depth->queued) + ", due " + std::to_string(depth->due) +
                 ", dead " + std::to_string(depth->dead) + "\n";
  for (const JobState each : {JobState::QUEUED, JobState::DEAD}) {
    const std::string_view name = each == JobState::QUEUED ? "queued" : "dead";
    if (!state.empty() && state != name) continue;
    const auto rows = jobs::List(view, each, limit);
    if (!rows.ok()) return Failed(rows.status());
    for (const jobs::QueuedJob& row : *rows) {
      reply.output += std::string(row->getId().cStr()) + "\t" + std::string(name) + "\tspace " +
                      std::to_string(row->getSpace()) + "\t" + row->getKind().cStr() + "\t" +
                      FormatInstant(row->getRunAt()) + "\t" + DetailsOf(view, row) + "\n";
    }
  }
  return reply;
}

// The queue's row of a job, in any state.
Result<jobs::QueuedJob> FindRow(const ReadView& view, std::string_view id) {
  for (const JobState state : {JobState::DEAD, JobState::QUEUED}) {
    TNT_ASSIGN_OR_RETURN(const auto rows, jobs::List(view, state, jobs::kDepthMax));
    const auto found = std::find_if(rows.begin(), rows.end(), [id](const jobs::QueuedJob& row) {
      return id == std::string_view(row->getId().cStr());
    });
    if (found != rows.end()) return *found;
  }
  return NotFound("no job " + std::string(id));
}

AdminReply ChangeJob(Engine& engine, const AdminRequest& request, bool discard) {
  const std::string_view id = request.Argument("id");
  if (id.empty()) return {kExitUsage, "", request.command + " needs --id"};
  const ReadView view = engine.View();
  const Result<jobs::QueuedJob> row = FindRow(view, id);
  if (!row.ok()) return Failed(row.status());
  const SpaceId space(static_cast<uint64_t>((*row)->getSpace()));
  const auto tenant = tenant::Directory::FindBySpace(view, space, ReadTier::kBlocking);
  if (!tenant.ok()) {
    if (!discard || tenant.status().code() != StatusCode::kNotFound) return Failed(tenant.status());
    const Status dropped =
        jobs::DropOrphan(engine, {(*row)->getState(), (*row)->getRunAt(), space, id});
    return dropped.ok() ? AdminReply{kExitOk, "discarded\n", ""} : Failed(dropped);
  }
  const Outcome outcome =
      discard ? jobs::Discard(engine, *tenant, id) : jobs::RunNow(engine, *tenant, id);
  if (!outcome.status.ok()) return Failed(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return {kExitOk, discard ? "discarded\n" : "due now\n", ""};
}

}  // namespace

AdminReply RunJobCommand(Engine& engine, const AdminRequest& request) {
  if (request.command == "jobs list") return ListJobs(engine, request);
  if (request.command == "jobs run") return ChangeJob(engine, request, false);
  if (request.command == "jobs retry") return ChangeJob(engine, request, false);
  if (request.command == "jobs discard") return ChangeJob(engine, request, true);
  return {kExitUsage, "", "this server does not know the command '" + request.command + "'"};
}

}  // namespace tenantry::server
