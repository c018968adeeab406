#include "server/openapi/document_head.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace tenantry::openapi {
namespace {

Json Info() {
  return {{"title", "Tenantry"},
          {"version", "1"},
          {"summary", "The APIs of a gym and of a shop's popups, from one server"},
          {"description",
           "Gym paths take `x-tenant-id` and a member's token; popup paths take a shop's key. "
           "Instants are ISO 8601 in UTC. Every answer carries `X-Request-Id`."},
          {"license", {{"name", "Apache 2.0"}, {"identifier", "Apache-2.0"}}}};
}

Json Tags(const std::set<std::string>& names) {
  Json tags = Json::array();
  for (const std::string& name : names) {
    std::string about = "Paths below /" + name;
    if (name == "operations") about = "Probes, metrics, this document";
    if (name == "gym") about = "The root of the gym API";
    tags.push_back({{"name", name}, {"description", about}});
  }
  return tags;
}

Json ErrorResponse(const char* schema) {
  return {{"description", "A refusal or failure, which says what to do in `message`"},
          {"content",
           {{"application/json",
             {{"schema", {{"$ref", std::string("#/components/schemas/") + schema}}}}}}}};
}

Json TenantIdParameter() {
  return {{"name", "x-tenant-id"},
          {"in", "header"},
          {"required", false},
          {"description", "The gym; may be left out where the token names it."},
          {"schema", {{"type", "string"}}}};
}

Json IdempotencyKeyParameter() {
  return {{"name", "Idempotency-Key"},
          {"in", "header"},
          {"required", false},
          {"description",
           "A text of the client's that makes repeats of this request take effect once: they get "
           "the first answer and `Idempotent-Replayed: true`, for 24 hours. The same key with "
           "another body is refused with 422."},
          {"schema",
           {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}, {"pattern", "^[!-~]+$"}}}};
}

Json SecuritySchemes() {
  return {{"member",
           {{"type", "http"},
            {"scheme", "bearer"},
            {"bearerFormat", "JWT"},
            {"description", "From sign-up, sign-in or refresh."}}},
          {"shopKey",
           {{"type", "http"},
            {"scheme", "bearer"},
            {"description", "From `tenantry admin key create`."}}}};
}

}  // namespace

Json ErrorSchema(bool gym) {
  Json properties = {
      {"statusCode", {{"type", "integer"}}},
      {"message",
       {{"anyOf", {{{"type", "string"}}, {{"type", "array"}, {"items", {{"type", "string"}}}}}},
        {"description", "One text, or one per field that breaks a rule."}}},
      {"error", {{"type", "string"}, {"description", "Reason phrase of the status."}}}};
  Json required = {"statusCode", "message", "error"};
  if (gym) {
    properties["timestamp"] = {{"type", "string"}, {"format", "date-time"}};
    properties["path"] = {{"type", "string"}};
    required.push_back("timestamp");
    required.push_back("path");
  }
  return {{"type", "object"}, {"properties", properties}, {"required", required}};
}

Json DocumentHead(const std::set<std::string>& tags, Json schemas) {
  return {
      {"openapi", "3.1.0"},
      {"info", Info()},
      {"servers", Json::array({{{"url", "/"}, {"description", "The server of this document"}}})},
      {"tags", Tags(tags)},
      {"components",
       {{"schemas", std::move(schemas)},
        {"responses",
         {{"GymError", ErrorResponse("GymError")}, {"PopupError", ErrorResponse("PopupError")}}},
        {"parameters",
         {{"TenantId", TenantIdParameter()}, {"IdempotencyKey", IdempotencyKeyParameter()}}},
        {"securitySchemes", SecuritySchemes()}}}};
}

}  // namespace tenantry::openapi
