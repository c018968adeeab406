#include "engine/dump/live_spaces.h"

#include <utility>

#include "engine/codec/stored.h"
#include "engine/keys/keys.h"
#include "engine/schema/directory.capnp.h"

namespace tenantry::dump {

Status LiveSpaces::Look(size_t dump, const Block& block) {
  const SpaceId space = block.head.space;
  if (block.head.kind == BlockKind::kRows) {
    const auto [at, fresh] = first_dumps_.try_emplace(space, dump);
    const bool begins = std::exchange(at->second, dump) != dump || fresh;
    if (begins && space == kDirectorySpace) {
      tenants_.clear();
      live_.clear();
    }
  }
  if (space == kDirectorySpace) return LookAtDirectory(block);
  Orphan& seen = seen_[space];
  seen.tenant = block.head.tenant;
  seen.rows += block.head.rows;
  return Status::Ok();
}

Status LiveSpaces::LookAtDirectory(const Block& block) {
  static const std::string records =
      keys::RecordPrefix(kDirectorySpace, schema::CollectionOf<schema::Tenant>().number)
          .substr(keys::kSpaceBytes);
  return VisitRows(block, [this](bool put, std::string_view key, std::string_view value) -> Status {
    if (!key.starts_with(records)) return Status::Ok();
    Forget(key);
    if (!put) return Status::Ok();
    TNT_ASSIGN_OR_RETURN(const auto tenant, codec::Stored<schema::Tenant>::Decode(value));
    const SpaceId space(tenant->getSpace());
    tenants_.emplace(key, space);
    live_.insert(space);
    owned_.insert(space);
    return Status::Ok();
  });
}

void LiveSpaces::Forget(std::string_view key) {
  const auto found = tenants_.find(key);
  if (found == tenants_.end()) return;
  live_.erase(found->second);
  tenants_.erase(found);
}

std::map<SpaceId, LiveSpaces::Orphan> LiveSpaces::Orphans() const {
  std::map<SpaceId, Orphan> orphans = seen_;
  std::erase_if(orphans, [this](const auto& each) { return owned_.contains(each.first); });
  return orphans;
}

size_t LiveSpaces::FirstDump(SpaceId space) const {
  const auto found = first_dumps_.find(space);
  return found == first_dumps_.end() ? 0 : found->second;
}

bool LiveSpaces::Wants(size_t dump, SpaceId space) const {
  if (space == kDirectorySpace) return true;
  return dump >= FirstDump(space) && IsLive(space);
}

std::string DescribeOrphan(SpaceId space, const LiveSpaces::Orphan& orphan) {
  return "tenant " + orphan.tenant + " (space " + std::to_string(space.value()) + ", " +
         std::to_string(orphan.rows) + " rows)";
}

std::string DescribeLoss(SpaceId space, const LiveSpaces::Orphan& orphan) {
  return DescribeOrphan(space, orphan) +
         ": the dump has lost its record in the directory; take another dump of it";
}

}  // namespace tenantry::dump
