#include "server/gym/session_filter.h"

#include <charconv>

#include "engine/schema/catalog.h"

namespace tenantry::server::gym {

std::optional<CivilDate> ParseDay(std::string_view text) {
  constexpr size_t kDateChars = 10;
  if (text.size() > kDateChars && !ParseInstant(text)) return std::nullopt;
  return ParseDate(text.substr(0, kDateChars));
}

std::optional<uint16_t> EnumValue(const schema::StructInfo& info, std::string_view field,
                                  std::string_view name) {
  const schema::FieldInfo* found = info.FindField(field);
  TNT_CHECK(found != nullptr);
  for (size_t i = 0; i < found->enum_names.size(); ++i) {
    if (found->enum_names[i] == name) return static_cast<uint16_t>(i);
  }
  return std::nullopt;
}

void ParsePositive(const http::Request& request, const WholeParam& param, uint64_t* value,
                   std::vector<std::string>* errors) {
  const std::string_view name = param.name;
  const std::optional<std::string> text = request.FindQuery(name);
  if (!text || text->empty()) return;
  uint64_t parsed = 0;
  const char* end = text->data() + text->size();
  const auto [stop, failed] = std::from_chars(text->data(), end, parsed);
  if (failed != std::errc() || stop != end) {
    const bool negative = text->size() > 1 && text->front() == '-' &&
                          text->find_first_not_of("0123456789", 1) == std::string::npos;
    errors->push_back(std::string(name) +
                      (negative ? " must not be less than 1" : " must be an integer number"));
  } else if (parsed == 0) {
    errors->push_back(std::string(name) + " must not be less than 1");
  } else if (parsed > param.maximum) {
    errors->push_back(std::string(name) + " must not be greater than " +
                      std::to_string(param.maximum));
  } else {
    *value = parsed;
  }
}

void ParseDayParam(const http::Request& request, std::optional<CivilDate>* date,
                   std::vector<std::string>* errors) {
  const std::string text = request.FindQuery("date").value_or("");
  if (text.empty()) return;
  *date = ParseDay(text);
  if (!*date) errors->push_back("date must be a valid ISO 8601 date string");
}

void ParsePage(const http::Request& request, tenantry::gym::Page* page,
               std::vector<std::string>* errors) {
  ParsePositive(request, {"page"}, &page->number, errors);
  ParsePositive(request, {"limit"}, &page->limit, errors);
  page->number = std::min(page->number, kPageNumberMax);
  page->limit = std::min(page->limit, kPageRowsMax);
}

Result<uint64_t> ParseCount(const http::Request& request, std::string_view name, uint64_t standard,
                            uint64_t max) {
  std::vector<std::string> errors;
  uint64_t value = standard;
  ParsePositive(request, {name}, &value, &errors);
  if (!errors.empty()) return InvalidFields(std::move(errors));
  return std::min(value, max);
}

Result<SessionQuery> ParseSessionQuery(const http::Request& request, bool available_only,
                                       int64_t now_ms) {
  SessionQuery query;
  std::vector<std::string> errors;
  query.filter.available_only = available_only;
  query.filter.now_ms = now_ms;
  query.filter.category = request.FindQuery("category").value_or("");
  query.filter.location_id = request.FindQuery("locationId").value_or("");
  ParseDayParam(request, &query.filter.date, &errors);
  if (const std::optional<std::string> name = request.FindQuery("status"); name && !name->empty()) {
    const std::optional<uint16_t> status =
        EnumValue(schema::InfoOf<schema::GymSession>(), "status", *name);
    query.filter.status = static_cast<schema::GymSessionStatus>(status.value_or(0));
    // What can still be booked is scheduled, so no other status has any.
    query.status_known =
        status && (!available_only || query.filter.status == schema::GymSessionStatus::SCHEDULED);
  }
  ParsePage(request, &query.page, &errors);
  if (!errors.empty()) return InvalidFields(std::move(errors));
  return query;
}

std::optional<schema::GymRole> ParseRole(std::string_view name) {
  const std::optional<uint16_t> role = EnumValue(schema::InfoOf<schema::GymMember>(), "role", name);
  if (!role) return std::nullopt;
  return static_cast<schema::GymRole>(*role);
}

std::optional<schema::GymEventType> ParseEventType(std::string_view name) {
  const std::optional<uint16_t> type = EnumValue(schema::InfoOf<schema::GymEvent>(), "type", name);
  if (!type) return std::nullopt;
  return static_cast<schema::GymEventType>(*type);
}

std::optional<schema::GymBookingStatus> ParseBookingStatus(std::string_view name) {
  const std::optional<uint16_t> status =
      EnumValue(schema::InfoOf<schema::GymBooking>(), "status", name);
  if (!status) return std::nullopt;
  return static_cast<schema::GymBookingStatus>(*status);
}

}  // namespace tenantry::server::gym
