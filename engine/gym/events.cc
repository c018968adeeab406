#include "engine/gym/events.h"

#include "engine/base/ids.h"
#include "engine/codec/json_out.h"
#include "engine/gym/text.h"

namespace tenantry::gym {

Status AppendEvent(SpaceWriter& tx, const NewEvent& event) {
  codec::Draft<schema::GymEvent> draft;
  draft->setId(Text(NewGymId(tx.random())));
  draft->setTenantId(Text(std::string(event.tenant_id)));
  draft->setMemberId(Text(std::string(event.member_id)));
  draft->setSessionInstanceId(Text(std::string(event.session_id)));
  draft->setType(event.type);
  draft->setMetadata(Text(event.metadata));
  draft->setCreatedAt(tx.now_unix_ms());
  draft->setPlace(event.place);
  return tx.Insert(draft);
}

std::string BookingCreatedMetadata(const schema::GymSession::Reader& session,
                                   std::string_view type_name, std::string_view location_name) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.String("sessionType", type_name);
    object.String("location", location_name);
    object.Instant("startTime", session.getStartTime());
    object.OptionalString("instructor", session.hasInstructor(), View(session.getInstructor()));
  }
  return out;
}

std::string BookingCancelledMetadata(std::string_view type_name, std::string_view location_name,
                                     int64_t cancelled_at_ms, std::string_view reason) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.String("sessionType", type_name);
    object.String("location", location_name);
    object.Instant("cancelledAt", cancelled_at_ms);
    if (!reason.empty()) object.String("reason", reason);
  }
  return out;
}

std::string StreakMilestoneMetadata(int64_t days, std::string_view achievement,
                                    int64_t achieved_at_ms) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Int("streakDays", days);
    object.String("achievement", achievement);
    object.Instant("achievedAt", achieved_at_ms);
  }
  return out;
}

std::string NoShowMetadata(std::string_view type_name, std::string_view location_name,
                           int64_t marked_at_ms) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.String("sessionType", type_name);
    object.String("location", location_name);
    object.Instant("markedAt", marked_at_ms);
  }
  return out;
}

std::string WaitlistMetadata(const schema::GymSession::Reader& session, std::string_view type_name,
                             std::string_view location_name, int64_t position) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.String("sessionType", type_name);
    object.String("location", location_name);
    object.Instant("startTime", session.getStartTime());
    object.Int("position", position);
  }
  return out;
}

std::string AttendanceMetadata(const schema::GymSession::Reader& session,
                               std::string_view type_name, std::string_view location_name,
                               int64_t checked_in_at_ms) {
  constexpr int64_t kMinuteMs = 60'000;
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.String("sessionType", type_name);
    object.String("location", location_name);
    object.Int("duration", (session.getEndTime() - session.getStartTime()) / kMinuteMs);
    object.OptionalString("instructor", session.hasInstructor(), View(session.getInstructor()));
    object.Instant("checkedInAt", checked_in_at_ms);
  }
  return out;
}

}  // namespace tenantry::gym
