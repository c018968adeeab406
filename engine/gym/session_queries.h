#pragma once
// Session queries: pages of sessions, of one gym or across all of them.
//
// Rules    order is start, then id. Rows are filtered before they are paged, so totals are true
//          (F24).
// Errors   kWouldBlock on the inline tier when an answer needs too many rows.
// Threads  any.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time_format.h"
#include "engine/gym/session_parts.h"
#include "engine/tenant/directory.h"

namespace tenantry::gym {

// Discovery looks at this many gyms, the oldest first: a bound on the work of one anonymous
// request.
inline constexpr size_t kDiscoveryGymsMax = 1000;
// Discovery goes this deep into its merged order; pages beyond are empty.
inline constexpr uint64_t kDiscoveryRowsMax = 10'000;

struct SessionFilter {
  std::optional<CivilDate> date;  // A whole day at the session's place.
  std::string category;           // Empty: any.
  std::string location_id;        // Empty: any.
  schema::GymSessionStatus status = schema::GymSessionStatus::SCHEDULED;
  bool available_only = false;  // Scheduled, starts later than now, has a free seat.
  int64_t now_ms = 0;
};

struct Page {
  uint64_t number = 1;  // From 1.
  uint64_t limit = 20;
};

struct SessionPage {
  std::vector<Session> rows;
  uint64_t total = 0;
};
Result<SessionPage> ListSessions(const SpaceReader& space, const SessionFilter& filter,
                                 const Page& page);

// A row of several gyms' sessions: which gym it came from.
struct DiscoveredSession {
  TenantRef tenant;
  Session session;
};
struct DiscoveryPage {
  std::vector<DiscoveredSession> rows;
  uint64_t total = 0;
};
Result<DiscoveryPage> DiscoverSessions(const ReadView& view, const SessionFilter& filter,
                                       const Page& page, ReadTier tier);

// Active places of all gyms by name, at most kDiscoveryRowsMax.
Result<std::vector<Location>> DiscoverLocations(const ReadView& view, ReadTier tier);

}  // namespace tenantry::gym
