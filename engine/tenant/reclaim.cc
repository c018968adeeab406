#include "engine/tenant/reclaim.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/codec/text_view.h"
#include "engine/commands.h"
#include "engine/keyed_call.h"
#include "engine/schema/directory.capnp.h"
#include "engine/space_meta.h"
#include "engine/tenant/directory.h"

namespace tenantry::tenant {
namespace {

// Part of a millisecond of applying: whoever writes meanwhile waits for one of these.
constexpr size_t kRowsPerStep = 128;
constexpr size_t kAnswersPerStep = 500;  // Two rows each.
constexpr size_t kDirectoryRowsPerStep = 500;
constexpr CommandInfo kReclaim{static_cast<uint16_t>(CommandKind::kReclaim), "system", "", true};

// Asks the view first: most looks find nothing, and need no partition.
template <class Execute>
Result<bool> ReclaimAnswersWith(Engine& engine, const SpaceReader& space, const Execute& execute) {
  TNT_ASSIGN_OR_RETURN(const bool any, HasExpiredAnswers(space, engine.clock().NowUnixMs()));
  if (!any) return false;
  bool more = false;
  const Outcome outcome = execute([&more](SpaceWriter& tx) -> Status {
    TNT_ASSIGN_OR_RETURN(more, ReclaimAnswers(tx, kAnswersPerStep));
    return Status::Ok();
  });
  TNT_RETURN_IF_ERROR(outcome.status);
  return more;
}

using Reference = codec::Stored<schema::Reference>;
using Membership = codec::Stored<schema::EmailMembership>;

// Rows of the directory that lead to no tenant any more. A restore that is loading writes some before its tenant is there, so
// they may only be erased while there is none.
struct Orphans {
  std::vector<Reference> references;
  std::vector<Membership> memberships;
  size_t size() const { return references.size() + memberships.size(); }
};

Result<Orphans> FindOrphans(const ReadView& view) {
  Orphans orphans;
  const SpaceReader directory = view.DirectorySpace(ReadTier::kBlocking);
  std::unordered_map<uint64_t, bool> space_gone;
  TNT_RETURN_IF_ERROR(
      directory.ScanRecords<schema::Reference>({}, false, [&](const Reference& reference) {
        const auto [gone, fresh] = space_gone.try_emplace(reference->getSpace(), false);
        if (fresh) {
          const SpaceId space(reference->getSpace());
          const Status served = Directory::FindServed(view, space, ReadTier::kBlocking).status();
          gone->second = served.code() == StatusCode::kNotFound;
        }
        if (gone->second) orphans.references.push_back(reference);
        return orphans.size() < kDirectoryRowsPerStep;
      }));
  if (orphans.size() == kDirectoryRowsPerStep) return orphans;
  std::unordered_map<std::string, bool> tenant_gone;
  Status sound;
  TNT_RETURN_IF_ERROR(
      directory.ScanRecords<schema::EmailMembership>({}, false, [&](const Membership& membership) {
        const std::string_view id = codec::View(membership->getTenantId());
        const auto [gone, fresh] = tenant_gone.try_emplace(std::string(id), false);
        if (fresh) {
          const auto tenant = directory.Find<schema::Tenant>({id});
          if (!tenant.ok()) sound = tenant.status();
          gone->second = tenant.ok() && !tenant->has_value();
        }
        if (gone->second) orphans.memberships.push_back(membership);
        return sound.ok() && orphans.size() < kDirectoryRowsPerStep;
      }));
  TNT_RETURN_IF_ERROR(sound);
  return orphans;
}

// One step for the first dropped space: what names it, then its rows.
Status Reclaim(DirectoryTransaction& tx, const std::optional<Orphans>& orphans, bool* more,
               bool* wants_orphans) {
  *more = *wants_orphans = false;
  TNT_ASSIGN_OR_RETURN(const std::vector<SpaceId> dropped, tx.SpacesListed(kDroppedPrefix));
  if (dropped.empty()) return Status::Ok();
  const std::string mark = DroppedMeta(dropped.front());
  TNT_ASSIGN_OR_RETURN(const std::optional<std::string> state, tx.Meta(mark));
  if (state && state->starts_with(kDroppedUnnamed)) {
    *more = true;
    return tx.ReclaimSome(dropped.front(), kRowsPerStep).status();
  }
  TNT_ASSIGN_OR_RETURN(const std::vector<SpaceId> loading, tx.SpacesListed(kLoadingPrefix));
  if (!loading.empty()) return Status::Ok();  // Later.
  *more = true;
  *wants_orphans = !orphans.has_value();
  if (*wants_orphans) return Status::Ok();
  for (const Reference& row : orphans->references) TNT_RETURN_IF_ERROR(tx.Erase(row));
  for (const Membership& row : orphans->memberships) TNT_RETURN_IF_ERROR(tx.Erase(row));
  const bool all = orphans->size() < kDirectoryRowsPerStep;
  return all ? tx.SetMeta(mark, kDroppedUnnamed) : Status::Ok();
}

}  // namespace

Result<bool> ReclaimStep(Engine& engine) {
  bool more = false;
  std::optional<Orphans> orphans;
  for (bool again = true; again;) {
    const Outcome outcome = engine.ExecuteDirectory(
        kReclaim, ReadTier::kBlocking,
        [&](DirectoryTransaction& tx) { return Reclaim(tx, orphans, &more, &again); });
    TNT_RETURN_IF_ERROR(outcome.status);
    if (!again) break;
    // Looked for outside the command, because the whole directory is walked.
    TNT_ASSIGN_OR_RETURN(orphans, FindOrphans(engine.View()));
  }
  return more;
}

Result<bool> ReclaimAnswersStep(Engine& engine) {
  const SpaceReader space = engine.View().DirectorySpace(ReadTier::kBlocking);
  return ReclaimAnswersWith(engine, space, [&](const auto& plan) {
    return engine.ExecuteDirectory(kReclaim, ReadTier::kBlocking, plan);
  });
}

Result<bool> ReclaimAnswersStep(Engine& engine, const TenantRef& tenant) {
  const SpaceReader space = engine.View().Space(tenant, ReadTier::kBlocking);
  return ReclaimAnswersWith(engine, space, [&](const auto& plan) {
    return engine.Execute(tenant, kReclaim, ReadTier::kBlocking, plan);
  });
}

}  // namespace tenantry::tenant
