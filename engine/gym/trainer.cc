#include "engine/gym/trainer.h"

#include <algorithm>
#include <set>

#include "engine/gym/members.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByTrainer = 8;

template <class T>
bool Contains(const std::vector<T>& values, T value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

Status AddSessions(const SpaceReader& space, const std::string& trainer_key,
                   const TrainerFilter& filter, std::vector<Session>* found) {
  size_t rows = 0;
  return space.ScanIndex<schema::GymSession>(
      {.index = kByTrainer, .equal = {std::string_view(trainer_key)}, .from = filter.from_ms},
      [&](const Session& session) {
        if (!Contains(filter.sessions, session->getStatus())) return true;
        found->push_back(session);
        return ++rows < filter.rows_max;
      });
}

Result<std::vector<Session>> TrainerSessions(const SpaceReader& space, const Member& trainer,
                                             const TrainerFilter& filter) {
  std::vector<Session> found;
  TNT_RETURN_IF_ERROR(
      AddSessions(space, TrainerKeyOfMember(View(trainer->getId())), filter, &found));
  if (trainer->getName().size() > 0) {
    TNT_RETURN_IF_ERROR(
        AddSessions(space, TrainerKeyOfName(View(trainer->getName())), filter, &found));
  }
  std::sort(found.begin(), found.end(), [](const Session& a, const Session& b) {
    if (a->getStartTime() != b->getStartTime()) return a->getStartTime() < b->getStartTime();
    return View(a->getId()) < View(b->getId());
  });
  if (found.size() > filter.rows_max) {
    found.erase(found.begin() + static_cast<ptrdiff_t>(filter.rows_max), found.end());
  }
  return found;
}

// `statuses` empty: all.
Result<std::vector<BookedMember>> BookedIn(const SpaceReader& space, const Session& session,
                                           const std::vector<schema::GymBookingStatus>& statuses) {
  TNT_ASSIGN_OR_RETURN(const std::vector<Booking> bookings, BookingsIn(space, session));
  std::vector<BookedMember> booked;
  for (const Booking& booking : bookings) {
    if (!statuses.empty() && !Contains(statuses, booking->getStatus())) continue;
    TNT_ASSIGN_OR_RETURN(Member member,
                         space.Get<schema::GymMember>({View(booking->getMemberId())}));
    booked.push_back({booking, std::move(member)});
  }
  return booked;
}

Result<Client> ClientNamed(const SpaceReader& space, const Member& member, int64_t now_ms) {
  Client client{member, {}, {}};
  TNT_ASSIGN_OR_RETURN(client.stats, StatsOf(space, View(member->getId()), now_ms));
  if (!client.stats.types.empty()) {
    TNT_ASSIGN_OR_RETURN(const SessionType type,
                         GetSessionType(space, client.stats.types.front().type_id));
    client.favorite_type = String(type->getName());
  }
  return client;
}

}  // namespace

Result<std::vector<Roster>> SessionsOfTrainer(const SpaceReader& space, const Member& trainer,
                                              const TrainerFilter& filter) {
  TNT_ASSIGN_OR_RETURN(const std::vector<Session> sessions,
                       TrainerSessions(space, trainer, filter));
  std::vector<Roster> rosters;
  PartsCache cache(space);
  for (const Session& session : sessions) {
    TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(session));
    TNT_ASSIGN_OR_RETURN(std::vector<BookedMember> booked,
                         BookedIn(space, session, filter.bookings));
    rosters.push_back({std::move(parts), std::move(booked)});
  }
  return rosters;
}

Result<Roster> RosterOf(const SpaceReader& space, std::string_view session_id) {
  PartsCache cache(space);
  TNT_ASSIGN_OR_RETURN(const Session session, cache.FindSession(session_id));
  TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(session));
  TNT_ASSIGN_OR_RETURN(std::vector<BookedMember> booked, BookedIn(space, session, {}));
  return Roster{std::move(parts), std::move(booked)};
}

Result<std::vector<Client>> ClientsOfTrainer(const SpaceReader& space, const Member& trainer,
                                             int64_t now_ms) {
  using SessionStatus = schema::GymSessionStatus;
  TNT_ASSIGN_OR_RETURN(
      const std::vector<Session> sessions,
      TrainerSessions(space, trainer,
                      {.sessions = {SessionStatus::SCHEDULED, SessionStatus::COMPLETED}}));
  std::set<std::string> ids;
  for (const Session& session : sessions) {
    TNT_ASSIGN_OR_RETURN(const std::vector<Booking> bookings, BookingsIn(space, session));
    for (const Booking& booking : bookings) {
      if (booking->getStatus() == schema::GymBookingStatus::CANCELLED) continue;
      ids.insert(String(booking->getMemberId()));
    }
  }
  std::vector<Client> clients;
  for (const std::string& id : ids) {
    TNT_ASSIGN_OR_RETURN(const std::optional<Member> member, FindMember(space, id));
    if (!member) continue;
    TNT_ASSIGN_OR_RETURN(Client client, ClientNamed(space, *member, now_ms));
    clients.push_back(std::move(client));
  }
  std::stable_sort(clients.begin(), clients.end(), [](const Client& a, const Client& b) {
    return a.stats.last_attended_ms.value_or(INT64_MIN) >
           b.stats.last_attended_ms.value_or(INT64_MIN);
  });
  return clients;
}

}  // namespace tenantry::gym
