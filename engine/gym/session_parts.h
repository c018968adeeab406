#pragma once
// SessionParts: a session with the type and the place it names, and the small facts derived from
// its counters.
//
// Threads  a PartsCache belongs to one query or plan.
// Owns     records it loaded; borrows the space it reads.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gym/locations.h"
#include "engine/gym/session_types.h"
#include "engine/schema/annotations.capnp.h"

namespace tenantry::gym {

using Session = codec::Stored<schema::GymSession>;

struct SessionParts {
  Session session;
  SessionType type;
  Location location;
};

// Which part of a list is wanted.
struct Page {
  uint64_t number = 1;  // From 1.
  uint64_t limit = 20;
};
template <class T>
void KeepPage(const Page& page, std::vector<T>* rows) {
  const uint64_t skip = std::min<uint64_t>((page.number - 1) * page.limit, rows->size());
  rows->erase(rows->begin(), rows->begin() + static_cast<ptrdiff_t>(skip));
  if (rows->size() > page.limit) {
    rows->erase(rows->begin() + static_cast<ptrdiff_t>(page.limit), rows->end());
  }
}

// What an unlimited session shows as free.
inline constexpr int64_t kUnlimitedSpots = 9999;

inline bool IsUnlimited(const schema::GymSession::Reader& session) {
  return session.getCapacity() == schema::NULL_INT32;
}
inline bool HasRoom(const schema::GymSession::Reader& session) {
  return IsUnlimited(session) || session.getBookedCount() < session.getCapacity();
}
// Never negative.
inline int64_t AvailableSpots(const schema::GymSession::Reader& session) {
  if (IsUnlimited(session)) return kUnlimitedSpots;
  return std::max<int64_t>(0, int64_t{session.getCapacity()} - session.getBookedCount());
}

// Whose session it is: the named member, else whoever goes by the instructor's text (F53).
std::string TrainerKeyOf(const schema::GymSession::Reader& session);
std::string TrainerKeyOfMember(std::string_view member_id);
std::string TrainerKeyOfName(std::string_view name);

// Loads each session, type and place once.
class PartsCache {
 public:
  explicit PartsCache(const SpaceReader& space) : space_(space) {}

  // kNotFound with the text the contract fixes.
  Result<Session> FindSession(std::string_view id);
  Result<SessionType> Type(std::string_view id);
  Result<Location> Place(std::string_view id);
  Result<SessionParts> Parts(const Session& session);

 private:
  const SpaceReader& space_;
  std::map<std::string, Session, std::less<>> sessions_;
  std::map<std::string, SessionType, std::less<>> types_;
  std::map<std::string, Location, std::less<>> places_;
};

Result<Session> GetSession(const SpaceReader& space, std::string_view id);

}  // namespace tenantry::gym
