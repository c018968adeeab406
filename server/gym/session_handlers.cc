#include <map>

#include "engine/codec/json_out.h"
#include "engine/gym/session_search.h"
#include "engine/gym/sessions.h"
#include "engine/gym/text.h"
#include "engine/read_recorder.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"
#include "server/gym/session_filter.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

// `upcoming` looks at most this far ahead.
constexpr uint64_t kUpcomingDaysMax = 366;
// What one search shows; its total counts the rest.
constexpr uint64_t kSearchRowsMax = 50;

// The rows of a page, each read from its own gym.
Status AppendRows(std::string* out, const Access& access, const domain::DiscoveryPage& page,
                  SessionShape shape) {
  struct Gym {
    SpaceReader space;
    domain::PartsCache cache;
    explicit Gym(SpaceReader reader) : space(std::move(reader)), cache(space) {}
  };
  std::map<uint64_t, Gym> gyms;
  const Viewer viewer = ViewerOf(access);
  uint64_t rows_read = 0;
  out->push_back('[');
  for (const domain::DiscoveredSession& row : page.rows) {
    const auto at =
        gyms.try_emplace(row.tenant.space().value(), access.view.Space(row.tenant, access.tier))
            .first;
    TNT_ASSIGN_OR_RETURN(const domain::SessionParts parts, at->second.cache.Parts(row.session));
    if (out->back() != '[') out->push_back(',');
    const uint32_t before = at->second.space.rows_read();
    TNT_RETURN_IF_ERROR(AppendSessionFull(out, at->second.space, parts, viewer, shape));
    // Each gym counts its own rows; the loop's limit holds for all of them together.
    rows_read += at->second.space.rows_read() - before;
    if (access.tier == ReadTier::kInline && rows_read > kInlineRowsMax) return WouldBlock();
  }
  out->push_back(']');
  return Status::Ok();
}

// A page of one gym takes the shape of a page of several.
domain::DiscoveryPage OfOneGym(const Access& access, domain::SessionPage found) {
  domain::DiscoveryPage page;
  page.total = found.total;
  for (domain::Session& session : found.rows) {
    page.rows.push_back({access.tenant(), std::move(session)});
  }
  return page;
}

Result<domain::DiscoveryPage> FindPage(const Access& access, const SessionQuery& query) {
  if (!query.status_known) return domain::DiscoveryPage();
  if (!access.gym) {
    return domain::DiscoverSessions(access.view, query.filter, query.page, access.tier);
  }
  TNT_ASSIGN_OR_RETURN(domain::SessionPage found,
                       domain::ListSessions(access.Space(), query.filter, query.page));
  return OfOneGym(access, std::move(found));
}

Result<std::string> RenderPage(const Access& access, const SessionQuery& query) {
  TNT_ASSIGN_OR_RETURN(const domain::DiscoveryPage page, FindPage(access, query));
  std::string out = "{\"data\":";
  TNT_RETURN_IF_ERROR(AppendRows(&out, access, page, SessionShape::kFull));
  out.append(",\"pagination\":");
  {
    codec::ObjectWriter pagination(&out);
    pagination.Int("page", static_cast<int64_t>(query.page.number));
    pagination.Int("limit", static_cast<int64_t>(query.page.limit));
    pagination.Int("total", static_cast<int64_t>(page.total));
    pagination.Bool("hasNext", query.page.number * query.page.limit < page.total);
  }
  out.push_back('}');
  return out;
}

http::Response Listed(const Context& context, const Access& access, const http::Request& request,
                      bool available_only) {
  // Only what is still available depends on the time.
  const int64_t now_ms = available_only ? context.engine.clock().NowUnixMs() : 0;
  const Result<SessionQuery> query = ParseSessionQuery(request, available_only, now_ms);
  if (!query.ok()) return Refused(context, query.status(), request);
  return Answered(context, request, RenderPage(access, *query));
}

// A list without pages.
Result<std::string> RenderArray(const Access& access, SessionQuery query) {
  query.page = {1, domain::kListRowsMax};
  TNT_ASSIGN_OR_RETURN(const domain::DiscoveryPage page, FindPage(access, query));
  std::string out;
  TNT_RETURN_IF_ERROR(AppendRows(&out, access, page, SessionShape::kAvail));
  return out;
}

// What `upcoming` and `today` filter by. Their answers change as time passes, at instants that the
// sessions they leave out decide as well.
SessionQuery ScheduledQuery(const Context& context, const http::Request& request) {
  ReadRecorder::DoNotKeep();
  SessionQuery query;
  query.filter.now_ms = context.engine.clock().NowUnixMs();
  query.filter.category = request.FindQuery("category").value_or("");
  query.filter.location_id = request.FindQuery("locationId").value_or("");
  return query;
}

Result<domain::DiscoveryPage> FindBySearch(const Access& access,
                                           const domain::SessionSearch& search) {
  const auto collect = [&search](const SpaceReader& space, uint64_t wanted) {
    return domain::SearchSessions(space, search, wanted);
  };
  const domain::Page page{1, kSearchRowsMax};
  if (!access.gym) return domain::Discover(access.view, access.tier, page, collect);
  TNT_ASSIGN_OR_RETURN(domain::SessionPage found, collect(access.Space(), page.limit));
  return OfOneGym(access, std::move(found));
}

Result<std::string> RenderSearch(const Access& access, const http::Request& request,
                                 int64_t now_ms) {
  ReadRecorder::DoNotKeep();  // As for `upcoming`.
  domain::SessionSearch search;
  search.text = request.FindQuery("q").value_or("");
  search.filter.now_ms = now_ms;
  search.filter.category = request.FindQuery("category").value_or("");
  std::vector<std::string> errors;
  ParseDayParam(request, &search.filter.date, &errors);
  if (!errors.empty()) return InvalidFields(std::move(errors));
  bool possible = true;
  if (const std::string name = request.FindQuery("difficulty").value_or(""); !name.empty()) {
    const std::optional<uint16_t> value =
        EnumValue(schema::InfoOf<schema::GymSessionType>(), "difficulty", name);
    possible = value.has_value();
    search.filter.difficulty = static_cast<schema::GymDifficulty>(value.value_or(0));
  }
  domain::DiscoveryPage found;
  if (possible) {
    TNT_ASSIGN_OR_RETURN(found, FindBySearch(access, search));
  }
  std::string out = "{\"results\":";
  TNT_RETURN_IF_ERROR(AppendRows(&out, access, found, SessionShape::kAvail));
  out.append(",\"total\":");
  codec::AppendJsonInt(&out, static_cast<int64_t>(found.total));
  out.push_back('}');
  return out;
}

Result<std::string> RenderById(const Access& access, std::string_view id) {
  std::optional<TenantRef> gym;
  if (access.gym) {
    gym = access.tenant();
  } else {
    Result<TenantRef> owner = tenant::Directory::FindByReference(
        access.view, schema::ReferenceKind::SESSION, id, access.tier);
    if (!owner.ok()) {
      if (owner.status().code() != StatusCode::kNotFound) return owner.status();
      return NotFound("Session instance with ID " + std::string(id) + " not found");
    }
    gym = *owner;
  }
  const SpaceReader space = access.view.Space(*gym, access.tier);
  TNT_ASSIGN_OR_RETURN(const domain::Session session, domain::GetSession(space, id));
  domain::PartsCache cache(space);
  TNT_ASSIGN_OR_RETURN(const domain::SessionParts parts, cache.Parts(session));
  std::string out;
  TNT_RETURN_IF_ERROR(AppendSessionFull(&out, space, parts, ViewerOf(access)));
  return out;
}

}  // namespace

http::Response AddSession(const Context& context, const Access& access,
                          const http::Request& request) {
  const auto input = codec::Input<schema::GymSessionInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(context, request, domain::CreateSession(access.Scope(context, request), *input),
                 201, RenderNewSession);
}

http::Response Sessions(const Context& context, const Access& access,
                        const http::Request& request) {
  return Listed(context, access, request, false);
}

http::Response AvailableSessions(const Context& context, const Access& access,
                                 const http::Request& request) {
  return Listed(context, access, request, true);
}

http::Response UpcomingSessions(const Context& context, const Access& access,
                                const http::Request& request) {
  SessionQuery query = ScheduledQuery(context, request);
  uint64_t days = 7;
  std::vector<std::string> errors;
  ParsePositive(request, {"days", kUpcomingDaysMax}, &days, &errors);
  if (!errors.empty()) return Refused(context, InvalidFields(std::move(errors)), request);
  query.filter.starts = domain::Upcoming(query.filter.now_ms, days);
  return Answered(context, request, RenderArray(access, std::move(query)));
}

http::Response TodaysSessions(const Context& context, const Access& access,
                              const http::Request& request) {
  SessionQuery query = ScheduledQuery(context, request);
  query.filter.today = true;
  return Answered(context, request, RenderArray(access, std::move(query)));
}

http::Response SessionsFound(const Context& context, const Access& access,
                             const http::Request& request) {
  return Answered(context, request,
                  RenderSearch(access, request, context.engine.clock().NowUnixMs()));
}

http::Response SessionById(const Context& context, const Access& access,
                           const http::Request& request) {
  return Answered(context, request, RenderById(access, request.params.values[0]));
}

http::Response ChangeSession(const Context& context, const Access& access,
                             const http::Request& request) {
  const std::string& id = request.params.values[0];
  const auto input = codec::Input<schema::GymSessionPatch>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  const Result<bool> booked =
      domain::IsBooked(access.Space(), access.caller->actor().member_id, id);
  if (!booked.ok()) return Refused(context, booked.status(), request);
  return Replied(
      context, request, domain::UpdateSession(access.Scope(context, request), id, *input), 200,
      [&booked](const domain::SessionParts& parts) { return RenderSessionPlus(parts, *booked); });
}

http::Response CallOffSession(const Context& context, const Access& access,
                              const http::Request& request) {
  return Replied(context, request,
                 domain::CancelSession(access.Scope(context, request), request.params.values[0]),
                 200, [](const domain::Session& session) { return RenderSession(session, false); });
}

http::Response FinishSession(const Context& context, const Access& access,
                             const http::Request& request) {
  return Replied(context, request,
                 domain::CompleteSession(access.Scope(context, request), request.params.values[0]),
                 200, [](const domain::Session& session) { return RenderSession(session, false); });
}

http::Response CheckInToSession(const Context& context, const Access& access,
                                const http::Request& request) {
  const auto input = codec::Input<schema::GymCheckInInput>::Decode(request.body);
  if (!input.ok()) return Refused(context, input.status(), request);
  return Replied(context, request,
                 domain::CheckIn(access.Scope(context, request), request.params.values[0],
                                 View((**input).getMemberId())),
                 200, RenderBooking);
}

}  // namespace tenantry::server::gym
