#include "engine/tenant/reclaim.h"

#include "engine/commands.h"

namespace tenantry::tenant {
namespace {

// Below the effect limit of an entry, and a few milliseconds of applying.
constexpr size_t kRowsPerStep = 2000;

}  // namespace

Result<bool> ReclaimStep(Engine& engine) {
  bool more = false;
  const Outcome outcome = engine.ExecuteDirectory(
      {static_cast<uint16_t>(CommandKind::kReclaim), "system", "", true}, ReadTier::kBlocking,
      [&more](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const std::vector<SpaceId> dropped, tx.DroppedSpaces());
        more = !dropped.empty();
        if (!more) return Status::Ok();
        return tx.ReclaimSome(dropped.front(), kRowsPerStep).status();
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  return more;
}

}  // namespace tenantry::tenant
