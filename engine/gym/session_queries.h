#pragma once
// Session queries: pages of sessions, of one gym or across all of them.
//
// Rules    order is start, then id. Rows are filtered before they are paged, so totals are true
//          (F24).
// Errors   kWouldBlock on the inline tier when an answer needs too many rows.
// Threads  any.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gym/local_day.h"
#include "engine/gym/session_parts.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {

// Discovery looks at this many gyms, the oldest first: a bound on the work of one anonymous
// request.
inline constexpr size_t kDiscoveryGymsMax = 1000;
// Discovery goes this deep into its merged order; pages beyond are empty.
inline constexpr uint64_t kDiscoveryRowsMax = 10'000;

// Lists that are not paged end here.
inline constexpr uint64_t kListRowsMax = 1000;

struct SessionFilter {
  std::optional<CivilDate> date;  // A whole day at the session's place.
  bool today = false;             // The day it is now at the session's place.
  std::optional<InstantRange> starts;
  std::optional<schema::GymDifficulty> difficulty;
  std::string category;     // Empty: any.
  std::string location_id;  // Empty: any.
  schema::GymSessionStatus status = schema::GymSessionStatus::SCHEDULED;
  bool available_only = false;  // Scheduled, starts later than now, has a free seat.
  int64_t now_ms = 0;
};

struct SessionPage {
  std::vector<Session> rows;
  uint64_t total = 0;
};
Result<SessionPage> ListSessions(const SpaceReader& space, const SessionFilter& filter,
                                 const Page& page);

// Whether a session passes what `filter` asks of its day, its type and its room; not its status,
// place or range.
class SessionMatcher {
 public:
  SessionMatcher(const SpaceReader& space, const SessionFilter& filter)
      : filter_(filter), cache_(space) {}
  Result<bool> Matches(const Session& session);

 private:
  Result<bool> MatchesType(const Session& session);
  Result<bool> MatchesDay(const Session& session);

  const SessionFilter& filter_;
  PartsCache cache_;
};

// The instants that hold every start which `filter` allows.
InstantRange StartsWithin(const SessionFilter& filter);
// By start, then id; keeps the first `wanted`.
void SortByStart(uint64_t wanted, std::vector<Session>* sessions);

// Scheduled sessions that start within so many days from now, for `upcoming`.
InstantRange Upcoming(int64_t now_ms, uint64_t days);

// A row of several gyms' sessions: which gym it came from.
struct DiscoveredSession {
  TenantRef tenant;
  Session session;
};
struct DiscoveryPage {
  std::vector<DiscoveredSession> rows;
  uint64_t total = 0;
};
// Collects from each gym and merges in order; `wanted` rows of each are enough.
using Collector = std::function<Result<SessionPage>(const SpaceReader& space, uint64_t wanted)>;
Result<DiscoveryPage> Discover(const ReadView& view, ReadTier tier, const Page& page,
                               const Collector& collect);
Result<DiscoveryPage> DiscoverSessions(const ReadView& view, const SessionFilter& filter,
                                       const Page& page, ReadTier tier);

// Active places of all gyms by name, at most kDiscoveryRowsMax.
Result<std::vector<Location>> DiscoverLocations(const ReadView& view, ReadTier tier);

}  // namespace tenantry::gym
