#include "engine/dump/restore.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/codec/text_view.h"
#include "engine/commands.h"
#include "engine/dump/dump_check.h"
#include "engine/dump/loader.h"
#include "engine/dump/reader.h"
#include "engine/keys/keys.h"
#include "engine/schema/directory.capnp.h"
#include "engine/space_meta.h"
#include "engine/tenant/directory.h"

namespace tenantry::dump {
namespace {

constexpr CommandInfo kMend{static_cast<uint16_t>(CommandKind::kRestoreLoad), "admin", ""};
constexpr CommandInfo kGiveUp{static_cast<uint16_t>(CommandKind::kReclaim), "system", "", true};

Status CompareAll(const ReadView& view, const RowSum& loaded) {
  const std::string own = keys::MetaKey(kDirectorySpace, keys::kAppliedIndexMeta);
  RowSum found;
  const std::unique_ptr<Cursor> rows = view.Rows("", std::string(9, '\xFF'));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (rows->key() != own) found.Add(rows->key(), rows->value());
  }
  TNT_RETURN_IF_ERROR(rows->status());
  return found == loaded ? Status::Ok() : Corruption("what was stored is not what was loaded");
}

// Meta rows of the directory with a prefix: the space they name, and their value.
Result<std::vector<std::pair<SpaceId, std::string>>> ListMetas(const ReadView& view,
                                                               std::string_view prefix) {
  const std::string start = keys::MetaKey(kDirectorySpace, prefix);
  std::vector<std::pair<SpaceId, std::string>> found;
  const std::unique_ptr<Cursor> rows = view.Rows(start, keys::PrefixEnd(start));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    const std::string_view space = rows->key().substr(start.size());
    if (space.size() == 8) found.emplace_back(LoadBig64(space.data()), std::string(rows->value()));
  }
  TNT_RETURN_IF_ERROR(rows->status());
  return found;
}

// Rows without an owner are left out: nobody could read or delete them.
Status NameOrphans(const LiveSpaces& spaces, const RestoreOptions& options) {
  const std::map<SpaceId, LiveSpaces::Orphan> orphans = spaces.Orphans();
  if (options.lost) {
    for (const auto& [space, orphan] : orphans) options.lost(DescribeLoss(space, orphan));
  }
  if (orphans.empty() || spaces.any_live()) return Status::Ok();
  return Corruption(
      "nothing of this dump can be brought back: it has lost the directory, which says whose the "
      "rows are; take another dump");
}

// What a salvaged dump may lack around tenants whose records it has: the row that makes a space alive, and the numbers of the
// next space and the next code, without which a new tenant would get those of another.
Status MendTenants(Engine& engine) {
  const auto plan = [](DirectoryTransaction& tx) -> Status {
    std::vector<codec::Stored<schema::Tenant>> tenants;
    TNT_RETURN_IF_ERROR(tx.ScanRecords<schema::Tenant>(
        {}, false, [&tenants](const codec::Stored<schema::Tenant>& tenant) {
          tenants.push_back(tenant);
          return true;
        }));
    TNT_ASSIGN_OR_RETURN(const std::optional<std::string> stored, tx.Meta(kNextSpaceMeta));
    const uint64_t before = stored && stored->size() == 8 ? LoadBig64(stored->data()) : 1;
    uint64_t next = before;
    for (const codec::Stored<schema::Tenant>& tenant : tenants) {
      const SpaceId space(tenant->getSpace());
      next = std::max(next, space.value() + 1);
      TNT_RETURN_IF_ERROR(tenant::NoteForeignCode(tx, codec::View(tenant->getCode())));
      const std::string key = AliveKey(space).substr(keys::kSpaceBytes);
      TNT_ASSIGN_OR_RETURN(const std::optional<std::string> alive, tx.GetRow(space, key));
      if (alive) continue;
      TNT_RETURN_IF_ERROR(tx.PutRow(space, key, AliveValue(false, tenant::IsSuspended(*tenant))));
    }
    if (next == before) return Status::Ok();
    std::string value;
    AppendBig64(&value, next);
    return tx.SetMeta(kNextSpaceMeta, value);
  };
  const Outcome outcome = engine.ExecuteDirectory(kMend, ReadTier::kBlocking, plan);
  TNT_RETURN_IF_ERROR(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return Status::Ok();
}

}  // namespace

Status GiveUpSpace(Engine& engine, std::string_view prefix, SpaceId space) {
  const Outcome outcome = engine.ExecuteDirectory(
      kGiveUp, ReadTier::kBlocking, [&](DirectoryTransaction& tx) -> Status {
        TNT_RETURN_IF_ERROR(tx.EraseMeta(SpaceMeta(prefix, space)));
        return tx.SetMeta(DroppedMeta(space), kDropped);
      });
  TNT_RETURN_IF_ERROR(outcome.status);
  engine.WaitReleased(outcome.release_index);
  return Status::Ok();
}

Result<CheckedDumps> CheckDumps(const std::vector<OpenDump>& dumps, const RestoreOptions& options) {
  CheckedDumps checked;
  Header before;
  for (size_t i = 0; i < dumps.size(); ++i) {
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, dumps[i]());
    DumpReader reader(*source);
    TNT_RETURN_IF_ERROR(reader.Open());
    const Header& header = reader.header();
    if (header.salvaged && !options.partial) {
      return InvalidArgument(
          "this dump was salvaged and lacks rows; --partial takes it all the same");
    }
    if (i == 0 && header.incremental()) {
      return InvalidArgument("this dump holds only what changed since " +
                             FormatPosition(header.since) + "; name the dumps before it first");
    }
    if (i > 0 && (header.since != before.position || header.cluster_id != before.cluster_id ||
                  header.tenant != before.tenant)) {
      return InvalidArgument("a dump of what changed since " + FormatPosition(header.since) +
                             " does not continue one that ends at " +
                             FormatPosition(before.position));
    }
    Block block;
    for (;;) {
      TNT_ASSIGN_OR_RETURN(const bool more, reader.NextBlock(&block));
      if (!more) break;
      checked.rows += block.head.rows;
      TNT_RETURN_IF_ERROR(checked.spaces.Look(i, block));
      if (options.report && !options.report("check", checked.rows, 0)) {
        return Unavailable("the restore was stopped");
      }
    }
    before = header;
    if (i == 0) checked.first = header;
  }
  return checked;
}

Status VisitDumps(const std::vector<OpenDump>& dumps, const VisitDump& visit) {
  for (size_t i = 0; i < dumps.size(); ++i) {
    TNT_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, dumps[i]());
    DumpReader reader(*source);
    TNT_RETURN_IF_ERROR(reader.Open());
    Block block;
    for (;;) {
      TNT_ASSIGN_OR_RETURN(const bool more, reader.NextBlock(&block));
      if (!more) break;
      TNT_ASSIGN_OR_RETURN(const bool go_on, visit(i, block));
      if (!go_on) break;
    }
  }
  return Status::Ok();
}

Status RestoreAll(Engine& engine, const std::vector<OpenDump>& dumps,
                  const RestoreOptions& options) {
  TNT_ASSIGN_OR_RETURN(const CheckedDumps checked, CheckDumps(dumps, options));
  if (!checked.first.tenant.empty()) return InvalidArgument("this is the dump of one tenant");
  TNT_RETURN_IF_ERROR(NameOrphans(checked.spaces, options));
  Loader loader(engine, options.gentle);
  uint64_t rows = 0;
  const auto load_block = [&](const Block& block) {
    const SpaceId space = block.head.space;
    const bool changes = block.head.kind == BlockKind::kEffects;
    return VisitRows(block, [&](bool put, std::string_view key, std::string_view value) {
      return changes ? loader.Change(space, put, key, value) : loader.Put(space, key, value);
    });
  };
  const auto load = [&](size_t dump, const Block& block) -> Result<bool> {
    // Never loaded rather than reclaimed afterwards: then the folder's log does not hold them either.
    if (checked.spaces.Wants(dump, block.head.space)) TNT_RETURN_IF_ERROR(load_block(block));
    rows += block.head.rows;
    if (options.report && !options.report("load", rows, checked.rows)) {
      return Unavailable("the restore was stopped");
    }
    return true;
  };
  TNT_RETURN_IF_ERROR(VisitDumps(dumps, load));
  TNT_RETURN_IF_ERROR(loader.Finish());
  // After changes the sum of what was put is not that of what is there.
  if (dumps.size() == 1) TNT_RETURN_IF_ERROR(CompareAll(engine.View(), loader.sum()));
  return options.partial ? MendTenants(engine) : Status::Ok();
}

Result<bool> ExpireReplaced(Engine& engine) {
  const auto replaced = ListMetas(engine.View(), kReplacedPrefix);
  TNT_RETURN_IF_ERROR(replaced.status());
  const int64_t now_ms = engine.clock().NowUnixMs();
  for (const auto& [space, value] : *replaced) {
    if (value.size() < 8 || static_cast<int64_t>(LoadBig64(value.data())) > now_ms) continue;
    TNT_RETURN_IF_ERROR(GiveUpSpace(engine, kReplacedPrefix, space));
    return true;
  }
  return false;
}

Status DropUnfinished(Engine& engine) {
  const auto loading = ListMetas(engine.View(), kLoadingPrefix);
  TNT_RETURN_IF_ERROR(loading.status());
  for (const auto& [space, value] : *loading) {
    TNT_RETURN_IF_ERROR(GiveUpSpace(engine, kLoadingPrefix, space));
  }
  return Status::Ok();
}

}  // namespace tenantry::dump
