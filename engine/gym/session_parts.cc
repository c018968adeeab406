#include "engine/gym/session_parts.h"

#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

template <class T>
Result<T> Cached(std::map<std::string, T, std::less<>>* cache, const SpaceReader& space,
                 std::string_view id, Result<T> (*load)(const SpaceReader&, std::string_view)) {
  if (const auto found = cache->find(id); found != cache->end()) return found->second;
  TNT_ASSIGN_OR_RETURN(T loaded, load(space, id));
  cache->emplace(std::string(id), loaded);
  return loaded;
}

}  // namespace

Result<Session> GetSession(const SpaceReader& space, std::string_view id) {
  TNT_ASSIGN_OR_RETURN(std::optional<Session> session, space.Find<schema::GymSession>({id}));
  if (!session) return NotFound("Session instance with ID " + std::string(id) + " not found");
  return *std::move(session);
}

std::string TrainerKeyOfMember(std::string_view member_id) {
  return "id:" + std::string(member_id);
}

std::string TrainerKeyOfName(std::string_view name) {
  return "name:" + std::string(name);
}

std::string TrainerKeyOf(const schema::GymSession::Reader& session) {
  if (session.hasInstructorId()) return TrainerKeyOfMember(View(session.getInstructorId()));
  if (session.hasInstructor()) return TrainerKeyOfName(View(session.getInstructor()));
  return {};
}

Result<Session> PartsCache::FindSession(std::string_view id) {
  return Cached(&sessions_, space_, id, &GetSession);
}

Result<SessionType> PartsCache::Type(std::string_view id) {
  return Cached(&types_, space_, id, &GetSessionType);
}

Result<Location> PartsCache::Place(std::string_view id) {
  return Cached(&places_, space_, id, &GetLocation);
}

Result<SessionParts> PartsCache::Parts(const Session& session) {
  TNT_ASSIGN_OR_RETURN(SessionType type, Type(View(session->getSessionTypeId())));
  TNT_ASSIGN_OR_RETURN(Location place, Place(View(session->getLocationId())));
  return SessionParts{session, std::move(type), std::move(place)};
}

}  // namespace tenantry::gym
