#include "engine/tenant/reclaim.h"

#include "engine/commands.h"
#include "engine/keyed_call.h"

namespace tenantry::tenant {
namespace {

// Below the effect limit of an entry, and a few milliseconds of applying.
constexpr size_t kRowsPerStep = 2000;
constexpr size_t kAnswersPerStep = 500;  // Two rows each.
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

}  // namespace

Result<bool> ReclaimStep(Engine& engine) {
  bool more = false;
  const Outcome outcome = engine.ExecuteDirectory(
      kReclaim, ReadTier::kBlocking, [&more](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const std::vector<SpaceId> dropped, tx.DroppedSpaces());
        more = !dropped.empty();
        if (!more) return Status::Ok();
        return tx.ReclaimSome(dropped.front(), kRowsPerStep).status();
      });
  TNT_RETURN_IF_ERROR(outcome.status);
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
