#include "engine/gym/member_stats.h"

#include <algorithm>

#include "engine/counters/bucket.h"
#include "engine/gym/events.h"
#include "engine/gym/local_day.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"

namespace tenantry::gym {
namespace {

using BookingStatus = schema::GymBookingStatus;
using StoredStats = codec::Stored<schema::GymMemberStats>;

constexpr uint8_t kBookingsByMember = 2;

// What "monthly activity" shows.
constexpr size_t kMonthsKept = 12;

struct Milestone {
  int32_t days;
  std::string_view name;
};
constexpr Milestone kMilestones[] = {
    {7, "Week Warrior"},   {14, "Fortnight Fighter"}, {30, "Monthly Master"},
    {50, "Golden Streak"}, {60, "Golden Streak"},     {100, "Century Champion"},
};

bool Holds(std::optional<BookingStatus> status) {
  return status && *status != BookingStatus::CANCELLED;
}

void CountStatus(schema::GymMemberStats::Builder stats, std::optional<BookingStatus> status,
                 int32_t delta) {
  if (!status) return;
  switch (*status) {
    case BookingStatus::ATTENDED:
      stats.setAttended(stats.getAttended() + delta);
      break;
    case BookingStatus::CANCELLED:
      stats.setCancelled(stats.getCancelled() + delta);
      break;
    case BookingStatus::NO_SHOW:
      stats.setNoShows(stats.getNoShows() + delta);
      break;
    case BookingStatus::CONFIRMED:
      break;
  }
}

void CountType(schema::GymMemberStats::Builder stats, std::string_view type_id, int32_t delta) {
  std::vector<std::pair<std::string, int32_t>> counts;
  bool found = false;
  for (const schema::GymTypeCount::Builder count : stats.getTypes()) {
    const bool same = View(count.asReader().getTypeId()) == type_id;
    found = found || same;
    counts.emplace_back(String(count.asReader().getTypeId()),
                        count.asReader().getCount() + (same ? delta : 0));
  }
  if (!found) counts.emplace_back(std::string(type_id), delta);
  std::erase_if(counts, [](const auto& count) { return count.second <= 0; });
  auto list = stats.initTypes(static_cast<unsigned>(counts.size()));
  for (unsigned i = 0; i < counts.size(); ++i) {
    list[i].setTypeId(Text(counts[i].first));
    list[i].setCount(counts[i].second);
  }
}

// Months come newest first.
void CountMonth(schema::GymMemberStats::Builder stats, int32_t month) {
  std::vector<std::pair<int32_t, int32_t>> counts;
  for (const schema::GymMonthCount::Builder count : stats.getMonths()) {
    counts.emplace_back(count.asReader().getMonth(), count.asReader().getCount());
  }
  const auto place = std::find_if(counts.begin(), counts.end(),
                                  [month](const auto& count) { return count.first <= month; });
  if (place != counts.end() && place->first == month) {
    ++place->second;
  } else {
    counts.insert(place, {month, 1});
  }
  if (counts.size() > kMonthsKept) counts.resize(kMonthsKept);
  auto list = stats.initMonths(static_cast<unsigned>(counts.size()));
  for (unsigned i = 0; i < counts.size(); ++i) {
    list[i].setMonth(counts[i].first);
    list[i].setCount(counts[i].second);
  }
}

int32_t DayOf(int64_t unix_ms, std::string_view zone) {
  return static_cast<int32_t>(DaysFromCivil(LocalDateOf(unix_ms, zone)));
}

// True when the run grew to a new length.
bool ExtendRun(schema::GymMemberStats::Builder stats, int64_t now_ms, std::string_view zone) {
  const int32_t day = DayOf(now_ms, zone);
  const bool first = !stats.getAttends();
  stats.setAttends(true);
  stats.setLastAttendedAt(now_ms);
  stats.setLastZone(Text(std::string(zone)));
  // A place further west can still have the day before: nothing new.
  if (!first && day <= stats.getLastDay()) return false;
  stats.setRun(!first && day == stats.getLastDay() + 1 ? stats.getRun() + 1 : 1);
  stats.setLongestRun(std::max(stats.getLongestRun(), stats.getRun()));
  stats.setLastDay(day);
  return true;
}

Status AppendMilestone(SpaceWriter& tx, const BookingChange& change, int32_t run) {
  const auto* reached =
      std::find_if(std::begin(kMilestones), std::end(kMilestones),
                   [run](const Milestone& milestone) { return milestone.days == run; });
  if (reached == std::end(kMilestones)) return Status::Ok();
  return AppendEvent(
      tx, {.tenant_id = change.tenant_id,
           .member_id = change.member_id,
           .session_id = View(change.session.session->getId()),
           .type = schema::GymEventType::STREAK_MILESTONE,
           .metadata = StreakMilestoneMetadata(reached->days, reached->name, tx.now_unix_ms()),
           .place = 1});
}

}  // namespace

Status CountBooking(SpaceWriter& tx, const BookingChange& change) {
  TNT_ASSIGN_OR_RETURN(const std::optional<StoredStats> before,
                       tx.Find<schema::GymMemberStats>({change.member_id}));
  codec::Draft<schema::GymMemberStats> after = before
                                                   ? codec::Draft<schema::GymMemberStats>(*before)
                                                   : codec::Draft<schema::GymMemberStats>();
  if (!before) after->setMemberId(Text(std::string(change.member_id)));
  if (!change.before) after->setBookings(after->getBookings() + 1);
  CountStatus(*after, change.before, -1);
  CountStatus(*after, change.after, +1);
  if (Holds(change.before) != Holds(change.after)) {
    CountType(*after, View(change.session.type->getId()), Holds(change.after) ? +1 : -1);
  }
  if (change.after == BookingStatus::ATTENDED && change.before != BookingStatus::ATTENDED) {
    const int64_t now_ms = tx.now_unix_ms();
    const int64_t month = counters::MonthOf(now_ms);
    CountMonth(*after, static_cast<int32_t>(month));
    if (ExtendRun(*after, now_ms, View(change.session.location->getTimezone()))) {
      TNT_RETURN_IF_ERROR(AppendMilestone(tx, change, after->getRun()));
    }
    TNT_RETURN_IF_ERROR(AddToTotal(tx, kTotalAttended, month, +1));
  }
  return before ? tx.Update(*before, after) : tx.Insert(after);
}

Status RebuildStats(Transaction& tx, std::string_view member_id) {
  std::vector<codec::Stored<schema::GymBooking>> bookings;
  TNT_RETURN_IF_ERROR(tx.ScanIndex<schema::GymBooking>(
      {.index = kBookingsByMember, .equal = {member_id}},
      [&bookings](const codec::Stored<schema::GymBooking>& booking) {
        bookings.push_back(booking);
        return true;
      }));
  TNT_ASSIGN_OR_RETURN(const std::optional<StoredStats> before,
                       tx.Find<schema::GymMemberStats>({member_id}));
  if (bookings.empty()) return before ? tx.Erase(*before) : Status::Ok();
  // Runs of days are counted in the order of the days; what was not attended comes first, at null.
  std::stable_sort(bookings.begin(), bookings.end(), [](const auto& a, const auto& b) {
    return a->getAttendedAt() < b->getAttendedAt();
  });
  codec::Draft<schema::GymMemberStats> after;
  after->setMemberId(Text(std::string(member_id)));
  PartsCache parts(tx);
  for (const codec::Stored<schema::GymBooking>& booking : bookings) {
    TNT_ASSIGN_OR_RETURN(const Session session,
                         parts.FindSession(View(booking->getSessionInstanceId())));
    after->setBookings(after->getBookings() + 1);
    CountStatus(*after, booking->getStatus(), +1);
    if (Holds(booking->getStatus())) CountType(*after, View(session->getSessionTypeId()), +1);
    if (booking->getStatus() != BookingStatus::ATTENDED) continue;
    TNT_ASSIGN_OR_RETURN(const Location place, parts.Place(View(session->getLocationId())));
    CountMonth(*after, static_cast<int32_t>(counters::MonthOf(booking->getAttendedAt())));
    ExtendRun(*after, booking->getAttendedAt(), View(place->getTimezone()));
  }
  if (!before) return tx.Insert(after);
  return before->bytes() == after.Encode() ? Status::Ok() : tx.Update(*before, after);
}

int64_t MemberStats::attendance_percent() const {
  const int64_t decided = attended + no_shows;
  return decided == 0 ? 0 : (attended * 100 + decided / 2) / decided;
}

MemberStats StatsAt(const schema::GymMemberStats::Reader& stored, int64_t now_ms) {
  MemberStats stats;
  stats.bookings = stored.getBookings();
  stats.attended = stored.getAttended();
  stats.cancelled = stored.getCancelled();
  stats.no_shows = stored.getNoShows();
  stats.longest_streak = stored.getLongestRun();
  if (stored.getAttends()) {
    stats.last_attended_ms = stored.getLastAttendedAt();
    const int32_t today = DayOf(now_ms, View(stored.getLastZone()));
    if (stored.getLastDay() >= today - 1) stats.current_streak = stored.getRun();
  }
  for (const schema::GymTypeCount::Reader count : stored.getTypes()) {
    stats.types.push_back({String(count.getTypeId()), count.getCount()});
  }
  std::stable_sort(
      stats.types.begin(), stats.types.end(),
      [](const MemberStats::Count& a, const MemberStats::Count& b) { return a.count > b.count; });
  for (const schema::GymMonthCount::Reader count : stored.getMonths()) {
    stats.months.push_back({count.getMonth(), count.getCount()});
  }
  return stats;
}

Result<MemberStats> StatsOf(const SpaceReader& space, std::string_view member_id, int64_t now_ms) {
  TNT_ASSIGN_OR_RETURN(const std::optional<StoredStats> stored,
                       space.Find<schema::GymMemberStats>({member_id}));
  return stored ? StatsAt(**stored, now_ms) : MemberStats();
}

Status EraseStats(SpaceWriter& tx, std::string_view member_id) {
  TNT_ASSIGN_OR_RETURN(const std::optional<StoredStats> stored,
                       tx.Find<schema::GymMemberStats>({member_id}));
  return stored ? tx.Erase(*stored) : Status::Ok();
}

}  // namespace tenantry::gym
