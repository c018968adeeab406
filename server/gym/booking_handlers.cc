#include "engine/gym/bookings.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"
#include "server/gym/session_filter.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

Result<std::string> RenderMyBookings(const Access& access,
                                     std::optional<schema::GymBookingStatus> status) {
  TNT_ASSIGN_OR_RETURN(
      const std::vector<domain::BookingParts> bookings,
      domain::BookingsOf(access.Space(), access.caller->actor().member_id, status));
  std::string out = "[";
  for (const domain::BookingParts& parts : bookings) {
    if (out.size() > 1) out.push_back(',');
    AppendBooking(&out, parts);
  }
  out.push_back(']');
  return out;
}

}  // namespace

http::Response AddBooking(const Context& context, const Access& access,
                          const http::Request& request) {
  const auto input = codec::Input<schema::GymBookingInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const schema::GymBookingInput::Reader body = **input;
  domain::NewBooking wanted;
  wanted.session_id = View(body.getSessionInstanceId());
  wanted.member_id = View(body.getMemberId());
  if (body.hasNotes()) wanted.notes = View(body.getNotes());
  return Replied(context, request, domain::CreateBooking(access.Scope(context, request), wanted),
                 201, RenderBooking);
}

http::Response MyBookings(const Context& context, const Access& access,
                          const http::Request& request) {
  std::optional<schema::GymBookingStatus> status;
  if (const std::optional<std::string> name = request.FindQuery("status"); name && !name->empty()) {
    status = ParseBookingStatus(*name);
    if (!status) return http::Response::Json(200, "[]");
  }
  return Answered(context, request, RenderMyBookings(access, status));
}

http::Response BookingById(const Context& context, const Access& access,
                           const http::Request& request) {
  const auto booking =
      domain::GetBooking(access.Space(), access.caller->actor(), request.params.values[0]);
  if (!booking.ok()) return Refused(context, booking.status(), request);
  return http::Response::Json(200, RenderBooking(*booking));
}

http::Response CallOffBooking(const Context& context, const Access& access,
                              const http::Request& request) {
  return Replied(context, request,
                 domain::CancelBooking(access.Scope(context, request), request.params.values[0]),
                 200, RenderBooking);
}

}  // namespace tenantry::server::gym
