#include "engine/gym/activity.h"

#include "engine/gym/local_day.h"
#include "engine/gym/text.h"

namespace tenantry::gym {
namespace {

// The index ends with the record's key, which begins with the member and then the time: so rows of
// one type are in order of time, and a time bounds them.
constexpr uint8_t kByMemberAndType = 1;

IndexRange OfType(std::string_view member_id, schema::GymEventType type) {
  return {.index = kByMemberAndType,
          .equal = {member_id, static_cast<int64_t>(type), member_id},
          .reverse = true};
}

}  // namespace

Result<std::vector<Event>> EventsOf(const SpaceReader& space, std::string_view member_id,
                                    std::optional<schema::GymEventType> type, uint64_t limit) {
  std::vector<Event> events;
  const auto keep = [&](const Event& event) {
    if (events.size() < limit) events.push_back(event);
    return events.size() < limit;
  };
  if (type) {
    TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymEvent>(OfType(member_id, *type), keep));
  } else {
    TNT_RETURN_IF_ERROR(space.ScanRecords<schema::GymEvent>({member_id}, true, keep));
  }
  return events;
}

Result<std::vector<Attendance>> AttendancesOf(const SpaceReader& space, std::string_view member_id,
                                              const AttendanceRange& range) {
  IndexRange rows = OfType(member_id, schema::GymEventType::CLASS_ATTENDANCE);
  if (range.first_day) rows.from = DayAnywhere(*range.first_day).from_ms;
  if (range.last_day) rows.until = DayAnywhere(*range.last_day).until_ms;
  std::vector<Event> events;
  TNT_RETURN_IF_ERROR(space.ScanIndex<schema::GymEvent>(rows, [&](const Event& event) {
    if (events.size() < range.limit) events.push_back(event);
    return events.size() < range.limit;
  }));
  std::vector<Attendance> found;
  PartsCache cache(space);
  for (const Event& event : events) {
    TNT_ASSIGN_OR_RETURN(const Session session,
                         cache.FindSession(View(event->getSessionInstanceId())));
    TNT_ASSIGN_OR_RETURN(SessionParts parts, cache.Parts(session));
    const CivilDate date = LocalDateOf(event->getCreatedAt(), View(parts.location->getTimezone()));
    const int64_t day = DaysFromCivil(date);
    if (range.first_day && day < DaysFromCivil(*range.first_day)) continue;
    if (range.last_day && day > DaysFromCivil(*range.last_day)) continue;
    found.push_back({date, event->getCreatedAt(), std::move(parts)});
  }
  return found;
}

}  // namespace tenantry::gym
