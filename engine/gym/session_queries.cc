#include "engine/gym/session_queries.h"

#include <algorithm>
#include <limits>

#include "engine/gym/room_count.h"
#include "engine/gym/text.h"
#include "engine/read_recorder.h"

namespace tenantry::gym {
namespace {

constexpr uint8_t kByStatus = 1;
constexpr uint8_t kByPlaceAndStatus = 3;
constexpr uint8_t kByTypeAndStatus = 4;
constexpr uint8_t kWithRoom = 5;
constexpr uint8_t kWithRoomByPlace = 6;

// With a change of clocks; one of more than an hour is unheard of.
constexpr int64_t kLongestDayMs = int64_t{26} * 3'600'000;

bool StartsEarlier(const Session& a, const Session& b) {
  if (a->getStartTime() != b->getStartTime()) return a->getStartTime() < b->getStartTime();
  return View(a->getId()) < View(b->getId());
}

// The index ranges that hold every match, and whether they hold nothing else.
struct Search {
  std::vector<IndexRange> ranges;
  bool exact = true;
};

// By place when one is named, else by the types of the category, else by status. `types` keeps the
// texts that ranges view.
Search PlanSearch(const SessionFilter& filter, const std::vector<SessionType>& types) {
  const int64_t status = static_cast<int64_t>(filter.status);
  const std::string_view place = filter.location_id;
  Search search;
  search.exact = !filter.date && !filter.today && !filter.difficulty;
  if (!place.empty()) {
    search.exact = search.exact && filter.category.empty();
    if (filter.available_only) {
      search.ranges.push_back({.index = kWithRoomByPlace, .equal = {place}});
    } else {
      search.ranges.push_back({.index = kByPlaceAndStatus, .equal = {place, status}});
    }
  } else if (!filter.category.empty()) {
    search.exact = search.exact && !filter.available_only;
    for (const SessionType& type : types) {
      search.ranges.push_back({.index = kByTypeAndStatus, .equal = {View(type->getId()), status}});
    }
  } else if (filter.available_only) {
    search.ranges.push_back({.index = kWithRoom});
  } else {
    search.ranges.push_back({.index = kByStatus, .equal = {status}});
  }
  const InstantRange starts = StartsWithin(filter);
  for (IndexRange& range : search.ranges) {
    range.from = starts.from_ms;
    range.until = starts.until_ms;
  }
  return search;
}

// The first `wanted` matches and how many there are. When the index alone decides and is in order,
// rows beyond the wanted ones are counted by key only, or not looked at when counters know.
Result<SessionPage> Collect(const SpaceReader& space, const SessionFilter& filter,
                            uint64_t wanted) {
  std::vector<SessionType> types;
  if (!filter.category.empty() && filter.location_id.empty()) {
    for (const bool active : {true, false}) {
      TNT_ASSIGN_OR_RETURN(const std::vector<SessionType> some,
                           ListSessionTypes(space, {active, filter.category}));
      types.insert(types.end(), some.begin(), some.end());
    }
  }
  const Search search = PlanSearch(filter, types);
  const bool in_order = search.ranges.size() == 1;
  const bool counted = in_order && search.exact && filter.available_only && !filter.starts;
  SessionMatcher matcher(space, filter);
  SessionPage found;
  Status failed;
  // What can be booked only shrinks as sessions start. The first match is looked at in any case,
  // because it is the next to start.
  if (filter.available_only) ReadRecorder::AnswerChangesAt(ReadRecorder::kNever);
  const auto visit = [&](std::string_view primary_key) {
    if (in_order && search.exact && found.total > 0 && found.rows.size() >= wanted) {
      ++found.total;
      return !counted;
    }
    std::string id;
    if (!keys::TakeText(&primary_key, &id)) {
      failed = Corruption("a session index row does not split");
      return false;
    }
    Result<Session> session = GetSession(space, id);
    if (filter.available_only && session.ok()) {
      ReadRecorder::AnswerChangesAt((*session)->getStartTime());
    }
    Result<bool> matches = session.ok() ? matcher.Matches(*session) : session.status();
    if (!matches.ok()) {
      failed = matches.status();
      return false;
    }
    if (!*matches) return true;
    ++found.total;
    if (!in_order || found.rows.size() < wanted) found.rows.push_back(*std::move(session));
    return true;
  };
  for (const IndexRange& range : search.ranges) {
    TNT_RETURN_IF_ERROR(
        space.ScanIndexKeys(schema::CollectionOf<schema::GymSession>(), range, visit));
    TNT_RETURN_IF_ERROR(failed);
  }
  if (counted) {
    TNT_ASSIGN_OR_RETURN(found.total, RoomAfter(space, filter.location_id, filter.now_ms));
  }
  if (!in_order) SortByStart(wanted, &found.rows);
  return found;
}

Result<std::vector<tenant::TenantEntry>> Gyms(const ReadView& view, ReadTier tier) {
  TNT_ASSIGN_OR_RETURN(std::vector<tenant::TenantEntry> gyms,
                       tenant::Directory::List(view, schema::TenantKind::GYM, tier));
  if (gyms.size() > kDiscoveryGymsMax) {
    gyms.erase(gyms.begin() + static_cast<ptrdiff_t>(kDiscoveryGymsMax), gyms.end());
  }
  return gyms;
}

// Each gym has its own reader and with it its own count of rows; the loop's limit holds for the
// sum.
Status ChargeDiscovery(const SpaceReader& space, uint64_t* rows) {
  *rows += space.rows_read();
  if (space.tier() == ReadTier::kInline && *rows > kInlineRowsMax) return WouldBlock();
  return Status::Ok();
}

}  // namespace

InstantRange StartsWithin(const SessionFilter& filter) {
  InstantRange wide{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  const auto narrow = [&wide](const InstantRange& by) {
    wide.from_ms = std::max(wide.from_ms, by.from_ms);
    wide.until_ms = std::min(wide.until_ms, by.until_ms);
  };
  if (filter.date) narrow(DayAnywhere(*filter.date));
  if (filter.today) narrow({filter.now_ms - kLongestDayMs, filter.now_ms + kLongestDayMs});
  if (filter.starts) narrow(*filter.starts);
  if (filter.available_only) wide.from_ms = std::max(wide.from_ms, filter.now_ms + 1);
  return wide;
}

void SortByStart(uint64_t wanted, std::vector<Session>* sessions) {
  std::sort(sessions->begin(), sessions->end(), StartsEarlier);
  if (sessions->size() > wanted) {
    sessions->erase(sessions->begin() + static_cast<ptrdiff_t>(wanted), sessions->end());
  }
}

Result<bool> SessionMatcher::MatchesType(const Session& session) {
  if (filter_.category.empty() && !filter_.difficulty) return true;
  TNT_ASSIGN_OR_RETURN(const SessionType type, cache_.Type(View(session->getSessionTypeId())));
  if (!filter_.category.empty() && View(type->getCategory()) != filter_.category) return false;
  return !filter_.difficulty || type->getDifficulty() == *filter_.difficulty;
}

Result<bool> SessionMatcher::MatchesDay(const Session& session) {
  if (!filter_.date && !filter_.today) return true;
  TNT_ASSIGN_OR_RETURN(const Location place, cache_.Place(View(session->getLocationId())));
  const std::string_view zone = View(place->getTimezone());
  const int64_t start_ms = session->getStartTime();
  if (filter_.date && !LocalDay(*filter_.date, zone).Contains(start_ms)) return false;
  return !filter_.today || LocalDay(LocalDateOf(filter_.now_ms, zone), zone).Contains(start_ms);
}

Result<bool> SessionMatcher::Matches(const Session& session) {
  if (filter_.available_only && !session->getHasRoom()) return false;
  TNT_ASSIGN_OR_RETURN(const bool type, MatchesType(session));
  if (!type) return false;
  return MatchesDay(session);
}

InstantRange Upcoming(int64_t now_ms, uint64_t days) {
  constexpr int64_t kDayMs = 86'400'000;
  return {now_ms, now_ms + static_cast<int64_t>(days) * kDayMs + 1};
}

Result<SessionPage> ListSessions(const SpaceReader& space, const SessionFilter& filter,
                                 const Page& page) {
  TNT_ASSIGN_OR_RETURN(SessionPage found, Collect(space, filter, page.number * page.limit));
  KeepPage(page, &found.rows);
  return found;
}

Result<DiscoveryPage> Discover(const ReadView& view, ReadTier tier, const Page& page,
                               const Collector& collect) {
  TNT_ASSIGN_OR_RETURN(const std::vector<tenant::TenantEntry> gyms, Gyms(view, tier));
  const uint64_t wanted = page.number * page.limit;
  DiscoveryPage found;
  uint64_t rows_read = 0;
  for (const tenant::TenantEntry& gym : gyms) {
    const SpaceReader space = view.Space(gym.ref, tier);
    TNT_ASSIGN_OR_RETURN(const SessionPage some,
                         collect(space, wanted <= kDiscoveryRowsMax ? wanted : 0));
    TNT_RETURN_IF_ERROR(ChargeDiscovery(space, &rows_read));
    found.total += some.total;
    for (const Session& session : some.rows) found.rows.push_back({gym.ref, session});
  }
  std::sort(found.rows.begin(), found.rows.end(),
            [](const DiscoveredSession& a, const DiscoveredSession& b) {
              return StartsEarlier(a.session, b.session);
            });
  KeepPage(page, &found.rows);
  return found;
}

Result<DiscoveryPage> DiscoverSessions(const ReadView& view, const SessionFilter& filter,
                                       const Page& page, ReadTier tier) {
  return Discover(view, tier, page, [&filter](const SpaceReader& space, uint64_t wanted) {
    return Collect(space, filter, wanted);
  });
}

Result<std::vector<Location>> DiscoverLocations(const ReadView& view, ReadTier tier) {
  TNT_ASSIGN_OR_RETURN(const std::vector<tenant::TenantEntry> gyms, Gyms(view, tier));
  std::vector<Location> found;
  uint64_t rows_read = 0;
  for (const tenant::TenantEntry& gym : gyms) {
    const SpaceReader space = view.Space(gym.ref, tier);
    TNT_ASSIGN_OR_RETURN(const std::vector<Location> some,
                         ListLocations(space, kDiscoveryRowsMax - found.size()));
    TNT_RETURN_IF_ERROR(ChargeDiscovery(space, &rows_read));
    found.insert(found.end(), some.begin(), some.end());
  }
  std::stable_sort(found.begin(), found.end(), [](const Location& a, const Location& b) {
    return View(a->getName()) < View(b->getName());
  });
  return found;
}

}  // namespace tenantry::gym
