// What trainers see of their sessions and of who comes to them.

#include "engine/codec/json_out.h"
#include "engine/gym/text.h"
#include "engine/gym/trainer.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/member_render.h"
#include "server/gym/render.h"

namespace tenantry::server::gym {
namespace {

using domain::View;
using BookingStatus = schema::GymBookingStatus;
using SessionStatus = schema::GymSessionStatus;
using AppendMember = void (*)(std::string*, const schema::GymMember::Reader&);

constexpr size_t kUpcomingMax = 20;

bool HasBooked(const domain::Roster& roster, const Access& access) {
  for (const domain::BookedMember& booked : roster.bookings) {
    const BookingStatus status = booked.booking->getStatus();
    const bool live = status == BookingStatus::CONFIRMED || status == BookingStatus::ATTENDED;
    if (live && View(booked.booking->getMemberId()) == access.caller->actor().member_id) {
      return true;
    }
  }
  return false;
}

std::string RenderRoster(const domain::Roster& roster, const Access& access,
                         AppendMember append_member) {
  std::string out = RenderSessionPlus(roster.session, HasBooked(roster, access));
  out.pop_back();
  out.append(",\"bookings\":[");
  for (const domain::BookedMember& booked : roster.bookings) {
    if (out.back() != '[') out.push_back(',');
    out.push_back('{');
    codec::AppendMembers<schema::GymBooking>(&out, *booked.booking);
    out.append(",\"member\":");
    append_member(&out, *booked.member);
    out.push_back('}');
  }
  out.append("]}");
  return out;
}

Result<std::string> RenderSessions(const Access& access, const domain::TrainerFilter& filter,
                                   AppendMember append_member) {
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Roster> rosters,
                       domain::SessionsOfTrainer(access.Space(), access.caller->member, filter));
  std::string out = "[";
  for (const domain::Roster& roster : rosters) {
    if (out.size() > 1) out.push_back(',');
    out.append(RenderRoster(roster, access, append_member));
  }
  out.push_back(']');
  return out;
}

Result<std::string> RenderClients(const Access& access, int64_t now_ms) {
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Client> clients,
                       domain::ClientsOfTrainer(access.Space(), access.caller->member, now_ms));
  std::string out = "[";
  for (const domain::Client& client : clients) {
    if (out.size() > 1) out.push_back(',');
    AppendContact(&out, *client.member);
    out.pop_back();
    std::string numbers;
    {
      codec::ObjectWriter object(&numbers);
      object.Instant("joinDate", client.member->getCreatedAt());
      object.Int("totalBookings", client.stats.bookings);
      object.Int("attendedSessions", client.stats.attended);
      object.Int("currentStreak", client.stats.current_streak);
      if (client.stats.last_attended_ms) {
        object.Instant("lastVisit", *client.stats.last_attended_ms);
      } else {
        object.Null("lastVisit");
      }
      object.OptionalString("favoriteSessionType", !client.favorite_type.empty(),
                            client.favorite_type);
    }
    out.append(",").append(numbers, 1);
  }
  out.push_back(']');
  return out;
}

}  // namespace

http::Response TrainerSessions(const Context& context, const Access& access,
                               const http::Request& request) {
  const domain::TrainerFilter filter{
      .sessions = {SessionStatus::SCHEDULED, SessionStatus::COMPLETED},
      .bookings = {BookingStatus::CONFIRMED, BookingStatus::ATTENDED}};
  return Answered(context, request, RenderSessions(access, filter, AppendContact));
}

http::Response TrainerUpcoming(const Context& context, const Access& access,
                               const http::Request& request) {
  const domain::TrainerFilter filter{.sessions = {SessionStatus::SCHEDULED},
                                     .bookings = {BookingStatus::CONFIRMED},
                                     .from_ms = context.engine.clock().NowUnixMs(),
                                     .rows_max = kUpcomingMax};
  return Answered(context, request, RenderSessions(access, filter, AppendMemberRef));
}

http::Response TrainerClients(const Context& context, const Access& access,
                              const http::Request& request) {
  return Answered(context, request, RenderClients(access, context.engine.clock().NowUnixMs()));
}

http::Response TrainerRoster(const Context& context, const Access& access,
                             const http::Request& request) {
  const Result<domain::Roster> roster = domain::RosterOf(access.Space(), request.params.values[0]);
  if (!roster.ok()) return Refused(context, roster.status(), request);
  return http::Response::Json(200, RenderRoster(*roster, access, AppendContact));
}

}  // namespace tenantry::server::gym
