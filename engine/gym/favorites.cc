#include "engine/gym/favorites.h"

#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByMember = 1;

}  // namespace

Done<Favorite> AddFavorite(const Scope& scope, std::string_view session_type_id) {
  return Run<Favorite>(
      scope, CommandKind::kGymFavoriteAdd, [&](Transaction& tx) -> Result<Favorite> {
        TNT_ASSIGN_OR_RETURN(SessionType type, GetSessionType(tx, session_type_id));
        TNT_ASSIGN_OR_RETURN(
            const std::optional<codec::Stored<schema::GymFavorite>> marked,
            tx.Find<schema::GymFavorite>({scope.actor.member_id, session_type_id}));
        if (!tx.trace().Check("favorite.not_marked_yet", !marked, {{"type", session_type_id}})) {
          return AlreadyExists("This session type already is a favorite");
        }
        codec::Draft<schema::GymFavorite> draft;
        draft->setId(Text(NewGymId(tx.random())));
        draft->setTenantId(Text(std::string(scope.tenant_id)));
        draft->setMemberId(Text(std::string(scope.actor.member_id)));
        draft->setSessionTypeId(Text(std::string(session_type_id)));
        draft->setCreatedAt(tx.now_unix_ms());
        TNT_RETURN_IF_ERROR(tx.Insert(draft));
        TNT_ASSIGN_OR_RETURN(codec::Stored<schema::GymFavorite> record, Freeze(draft));
        return Favorite{std::move(record), std::move(type)};
      });
}

Outcome RemoveFavorite(const Scope& scope, std::string_view session_type_id) {
  return scope.engine.Execute(
      scope.tenant, scope.Info(CommandKind::kGymFavoriteRemove), scope.tier,
      [&](Transaction& tx) -> Status {
        TNT_ASSIGN_OR_RETURN(
            const std::optional<codec::Stored<schema::GymFavorite>> marked,
            tx.Find<schema::GymFavorite>({scope.actor.member_id, session_type_id}));
        if (!tx.trace().Check("favorite.marked", marked.has_value(), {{"type", session_type_id}})) {
          return NotFound("Favorite with ID " + std::string(session_type_id) + " not found");
        }
        return tx.Erase(*marked);
      });
}

Result<std::vector<Favorite>> FavoritesOf(const SpaceReader& space, std::string_view member_id) {
  std::vector<codec::Stored<schema::GymFavorite>> records;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymFavorite>(
      {.index = kByMember, .equal = {member_id}, .reverse = true},
      [&](const codec::Stored<schema::GymFavorite>& record) {
        records.push_back(record);
        return true;
      }));
  std::vector<Favorite> found;
  PartsCache cache(space);
  for (const auto& record : records) {
    TNT_ASSIGN_OR_RETURN(SessionType type, cache.Type(View(record->getSessionTypeId())));
    found.push_back({record, std::move(type)});
  }
  return found;
}

}  // namespace tenantry::gym
