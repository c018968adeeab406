#pragma once
// SessionQuery: the query string of session lists.
//
// Errors   kInvalidArgument with one message per broken parameter.
// Threads  stateless.

#include "engine/gym/session_queries.h"
#include "server/http/request.h"

namespace tenantry::server::gym {

// More rows than this in one page are cut to it.
inline constexpr uint64_t kPageRowsMax = 100;
// Keeps page times limit far from overflow; nobody turns that many pages.
inline constexpr uint64_t kPageNumberMax = 1'000'000'000;

struct SessionQuery {
  tenantry::gym::SessionFilter filter;
  tenantry::gym::Page page;
  bool status_known = true;  // False: nothing can match, the page is empty.
};

Result<SessionQuery> ParseSessionQuery(const http::Request& request, bool available_only,
                                       int64_t now_ms);

// The value of an enum field by its JSON name.
std::optional<uint16_t> EnumValue(const schema::StructInfo& info, std::string_view field,
                                  std::string_view name);

// A whole number from 1 to `maximum`; absent leaves `value` as it is.
struct WholeParam {
  std::string_view name;
  uint64_t maximum = UINT64_MAX;
};
void ParsePositive(const http::Request& request, const WholeParam& param, uint64_t* value,
                   std::vector<std::string>* errors);
// `date`: a calendar day.
void ParseDayParam(const http::Request& request, std::optional<CivilDate>* date,
                   std::vector<std::string>* errors);
// `page` and `limit`.
void ParsePage(const http::Request& request, tenantry::gym::Page* page,
               std::vector<std::string>* errors);

// A number from 1; more than `max` counts as that.
Result<uint64_t> ParseCount(const http::Request& request, std::string_view name, uint64_t standard,
                            uint64_t max);
// A calendar day, or an instant of which the written day counts.
std::optional<CivilDate> ParseDay(std::string_view text);

// By their names in JSON; nullopt when there is no such name.
std::optional<schema::GymRole> ParseRole(std::string_view name);
std::optional<schema::GymEventType> ParseEventType(std::string_view name);
std::optional<schema::GymBookingStatus> ParseBookingStatus(std::string_view name);

}  // namespace tenantry::server::gym
