#include "engine/gym/bookings.h"
#include "engine/gym/text.h"
#include "engine/read_recorder.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"
#include "server/gym/session_filter.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

// The `status` parameter. `known` is false for a name that no booking can have: nothing matches.
struct StatusParam {
  std::optional<schema::GymBookingStatus> status;
  bool known = true;
};
StatusParam ParseStatus(const http::Request& request) {
  const std::string name = request.FindQuery("status").value_or("");
  if (name.empty()) return {};
  const std::optional<schema::GymBookingStatus> status = ParseBookingStatus(name);
  return {status, status.has_value()};
}

Result<std::string> RenderMyBookings(const Access& access, const StatusParam& wanted) {
  if (!wanted.known) return std::string("[]");
  TNT_ASSIGN_OR_RETURN(
      const std::vector<domain::BookingParts> bookings,
      domain::BookingsOf(access.Space(), access.caller->actor().member_id, wanted.status));
  return RenderBookings(bookings);
}

Result<std::string> RenderList(const Access& access, const http::Request& request) {
  const StatusParam wanted = ParseStatus(request);
  if (!wanted.known) return std::string("[]");
  const std::string session_id = request.FindQuery("sessionInstanceId").value_or("");
  const std::string member_id = request.FindQuery("memberId").value_or("");
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::BookingParts> bookings,
                       domain::ListBookings(access.Space(), access.caller->actor(),
                                            {wanted.status, session_id, member_id}));
  return RenderBookings(bookings);
}

Result<std::string> RenderHistory(const Access& access, const http::Request& request) {
  const StatusParam wanted = ParseStatus(request);
  domain::Page page;
  std::vector<std::string> errors;
  ParsePage(request, &page, &errors);
  if (!errors.empty()) return InvalidFields(std::move(errors));
  domain::BookingPage found;
  if (wanted.known) {
    TNT_ASSIGN_OR_RETURN(found,
                         domain::BookingHistory(access.Space(), access.caller->actor().member_id,
                                                wanted.status, page));
  }
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Raw("bookings", RenderBookings(found.rows));
    codec::ObjectWriter pagination(object.Key("pagination"));
    pagination.Int("page", static_cast<int64_t>(page.number));
    pagination.Int("limit", static_cast<int64_t>(page.limit));
    pagination.Int("total", static_cast<int64_t>(found.total));
    pagination.Int("totalPages", static_cast<int64_t>((found.total + page.limit - 1) / page.limit));
    pagination.Bool("hasNext", page.number * page.limit < found.total);
  }
  return out;
}

Result<std::string> RenderMySessions(const Access& access, int64_t now_ms) {
  ReadRecorder::DoNotKeep();  // Sessions leave the list as they start.
  const SpaceReader space = access.Space();
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::BookingParts> seats,
                       domain::SeatsAhead(space, access.caller->actor().member_id, now_ms));
  std::string out = "[";
  for (const domain::BookingParts& seat : seats) {
    if (out.size() > 1) out.push_back(',');
    TNT_RETURN_IF_ERROR(AppendMySession(&out, space, seat, ViewerOf(access)));
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
  return Answered(context, request, RenderMyBookings(access, ParseStatus(request)));
}

http::Response Bookings(const Context& context, const Access& access,
                        const http::Request& request) {
  return Answered(context, request, RenderList(access, request));
}

http::Response MyBookingHistory(const Context& context, const Access& access,
                                const http::Request& request) {
  return Answered(context, request, RenderHistory(access, request));
}

http::Response MySessions(const Context& context, const Access& access,
                          const http::Request& request) {
  return Answered(context, request, RenderMySessions(access, context.engine.clock().NowUnixMs()));
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

http::Response MissedBooking(const Context& context, const Access& access,
                             const http::Request& request) {
  return Replied(context, request,
                 domain::MarkNoShow(access.Scope(context, request), request.params.values[0]), 200,
                 RenderBooking);
}

}  // namespace tenantry::server::gym
