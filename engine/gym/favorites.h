#pragma once
// Favorites: the session types a member marked.
//
// Errors   AddFavorite: kNotFound for an unknown type, kAlreadyExists when it is marked.
//          RemoveFavorite: kNotFound when it is not.
// Threads  any.

#include <string_view>
#include <vector>

#include "engine/gym/session_parts.h"

namespace tenantry::gym {

struct Favorite {
  codec::Stored<schema::GymFavorite> record;
  SessionType type;
};
// All of the actor's.
Done<Favorite> AddFavorite(const Scope& scope, std::string_view session_type_id);
Outcome RemoveFavorite(const Scope& scope, std::string_view session_type_id);
// Newest first.
Result<std::vector<Favorite>> FavoritesOf(const SpaceReader& space, std::string_view member_id);

}  // namespace tenantry::gym
