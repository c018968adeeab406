// What happens inside one gym: places, types, sessions, bookings and what hangs on them.

#include <algorithm>

#include "engine/counters/bucket.h"
#include "engine/gym/local_day.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/names.h"
#include "engine/gym/room_count.h"
#include "engine/gym/session_change.h"
#include "engine/gym/text.h"
#include "engine/gym/totals.h"
#include "engine/porting/gym_import.h"
#include "engine/porting/row_record.h"
#include "engine/schema/annotations.capnp.h"

namespace tenantry::porting {
namespace {

using gym::Text;
using gym::View;
using BookingStatus = schema::GymBookingStatus;

constexpr uint8_t kByMemberAndSession = 1;

constexpr ColumnField kLocationColumns[] = {
    {"LOC_ID", "id"},
    {"LOC_TENANT_ID", "tenantId"},
    {"LOC_NAME", "name"},
    {"LOC_ADDRESS", "address"},
    {"LOC_STREET_NUMBER", "streetNumber"},
    {"LOC_STREET_NAME", "streetName"},
    {"LOC_CITY", "city"},
    {"LOC_COUNTY", "county"},
    {"LOC_PROVINCE", "province"},
    {"LOC_POSTAL_CODE", "postalCode"},
    {"LOC_COUNTRY", "country"},
    {"LOC_LATITUDE", "latitude"},
    {"LOC_LONGITUDE", "longitude"},
    {"LOC_ELEVATION", "elevation"},
    {"LOC_CAPACITY", "capacity"},
    {"LOC_TYPE", "locationType"},
    {"LOC_TIMEZONE", "timezone"},
    {"LOC_REQUIRES_WEATHER", "requiresWeatherCheck"},
    {"LOC_WEATHER_ALERT", "weatherAlertEnabled"},
    {"LOC_CORPORATE_ID", "corporateId"},
    {"LOC_BUILDING_NAME", "buildingName"},
    {"LOC_FLOOR", "floor"},
    {"LOC_ROOM_NUMBER", "roomNumber"},
    {"LOC_ACCESS_INSTRUCTIONS", "accessInstructions"},
    {"LOC_AMENITIES", "amenities"},
    {"LOC_EQUIPMENT", "equipment"},
    {"LOC_SERVICES", "services"},
    {"LOC_DESCRIPTION", "description"},
    {"LOC_PHOTOS", "photos"},
    {"LOC_OPERATING_HOURS", "operatingHours"},
    {"LOC_IS_ACTIVE", "isActive"},
    {"LOC_CREATED_AT", "createdAt"},
    {"LOC_UPDATED_AT", "updatedAt"},
};

constexpr ColumnField kTypeColumns[] = {
    {"STY_ID", "id"},
    {"STY_TENANT_ID", "tenantId"},
    {"STY_NAME", "name"},
    {"STY_DESCRIPTION", "description"},
    {"STY_DURATION_MIN", "durationMin"},
    {"STY_CATEGORY", "category"},
    {"STY_MAX_CAPACITY", "maxCapacity"},
    {"STY_DIFFICULTY", "difficulty"},
    {"STY_IS_OUTDOOR", "isOutdoor"},
    {"STY_REQUIRES_WEATHER", "requiresWeather"},
    {"STY_WEATHER_CONDITIONS", "weatherConditions"},
    {"STY_TEMP_MIN", "temperatureMin"},
    {"STY_TEMP_MAX", "temperatureMax"},
    {"STY_EQUIPMENT", "equipmentRequired"},
    {"STY_FITNESS_LEVEL", "fitnessLevel"},
    {"STY_CORPORATE_APPROVED", "corporateApproved"},
    {"STY_CREDIT_POINTS", "creditPoints"},
    {"STY_IS_ACTIVE", "isActive"},
    {"STY_CREATED_AT", "createdAt"},
    {"STY_UPDATED_AT", "updatedAt"},
};

constexpr ColumnField kSessionColumns[] = {
    {"SIN_ID", "id"},
    {"SIN_TENANT_ID", "tenantId"},
    {"SIN_SESSION_TYPE_ID", "sessionTypeId"},
    {"SIN_LOCATION_ID", "locationId"},
    {"SIN_START_TIME", "startTime"},
    {"SIN_END_TIME", "endTime"},
    {"SIN_CAPACITY", "capacity"},
    {"SIN_STATUS", "status"},
    {"SIN_INSTRUCTOR", "instructor"},
    {"SIN_NOTES", "notes"},
    {"SIN_WEATHER_CHECKED", "weatherChecked"},
    {"SIN_WEATHER_DATA", "weatherData"},
    {"SIN_WEATHER_CHECKED_AT", "weatherCheckedAt"},
    {"SIN_WEATHER_ALERT_SENT", "weatherAlertSent"},
    {"SIN_MEETING_POINT", "meetingPoint"},
    {"SIN_ROUTE_DETAILS", "routeDetails"},
    {"SIN_ALTERNATIVE_VENUE", "alternativeVenue"},
    {"SIN_CORPORATE_ID", "corporateSessionId"},
    {"SIN_POINTS_AWARDED", "pointsAwarded"},
    {"SIN_CREATED_AT", "createdAt"},
    {"SIN_UPDATED_AT", "updatedAt"},
};

constexpr ColumnField kBookingColumns[] = {
    {"BOK_ID", "id"},
    {"BOK_TENANT_ID", "tenantId"},
    {"BOK_MEMBER_ID", "memberId"},
    {"BOK_SESSION_INSTANCE_ID", "sessionInstanceId"},
    {"BOK_STATUS", "status"},
    {"BOK_BOOKED_AT", "bookedAt"},
    {"BOK_ATTENDED_AT", "attendedAt"},
    {"BOK_CANCELLED_AT", "cancelledAt"},
    {"BOK_NOTES", "notes"},
    {"BOK_CREATED_AT", "createdAt"},
    {"BOK_UPDATED_AT", "updatedAt"},
};

constexpr ColumnField kEventColumns[] = {
    {"MVE_ID", "id"},
    {"MVE_TENANT_ID", "tenantId"},
    {"MVE_MEMBER_ID", "memberId"},
    {"MVE_SESSION_INSTANCE_ID", "sessionInstanceId"},
    {"MVE_TYPE", "type"},
    {"MVE_METADATA", "metadata"},
    {"MVE_CREATED_AT", "createdAt"},
};

constexpr ColumnField kFavoriteColumns[] = {
    {"FAV_ID", "id"},
    {"FAV_TENANT_ID", "tenantId"},
    {"FAV_MEMBER_ID", "memberId"},
    {"FAV_SESSION_TYPE_ID", "sessionTypeId"},
    {"FAV_CREATED_AT", "createdAt"},
};

constexpr ColumnField kPlanColumns[] = {
    {"MBP_ID", "id"},
    {"MBP_TENANT_ID", "tenantId"},
    {"MBP_NAME", "name"},
    {"MBP_DESCRIPTION", "description"},
    {"MBP_PRICE", "price"},
    {"MBP_CURRENCY", "currency"},
    {"MBP_BILLING_CYCLE", "billingCycle"},
    {"MBP_FEATURES", "features"},
    {"MBP_SESSIONS_PER_MONTH", "sessionsPerMonth"},
    {"MBP_ACCESS_LEVEL", "accessLevel"},
    {"MBP_IS_ACTIVE", "isActive"},
    {"MBP_CREATED_AT", "createdAt"},
    {"MBP_UPDATED_AT", "updatedAt"},
};

constexpr ColumnField kSubscriptionColumns[] = {
    {"MBS_ID", "id"},
    {"MBS_TENANT_ID", "tenantId"},
    {"MBS_MEMBER_ID", "memberId"},
    {"MBS_PLAN_ID", "membershipPlanId"},
    {"MBS_STATUS", "status"},
    {"MBS_START_DATE", "startDate"},
    {"MBS_END_DATE", "endDate"},
    {"MBS_NEXT_BILLING", "nextBillingDate"},
    {"MBS_AUTO_RENEW", "autoRenew"},
    {"MBS_CANCELLED_AT", "cancelledAt"},
    {"MBS_CANCELLATION_REASON", "cancellationReason"},
    {"MBS_CREATED_AT", "createdAt"},
    {"MBS_UPDATED_AT", "updatedAt"},
};

constexpr ColumnField kChargeColumns[] = {
    {"PAY_ID", "id"},
    {"PAY_TENANT_ID", "tenantId"},
    {"PAY_TO_MEMBER_ID", "memberId"},
    {"PAY_TYPE", "type"},
    {"PAY_STATUS", "status"},
    {"PAY_AMOUNT", "amount"},
    {"PAY_CURRENCY", "currency"},
    {"PAY_CREATED_AT", "createdAt"},
};

// The record with the id of `column`, which the row needs; kNotFound in words for people.
template <class T>
Result<codec::Stored<T>> Referred(Transaction& tx, const RowView& row, std::string_view column) {
  TNT_ASSIGN_OR_RETURN(const std::string id, Needed(row, column));
  TNT_ASSIGN_OR_RETURN(std::optional<codec::Stored<T>> found, tx.Find<T>({std::string_view(id)}));
  if (!found) return NotFound(std::string(column) + " names " + id + ", which is missing");
  return *std::move(found);
}

template <class T>
Result<bool> IsThere(Transaction& tx, const RowView& row, std::string_view id_column) {
  TNT_ASSIGN_OR_RETURN(const std::string id, Needed(row, id_column));
  TNT_ASSIGN_OR_RETURN(const std::optional<codec::Stored<T>> found,
                       tx.Find<T>({std::string_view(id)}));
  return found.has_value();
}

// Fills and adds a record whose id is its key and that nothing counts.
template <class T>
Result<bool> AddPlain(Transaction& tx, const RowView& row, std::span<const ColumnField> columns) {
  TNT_ASSIGN_OR_RETURN(const bool there, IsThere<T>(tx, row, columns.front().column));
  if (there) return false;
  codec::Draft<T> record;
  TNT_RETURN_IF_ERROR(FillRecord<T>(row, columns, &record));
  TNT_RETURN_IF_ERROR(tx.CheckFree(record));
  TNT_RETURN_IF_ERROR(tx.Insert(record));
  return true;
}

bool TakesSeat(BookingStatus status) {
  return status == BookingStatus::CONFIRMED || status == BookingStatus::ATTENDED;
}

// Seats and waiting members change what a session shows and which indexes have it.
Status SaveCounts(Transaction& tx, const gym::Session& before,
                  codec::Draft<schema::GymSession>* after) {
  (*after)->setHasRoom((*after)->getStatus() == schema::GymSessionStatus::SCHEDULED &&
                       gym::HasRoom(after->reader()));
  TNT_RETURN_IF_ERROR(tx.Update(before, *after));
  return gym::CountRoom(tx, *before, after->reader());
}

}  // namespace

std::span<const ColumnField> SessionColumns() {
  return kSessionColumns;
}
std::span<const ColumnField> BookingColumns() {
  return kBookingColumns;
}

Result<bool> AddLocation(Transaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const bool there, IsThere<schema::GymLocation>(tx, row, "LOC_ID"));
  if (there) return false;
  TNT_ASSIGN_OR_RETURN(const std::string name, Needed(row, "LOC_NAME"));
  codec::Draft<schema::GymLocation> location;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymLocation>(row, kLocationColumns, &location));
  const std::string key(gym::TrimName(name));
  location->setName(Text(key));
  location->setNameKey(Text(key));
  if (View(location->asReader().getTimezone()).empty()) location->setTimezone("UTC");
  if (!gym::IsTimeZone(View(location->asReader().getTimezone()))) {
    return InvalidArgument("LOC_TIMEZONE is no IANA time zone");
  }
  if (const Status free = tx.CheckFree(location); free.code() == StatusCode::kAlreadyExists) {
    return AlreadyExists("another place of the gym has this name");
  } else if (!free.ok()) {
    return free;
  }
  const std::string id(View(location->asReader().getId()));
  TNT_RETURN_IF_ERROR(tx.Insert(location));
  TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::LOCATION, id));
  return true;
}

Result<bool> AddSessionType(Transaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const bool there, IsThere<schema::GymSessionType>(tx, row, "STY_ID"));
  if (there) return false;
  TNT_ASSIGN_OR_RETURN(const std::string name, Needed(row, "STY_NAME"));
  codec::Draft<schema::GymSessionType> type;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymSessionType>(row, kTypeColumns, &type));
  const std::string key(gym::TrimName(name));
  type->setName(Text(key));
  type->setNameKey(Text(key));
  if (const Status free = tx.CheckFree(type); free.code() == StatusCode::kAlreadyExists) {
    return AlreadyExists("another session type of the gym has this name");
  } else if (!free.ok()) {
    return free;
  }
  TNT_RETURN_IF_ERROR(tx.Insert(type));
  return true;
}

Result<bool> AddSession(Transaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const bool there, IsThere<schema::GymSession>(tx, row, "SIN_ID"));
  if (there) return false;
  TNT_RETURN_IF_ERROR(Referred<schema::GymSessionType>(tx, row, "SIN_SESSION_TYPE_ID").status());
  TNT_RETURN_IF_ERROR(Referred<schema::GymLocation>(tx, row, "SIN_LOCATION_ID").status());
  codec::Draft<schema::GymSession> session;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymSession>(row, kSessionColumns, &session));
  if (session->getEndTime() <= session->getStartTime()) {
    return InvalidArgument("SIN_END_TIME must be after SIN_START_TIME");
  }
  if (const std::string_view safe = row.Text("SIN_WEATHER_SAFE"); !safe.empty()) {
    session->setWeatherSafe(safe.front() == 't' ? "true" : "false");
  }
  const std::string id(View(session->asReader().getId()));
  TNT_RETURN_IF_ERROR(gym::InsertSession(tx, &session).status());
  TNT_RETURN_IF_ERROR(tenant::PutReference(tx, schema::ReferenceKind::SESSION, id));
  return true;
}

Result<bool> AddBooking(Transaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const bool there, IsThere<schema::GymBooking>(tx, row, "BOK_ID"));
  if (there) return false;
  TNT_ASSIGN_OR_RETURN(const gym::Session session,
                       Referred<schema::GymSession>(tx, row, "BOK_SESSION_INSTANCE_ID"));
  TNT_RETURN_IF_ERROR(Referred<schema::GymMember>(tx, row, "BOK_MEMBER_ID").status());
  codec::Draft<schema::GymBooking> booking;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymBooking>(row, kBookingColumns, &booking));
  // Attended without a time: it was there for the session.
  if (booking->getStatus() == BookingStatus::ATTENDED &&
      booking->getAttendedAt() == schema::NULL_INT) {
    booking->setAttendedAt(session->getStartTime());
  }
  if (const Status free = tx.CheckFree(booking); free.code() == StatusCode::kAlreadyExists) {
    return AlreadyExists("the member has another booking of this session");
  } else if (!free.ok()) {
    return free;
  }
  TNT_RETURN_IF_ERROR(tx.Insert(booking));
  if (booking->getStatus() == BookingStatus::ATTENDED) {
    TNT_RETURN_IF_ERROR(
        gym::AddToTotal(tx, gym::kTotalAttended, counters::MonthOf(booking->getAttendedAt()), +1));
  }
  if (!TakesSeat(booking->getStatus())) return true;
  codec::Draft<schema::GymSession> after(session);
  after->setBookedCount(after->getBookedCount() + 1);
  TNT_RETURN_IF_ERROR(SaveCounts(tx, session, &after));
  return true;
}

Result<bool> AddEvent(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Referred<schema::GymMember>(tx, row, "MVE_MEMBER_ID").status());
  codec::Draft<schema::GymEvent> event;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymEvent>(row, kEventColumns, &event));
  const auto reader = event.reader();
  TNT_ASSIGN_OR_RETURN(const auto before, tx.Find<schema::GymEvent>(
                                              {View(reader.getMemberId()), reader.getCreatedAt(),
                                               int64_t{reader.getPlace()}, View(reader.getId())}));
  if (before) return false;
  TNT_RETURN_IF_ERROR(tx.Insert(event));
  return true;
}

Result<bool> AddWaiting(Transaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const bool there, IsThere<schema::GymWaitlistEntry>(tx, row, "WAI_ID"));
  if (there) return false;
  TNT_ASSIGN_OR_RETURN(const gym::Session session,
                       Referred<schema::GymSession>(tx, row, "WAI_SESSION_INSTANCE_ID"));
  TNT_ASSIGN_OR_RETURN(const auto member, Referred<schema::GymMember>(tx, row, "WAI_MEMBER_ID"));
  const std::string_view member_id = View(member->getId());
  const std::string_view session_id = View(session->getId());
  TNT_ASSIGN_OR_RETURN(const auto booking, tx.FindUnique<schema::GymBooking>(
                                               kByMemberAndSession, {member_id, session_id}));
  // Has a seat meanwhile: given by the source, or from the waitlist by an earlier run.
  if (booking && TakesSeat((*booking)->getStatus())) return false;
  if (!gym::IsOpen(*session, tx.now_unix_ms())) {
    return InvalidArgument("the session has started or was cancelled: nobody waits for it");
  }
  if (session->getWaitlistCount() >= gym::kWaitlistMax) {
    return Conflict("the waitlist of the session is full");
  }
  codec::Draft<schema::GymWaitlistEntry> entry;
  constexpr ColumnField kColumns[] = {
      {"WAI_ID", "id"},
      {"WAI_TENANT_ID", "tenantId"},
      {"WAI_MEMBER_ID", "memberId"},
      {"WAI_SESSION_INSTANCE_ID", "sessionInstanceId"},
      {"WAI_CREATED_AT", "createdAt"},
      {"WAI_UPDATED_AT", "updatedAt"},
  };
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymWaitlistEntry>(row, kColumns, &entry));
  entry->setTicket(session->getWaitlistTickets());
  TNT_RETURN_IF_ERROR(tx.CheckFree(entry));
  TNT_RETURN_IF_ERROR(tx.Insert(entry));
  codec::Draft<schema::GymSession> after(session);
  after->setWaitlistTickets(after->getWaitlistTickets() + 1);
  after->setWaitlistCount(after->getWaitlistCount() + 1);
  TNT_RETURN_IF_ERROR(SaveCounts(tx, session, &after));
  // Nobody waits beside a free seat, whatever the source let happen.
  TNT_ASSIGN_OR_RETURN(const gym::Session waited, gym::GetSession(tx, session_id));
  TNT_RETURN_IF_ERROR(gym::SessionChange(tx, waited).Save().status());
  return true;
}

Result<bool> AddFavorite(Transaction& tx, const RowView& row) {
  TNT_ASSIGN_OR_RETURN(const auto member, Referred<schema::GymMember>(tx, row, "FAV_MEMBER_ID"));
  TNT_ASSIGN_OR_RETURN(const auto type,
                       Referred<schema::GymSessionType>(tx, row, "FAV_SESSION_TYPE_ID"));
  TNT_ASSIGN_OR_RETURN(const auto before,
                       tx.Find<schema::GymFavorite>({View(member->getId()), View(type->getId())}));
  if (before) return false;
  codec::Draft<schema::GymFavorite> favorite;
  TNT_RETURN_IF_ERROR(FillRecord<schema::GymFavorite>(row, kFavoriteColumns, &favorite));
  TNT_RETURN_IF_ERROR(tx.Insert(favorite));
  return true;
}

Result<bool> AddPlan(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Needed(row, "MBP_CURRENCY").status());
  return AddPlain<schema::GymPlan>(tx, row, kPlanColumns);
}

Result<bool> AddSubscription(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Referred<schema::GymMember>(tx, row, "MBS_MEMBER_ID").status());
  TNT_RETURN_IF_ERROR(Referred<schema::GymPlan>(tx, row, "MBS_PLAN_ID").status());
  return AddPlain<schema::GymSubscription>(tx, row, kSubscriptionColumns);
}

Result<bool> AddCharge(Transaction& tx, const RowView& row) {
  TNT_RETURN_IF_ERROR(Referred<schema::GymMember>(tx, row, "PAY_TO_MEMBER_ID").status());
  TNT_ASSIGN_OR_RETURN(const bool added, AddPlain<schema::GymCharge>(tx, row, kChargeColumns));
  if (!added) return false;
  const std::string_view status = row.Text("PAY_STATUS");
  const bool dropped =
      status == "cancelled" || status == "CANCELLED" || status == "failed" || status == "FAILED";
  if (dropped) return true;
  TNT_ASSIGN_OR_RETURN(const int64_t amount, codec::ParseHundredths(row.Text("PAY_AMOUNT")));
  TNT_ASSIGN_OR_RETURN(const int64_t created, InstantOf(row, "PAY_CREATED_AT", tx.now_unix_ms()));
  TNT_RETURN_IF_ERROR(gym::AddToTotal(tx, gym::kTotalCharged, counters::MonthOf(created), amount));
  return true;
}

}  // namespace tenantry::porting
