// What the caller did: streak, events, attendance; and the session types they marked.

#include "engine/gym/activity.h"
#include "engine/gym/favorites.h"
#include "engine/gym/member_stats.h"
#include "engine/gym/text.h"
#include "server/gym/answer.h"
#include "server/gym/handlers.h"
#include "server/gym/render.h"
#include "server/gym/session_filter.h"

namespace tenantry::server::gym {
namespace {

using domain::View;

constexpr uint64_t kRecentAttendances = 10;
constexpr uint64_t kEventsDefault = 50;

bool SameDay(const CivilDate& a, const CivilDate& b) {
  return DaysFromCivil(a) == DaysFromCivil(b);
}

// One object per day, newest first; `append` writes what the day holds after its date.
template <class Append>
void AppendDays(std::string* out, const std::vector<domain::Attendance>& attendances,
                const Append& append) {
  out->push_back('[');
  for (size_t first = 0; first < attendances.size();) {
    size_t end = first;
    while (end < attendances.size() && SameDay(attendances[end].date, attendances[first].date)) {
      ++end;
    }
    if (first > 0) out->push_back(',');
    codec::ObjectWriter object(out);
    object.String("date", FormatDate(attendances[first].date));
    append(&object, first, end);
    first = end;
  }
  out->push_back(']');
}

Result<std::string> RenderStreak(const Access& access, int64_t now_ms) {
  const SpaceReader space = access.Space();
  const std::string_view id = access.caller->actor().member_id;
  TNT_ASSIGN_OR_RETURN(const domain::MemberStats stats, domain::StatsOf(space, id, now_ms));
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Attendance> recent,
                       domain::AttendancesOf(space, id, {.limit = kRecentAttendances}));
  std::string out;
  {
    codec::ObjectWriter object(&out);
    object.Int("currentStreak", stats.current_streak);
    object.Int("longestStreak", stats.longest_streak);
    AppendDays(object.Key("recentAttendance"), recent,
               [&recent](codec::ObjectWriter* day, size_t first, size_t end) {
                 day->Int("count", static_cast<int64_t>(end - first));
                 std::string* names = day->Key("sessionTypes");
                 names->push_back('[');
                 for (size_t i = first; i < end; ++i) {
                   if (i > first) names->push_back(',');
                   codec::AppendJsonString(names, View(recent[i].session.type->getName()));
                 }
                 names->push_back(']');
               });
    if (stats.last_attended_ms) {
      object.Instant("lastAttendanceDate", *stats.last_attended_ms);
    } else {
      object.Null("lastAttendanceDate");
    }
  }
  return out;
}

Result<std::string> RenderEvents(const Access& access, std::optional<schema::GymEventType> type,
                                 uint64_t limit) {
  const SpaceReader space = access.Space();
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Event> events,
                       domain::EventsOf(space, access.caller->actor().member_id, type, limit));
  domain::PartsCache cache(space);
  std::string out = "[";
  for (const domain::Event& event : events) {
    if (out.size() > 1) out.push_back(',');
    out.push_back('{');
    codec::AppendMembers<schema::GymEvent>(&out, *event);
    if (type) {
      out.append(",\"member\":");
      AppendMemberRef(&out, *access.caller->member);
      out.append(",\"sessionInstance\":");
      if (event->hasSessionInstanceId() && event->getSessionInstanceId().size() > 0) {
        TNT_ASSIGN_OR_RETURN(const domain::Session session,
                             cache.FindSession(View(event->getSessionInstanceId())));
        TNT_ASSIGN_OR_RETURN(const domain::SessionParts parts, cache.Parts(session));
        TNT_ASSIGN_OR_RETURN(
            const bool booked,
            domain::IsBooked(space, access.caller->actor().member_id, View(session->getId())));
        out.append(RenderSessionPlus(parts, booked));
      } else {
        out.append("null");
      }
    }
    out.push_back('}');
  }
  out.push_back(']');
  return out;
}

// A bound of the attendance list: a day, or an instant of which the written day counts.
Status ParseBound(const http::Request& request, std::string_view name,
                  std::optional<CivilDate>* day) {
  const std::optional<std::string> text = request.FindQuery(name);
  if (!text || text->empty()) return Status::Ok();
  *day = ParseDay(*text);
  if (*day) return Status::Ok();
  return InvalidFields({std::string(name) + " must be a valid ISO 8601 date string"});
}

Result<std::string> RenderAttendance(const Access& access, const http::Request& request) {
  domain::AttendanceRange range;
  TNT_RETURN_IF_ERROR(ParseBound(request, "start", &range.first_day));
  TNT_RETURN_IF_ERROR(ParseBound(request, "end", &range.last_day));
  TNT_ASSIGN_OR_RETURN(
      const std::vector<domain::Attendance> attendances,
      domain::AttendancesOf(access.Space(), access.caller->actor().member_id, range));
  std::string out;
  AppendDays(&out, attendances, [&](codec::ObjectWriter* day, size_t first, size_t end) {
    std::string* sessions = day->Key("sessions");
    sessions->push_back('[');
    for (size_t i = first; i < end; ++i) {
      if (i > first) sessions->push_back(',');
      const domain::SessionParts& parts = attendances[i].session;
      codec::ObjectWriter object(sessions);
      object.String("sessionType", View(parts.type->getName()));
      object.String("location", View(parts.location->getName()));
      object.Instant("startTime", parts.session->getStartTime());
      object.String("status", "attended");
    }
    sessions->push_back(']');
  });
  return out;
}

std::string RenderFavorite(const domain::Favorite& favorite) {
  std::string out = "{";
  codec::AppendMembers<schema::GymFavorite>(&out, *favorite.record);
  out.append(",\"sessionType\":");
  codec::AppendObject<schema::GymSessionType>(&out, *favorite.type);
  out.push_back('}');
  return out;
}

Result<std::string> RenderFavorites(const Access& access) {
  TNT_ASSIGN_OR_RETURN(const std::vector<domain::Favorite> favorites,
                       domain::FavoritesOf(access.Space(), access.caller->actor().member_id));
  std::string out = "[";
  for (const domain::Favorite& favorite : favorites) {
    if (out.size() > 1) out.push_back(',');
    out.append(RenderFavorite(favorite));
  }
  out.push_back(']');
  return out;
}

}  // namespace

http::Response MyStreak(const Context& context, const Access& access,
                        const http::Request& request) {
  return Answered(context, request, RenderStreak(access, context.engine.clock().NowUnixMs()));
}

http::Response MyEvents(const Context& context, const Access& access,
                        const http::Request& request) {
  const Result<uint64_t> limit =
      ParseCount(request, "limit", kEventsDefault, domain::kEventRowsMax);
  if (!limit.ok()) return Refused(context, limit.status(), request);
  std::optional<schema::GymEventType> type;
  if (const std::optional<std::string> name = request.FindQuery("type"); name && !name->empty()) {
    type = ParseEventType(*name);
    if (!type) return http::Response::Json(200, "[]");
  }
  // The page is cut from these afterwards, as from any array.
  const Result<uint64_t> page = ParseCount(request, "page", 1, domain::kEventRowsMax);
  if (!page.ok()) return Refused(context, page.status(), request);
  const uint64_t rows = std::min(*limit * *page, domain::kEventRowsMax);
  return Answered(context, request, RenderEvents(access, type, rows));
}

http::Response MyAttendance(const Context& context, const Access& access,
                            const http::Request& request) {
  return Answered(context, request, RenderAttendance(access, request));
}

http::Response MyFavorites(const Context& context, const Access& access,
                           const http::Request& request) {
  return Answered(context, request, RenderFavorites(access));
}

http::Response AddToFavorites(const Context& context, const Access& access,
                              const http::Request& request) {
  return Replied(context, request,
                 domain::AddFavorite(access.Scope(context, request), request.params.values[0]), 201,
                 RenderFavorite);
}

http::Response RemoveFromFavorites(const Context& context, const Access& access,
                                   const http::Request& request) {
  const Outcome outcome =
      domain::RemoveFavorite(access.Scope(context, request), request.params.values[0]);
  if (!outcome.status.ok()) return Parked(Refused(context, outcome.status, request), outcome);
  return Parked(http::Response::Json(200, R"({"success":true})"), outcome);
}

}  // namespace tenantry::server::gym
