#include "replication/format_version.h"

#include "engine/commands.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::replication {
namespace {

constexpr int64_t kOnlyRow = 1;

}  // namespace

Result<uint32_t> ClusterFormatVersion(const Engine& engine) {
  const ReadView view = engine.View();
  TNT_ASSIGN_OR_RETURN(
      const auto row,
      view.DirectorySpace(ReadTier::kBlocking).Find<schema::ClusterFormat>({kOnlyRow}));
  return row ? static_cast<uint32_t>((*row)->getVersion()) : 1u;
}

Status RaiseClusterFormatVersion(Engine& engine, uint32_t version) {
  const CommandInfo info{static_cast<uint16_t>(CommandKind::kFormatFinalize), "admin", ""};
  const Outcome outcome = engine.ExecuteDirectory(
      info, ReadTier::kBlocking, [version](DirectoryTransaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(const auto row, tx.Find<schema::ClusterFormat>({kOnlyRow}));
        if (row && static_cast<uint32_t>((*row)->getVersion()) >= version) return Status::Ok();
        codec::Draft<schema::ClusterFormat> next;
        next->setId(kOnlyRow);
        next->setVersion(static_cast<int32_t>(version));
        next->setRaisedAt(tx.now_unix_ms());
        return row ? tx.Update(*row, next) : tx.Insert(next);
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return Status::Ok();
}

}  // namespace tenantry::replication
