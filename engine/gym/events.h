#pragma once
// Events: what happened to a member, appended in the entry that made it happen.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/schema/gym.capnp.h"
#include "engine/transaction.h"

namespace tenantry::gym {

struct NewEvent {
  std::string_view tenant_id;
  std::string_view member_id;
  std::string_view session_id;
  schema::GymEventType type;
  std::string metadata;  // A JSON object.
  int32_t place = 0;     // Among the events that one command appends for the member.
};

Status AppendEvent(SpaceWriter& tx, const NewEvent& event);

// What the events about a session tell of it.
std::string BookingCreatedMetadata(const schema::GymSession::Reader& session,
                                   std::string_view type_name, std::string_view location_name);
// `reason` may be empty.
std::string BookingCancelledMetadata(std::string_view type_name, std::string_view location_name,
                                     int64_t cancelled_at_ms, std::string_view reason);
std::string StreakMilestoneMetadata(int64_t days, std::string_view achievement,
                                    int64_t achieved_at_ms);
std::string NoShowMetadata(std::string_view type_name, std::string_view location_name,
                           int64_t marked_at_ms);
// `position` is the one joined at, left from or promoted from.
std::string WaitlistMetadata(const schema::GymSession::Reader& session, std::string_view type_name,
                             std::string_view location_name, int64_t position);
std::string AttendanceMetadata(const schema::GymSession::Reader& session,
                               std::string_view type_name, std::string_view location_name,
                               int64_t checked_in_at_ms);

}  // namespace tenantry::gym
