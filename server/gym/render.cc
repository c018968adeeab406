#include "server/gym/render.h"

#include <cmath>

#include "engine/base/time_format.h"
#include "engine/codec/json_out.h"
#include "engine/gym/text.h"
#include "engine/keyed_call.h"
#include "server/gym/token.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

void AppendBool(std::string* out, std::string_view key, bool value) {
  out->append(",\"").append(key).append("\":").append(value ? "true" : "false");
}

// The members of a session answer, counters included, without braces.
void AppendSessionMembers(std::string* out, const schema::GymSession::Reader& session,
                          bool is_booked) {
  codec::AppendMembers<schema::GymSession>(out, session);
  out->append(",\"currentBookings\":");
  codec::AppendJsonInt(out, session.getBookedCount());
  out->append(",\"availableSpots\":");
  codec::AppendJsonInt(out, domain::AvailableSpots(session));
  AppendBool(out, "isBooked", is_booked);
  AppendBool(out, "unlimited", domain::IsUnlimited(session));
}

void AppendTypeAndPlace(std::string* out, const domain::SessionParts& parts) {
  out->append(",\"sessionType\":");
  codec::AppendObject<schema::GymSessionType>(out, *parts.type);
  out->append(",\"location\":");
  codec::AppendObject<schema::GymLocation>(out, *parts.location);
}

// What strangers learn of a booking: that it is there, and its status.
void AppendRedactedMembers(std::string* out, const domain::Booking& booking) {
  static constexpr std::string_view kHidden[] = {"memberId", "notes"};
  codec::AppendMembers<schema::GymBooking>(out, *booking, kHidden);
  out->append(",\"memberId\":\"\",\"notes\":null");
}

void AppendRedactedBooking(std::string* out, const domain::Booking& booking) {
  out->push_back('{');
  AppendRedactedMembers(out, booking);
  out->append(",\"member\":{\"id\":\"\",\"name\":null,\"email\":\"\"}}");
}

void AppendFreeSeats(std::string* out, const schema::GymSession::Reader& session) {
  out->append(",\"spotsAvailable\":");
  codec::AppendJsonInt(out, domain::AvailableSpots(session));
  AppendBool(out, "isAvailable", domain::HasRoom(session));
}

void AppendTextOr(std::string* out, std::string_view key, capnp::Text::Reader text,
                  std::string_view unset) {
  out->append(",\"").append(key).append("\":");
  out->append(text.size() == 0 ? unset : View(text));
}

Status AppendRosterBooking(std::string* out, const SpaceReader& space,
                           const domain::Booking& booking, const Viewer& viewer) {
  const std::string_view member_id = View(booking->getMemberId());
  if (!viewer.crew() && !viewer.Is(member_id)) {
    AppendRedactedBooking(out, booking);
    return Status::Ok();
  }
  TNT_ASSIGN_OR_RETURN(const domain::Member member, space.Get<schema::GymMember>({member_id}));
  out->push_back('{');
  codec::AppendMembers<schema::GymBooking>(out, *booking);
  out->append(",\"member\":");
  AppendMemberRef(out, *member);
  out->push_back('}');
  return Status::Ok();
}

}  // namespace

void AppendMemberRef(std::string* out, const schema::GymMember::Reader& member) {
  codec::ObjectWriter object(out);
  object.String("id", View(member.getId()));
  object.OptionalString("name", member.hasName(), View(member.getName()));
  object.String("email", View(member.getEmail()));
}

std::string_view RoleName(schema::GymRole role) {
  switch (role) {
    case schema::GymRole::OWNER:
      return "OWNER";
    case schema::GymRole::ADMIN:
      return "ADMIN";
    case schema::GymRole::TRAINER:
      return "TRAINER";
    case schema::GymRole::STAFF:
      return "STAFF";
    case schema::GymRole::MEMBER:
      break;
  }
  return "MEMBER";
}

std::string AccessToken(const Context& context, const codec::Stored<schema::GymMember>& member,
                        const codec::Stored<schema::Tenant>& gym,
                        const domain::IssuedToken& token) {
  if (KeyedCall* const call = KeyedCall::Current()) {
    call->NoteCredentials(View(gym->getId()), View(member->getId()), token.device_id,
                          member->getTokenEpoch());
  }
  const int64_t now_s = context.engine.clock().NowUnixMs() / 1000;
  TokenClaims claims;
  claims->setSub(member->getId());
  claims->setEmail(member->getEmail());
  claims->setTenantId(gym->getId());
  claims->setRole(std::string(RoleName(member->getRole())));
  claims->setFam(domain::Text(token.device_id));
  claims->setEpoch(member->getTokenEpoch());
  claims->setIat(now_s);
  claims->setExp(now_s + kTokenLifeSeconds);
  return SignToken(context.token_secret, claims);
}

std::string RenderAuth(const Context& context, const codec::Stored<schema::GymMember>& member,
                       const codec::Stored<schema::Tenant>& gym, const domain::IssuedToken& token) {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    {
      codec::ObjectWriter who(object.Key("member"));
      who.String("id", View(member->getId()));
      who.String("email", View(member->getEmail()));
      who.OptionalString("name", member->hasName(), View(member->getName()));
      who.String("tenantId", View(gym->getId()));
      who.String("role", RoleName(member->getRole()));
    }
    {
      codec::ObjectWriter where(object.Key("tenant"));
      where.String("id", View(gym->getId()));
      where.String("name", View(gym->getName()));
      where.String("code", View(gym->getCode()));
    }
    object.String("token", AccessToken(context, member, gym, token));
    object.String("refreshToken", token.token);
  }
  return out;
}

std::string RenderSession(const domain::Session& session, bool is_booked) {
  std::string out = "{";
  AppendSessionMembers(&out, *session, is_booked);
  out.push_back('}');
  return out;
}

std::string RenderSessionPlus(const domain::SessionParts& parts, bool is_booked) {
  std::string out = "{";
  AppendSessionMembers(&out, *parts.session, is_booked);
  AppendTypeAndPlace(&out, parts);
  out.push_back('}');
  return out;
}

std::string RenderNewSession(const domain::SessionParts& parts) {
  std::string out = RenderSessionPlus(parts, false);
  out.pop_back();
  out.append(",\"bookings\":[]}");
  return out;
}

Status AppendSessionFull(std::string* out, const SpaceReader& space,
                         const domain::SessionParts& parts, const Viewer& viewer,
                         SessionShape shape) {
  std::optional<schema::GymBookingStatus> only;
  if (shape == SessionShape::kAvail) only = schema::GymBookingStatus::CONFIRMED;
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Booking> bookings,
                       domain::BookingsIn(space, parts.session, only));
  bool is_booked = false;
  for (const domain::Booking& booking : bookings) {
    is_booked = is_booked || (domain::HoldsSeat(booking->getStatus()) &&
                              viewer.Is(View(booking->getMemberId())));
  }
  out->push_back('{');
  AppendSessionMembers(out, *parts.session, is_booked);
  AppendTypeAndPlace(out, parts);
  out->append(",\"bookings\":[");
  for (const domain::Booking& booking : bookings) {
    if (out->back() != '[') out->push_back(',');
    TNT_RETURN_IF_ERROR(AppendRosterBooking(out, space, booking, viewer));
  }
  out->push_back(']');
  if (shape == SessionShape::kAvail) AppendFreeSeats(out, *parts.session);
  out->push_back('}');
  return Status::Ok();
}

Status AppendMySession(std::string* out, const SpaceReader& space, const domain::BookingParts& own,
                       const Viewer& viewer) {
  TNT_ASSIGN_OR_RETURN(
      const std::vector<domain::Booking> bookings,
      domain::BookingsIn(space, own.session.session, schema::GymBookingStatus::CONFIRMED));
  out->push_back('{');
  AppendSessionMembers(out, *own.session.session, true);
  AppendTypeAndPlace(out, own.session);
  out->append(",\"bookings\":[");
  for (const domain::Booking& booking : bookings) {
    if (out->back() != '[') out->push_back(',');
    out->push_back('{');
    if (viewer.crew() || viewer.Is(View(booking->getMemberId()))) {
      codec::AppendMembers<schema::GymBooking>(out, *booking);
    } else {
      AppendRedactedMembers(out, booking);
    }
    out->push_back('}');
  }
  out->push_back(']');
  AppendFreeSeats(out, *own.session.session);
  out->append(",\"bookingId\":");
  codec::AppendJsonString(out, View(own.booking->getId()));
  out->append(",\"bookingStatus\":\"")
      .append(own.booking->getStatus() == schema::GymBookingStatus::ATTENDED ? "attended"
                                                                             : "confirmed");
  out->append("\",\"bookedAt\":\"");
  AppendInstant(out, own.booking->getBookedAt());
  out->append("\"}");
  return Status::Ok();
}

void AppendOpenedLocation(std::string* out, const domain::Location& location,
                          std::optional<double> distance_km) {
  static constexpr std::string_view kTexts[] = {"amenities", "equipment", "services", "photos",
                                                "operatingHours"};
  const schema::GymLocation::Reader place = *location;
  out->push_back('{');
  codec::AppendMembers<schema::GymLocation>(out, place, kTexts);
  AppendTextOr(out, "amenities", place.getAmenities(), "[]");
  AppendTextOr(out, "equipment", place.getEquipment(), "[]");
  AppendTextOr(out, "services", place.getServices(), "[]");
  AppendTextOr(out, "photos", place.getPhotos(), "[]");
  AppendTextOr(out, "operatingHours", place.getOperatingHours(), "null");
  if (distance_km) {
    out->append(",\"distance\":");
    codec::AppendJsonNumber(out, std::round(*distance_km * 100) / 100);
  }
  out->push_back('}');
}

void AppendWaitlistEntry(std::string* out, const domain::WaitlistParts& waiting,
                         const Viewer& viewer) {
  static constexpr std::string_view kHidden[] = {"memberId"};
  const schema::GymMember::Reader member = *waiting.member;
  const bool visible = viewer.crew() || viewer.Is(View(member.getId()));
  out->push_back('{');
  codec::AppendMembers<schema::GymWaitlistEntry>(out, *waiting.entry, kHidden);
  out->append(",\"memberId\":");
  codec::AppendJsonString(out, visible ? View(member.getId()) : "");
  out->append(",\"position\":");
  codec::AppendJsonInt(out, waiting.position);
  out->append(",\"member\":");
  {
    codec::ObjectWriter object(out);
    object.String("id", visible ? View(member.getId()) : "");
    object.OptionalString("name", visible && member.hasName(), View(member.getName()));
    object.String("email", visible ? View(member.getEmail()) : "");
    object.OptionalString("avatarUrl", visible && member.hasAvatarUrl(),
                          View(member.getAvatarUrl()));
  }
  out->push_back('}');
}

std::string RenderJoinedWaitlist(const domain::JoinedWaitlist& joined) {
  std::string out = "{";
  codec::AppendMembers<schema::GymWaitlistEntry>(&out, *joined.waiting.entry);
  out.append(",\"position\":");
  codec::AppendJsonInt(&out, joined.waiting.position);
  out.append(",\"member\":");
  AppendMemberRef(&out, *joined.waiting.member);
  out.append(",\"sessionInstance\":{");
  codec::AppendMembers<schema::GymSession>(&out, *joined.session.session);
  AppendTypeAndPlace(&out, joined.session);
  out.append("}}");
  return out;
}

void AppendBooking(std::string* out, const domain::BookingParts& parts) {
  out->push_back('{');
  codec::AppendMembers<schema::GymBooking>(out, *parts.booking);
  out->append(",\"sessionInstance\":{");
  codec::AppendMembers<schema::GymSession>(out, *parts.session.session);
  AppendTypeAndPlace(out, parts.session);
  out->push_back('}');
  if (parts.member) {
    out->append(",\"member\":");
    AppendMemberRef(out, **parts.member);
  }
  out->push_back('}');
}

std::string RenderBooking(const domain::BookingParts& parts) {
  std::string out;
  AppendBooking(&out, parts);
  return out;
}

std::string RenderBookings(const std::vector<domain::BookingParts>& bookings) {
  std::string out = "[";
  for (const domain::BookingParts& parts : bookings) {
    if (out.size() > 1) out.push_back(',');
    AppendBooking(&out, parts);
  }
  out.push_back(']');
  return out;
}

}  // namespace tenantry::server::gym
