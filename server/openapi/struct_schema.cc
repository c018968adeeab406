#include "server/openapi/struct_schema.h"

#include <cmath>

#include <nlohmann/json.hpp>

namespace tenantry::openapi {
namespace {

using schema::FieldInfo;
using schema::FieldType;

Json OrNull(Json type) {
  if (type.contains("enum")) {
    type["enum"].push_back(nullptr);
    if (type.contains("type")) type["type"] = Json::array({type["type"], "null"});
    return type;
  }
  if (!type.contains("type"))
    return type.empty() ? type : Json{{"anyOf", {type, {{"type", "null"}}}}};
  type["type"] = Json::array({type["type"], "null"});
  return type;
}

Json EnumType(const FieldInfo& field, bool for_input) {
  Json names = Json::array();
  for (size_t i = 0; i < field.enum_names.size(); ++i) {
    const bool is_null =
        field.type == FieldType::kEnum && field.nullable && i == field.default_bits;
    if (!is_null) names.push_back(field.enum_names[i]);
  }
  Json type = {{"type", "string"}, {"enum", std::move(names)}};
  return field.nullable && !for_input ? OrNull(std::move(type)) : type;
}

Json Instant() {
  return {{"type", "string"}, {"format", "date-time"}};
}

Json JsonTextType(const FieldInfo& field, bool for_input) {
  if (for_input && field.shape != nullptr) return InputSchema(*field.shape);
  if (field.json_text == "object") return {{"type", "object"}, {"additionalProperties", true}};
  if (field.json_text == "array") return {{"type", "array"}, {"items", Json::object()}};
  if (!field.json_text.starts_with("text:")) return Json::object();
  if (!for_input) return {{"type", "string"}};
  const bool is_array = field.json_text == "text:array";
  Json opened = is_array ? Json{{"type", "array"}, {"items", Json::object()}}
                         : Json{{"type", "object"}, {"additionalProperties", true}};
  return {{"anyOf", {{{"type", "string"}}, std::move(opened)}}};
}

// Types alone; rules and nulls are added by the callers.
Json BaseType(const FieldInfo& field, bool for_input) {
  switch (field.type) {
    case FieldType::kBool:
      return {{"type", "boolean"}};
    case FieldType::kInt:
      if (field.timestamp) return Instant();
      return {{"type", field.money ? "number" : "integer"}};
    case FieldType::kFloat:
      return {{"type", "number"}};
    case FieldType::kText:
      return field.json_text.empty() ? Json{{"type", "string"}} : JsonTextType(field, for_input);
    case FieldType::kEnum:
      return EnumType(field, for_input);
    case FieldType::kTextList:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case FieldType::kEnumList:
      return {{"type", "array"}, {"items", EnumType(field, for_input)}};
    case FieldType::kStruct:
    case FieldType::kStructList: {
      Json inner = for_input ? InputSchema(*field.shape) : RecordSchema(*field.shape);
      if (field.type == FieldType::kStruct) return inner;
      return {{"type", "array"}, {"items", std::move(inner)}};
    }
    case FieldType::kOpaque:
      break;
  }
  return Json::object();
}

void AddRules(const FieldInfo& field, Json* type) {
  if (field.type == FieldType::kText && field.json_text.empty()) {
    const uint32_t least = field.not_empty && field.min_length == 0 ? 1 : field.min_length;
    if (least > 0) (*type)["minLength"] = least;
    if (field.max_length != UINT32_MAX) (*type)["maxLength"] = field.max_length;
    if (field.email) (*type)["format"] = "email";
    if (field.uuid) (*type)["format"] = "uuid";
  }
  if (std::isfinite(field.minimum)) (*type)["minimum"] = field.minimum;
  if (std::isfinite(field.maximum)) (*type)["maximum"] = field.maximum;
}

bool IsNullableInAnswers(const FieldInfo& field) {
  if (field.type == FieldType::kText) return field.json_name != "id";
  if (field.type == FieldType::kTextList) return true;
  return field.nullable && field.type != FieldType::kEnum;
}

}  // namespace

Json RecordSchema(const schema::StructInfo& info) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const FieldInfo& field : info.fields) {
    if (field.internal) continue;
    Json type = BaseType(field, false);
    properties[field.json_name] = IsNullableInAnswers(field) ? OrNull(std::move(type)) : type;
    required.push_back(field.json_name);
  }
  return {
      {"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

Json InputSchema(const schema::StructInfo& info, bool patch) {
  Json properties = Json::object();
  Json required = Json::array();
  Json either = Json::array();  // Required under one of two names.
  for (const FieldInfo& field : info.fields) {
    if (field.internal) continue;
    Json type = BaseType(field, true);
    AddRules(field, &type);
    if (!field.required) type = OrNull(std::move(type));
    if (!field.alias.empty()) properties[field.alias] = type;
    properties[field.json_name] = std::move(type);
    if (!field.required || patch) continue;
    if (field.alias.empty()) {
      required.push_back(field.json_name);
    } else {
      either.push_back({{"anyOf",
                         {{{"required", Json::array({field.json_name})}},
                          {{"required", Json::array({field.alias})}}}}});
    }
  }
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (!either.empty()) schema["allOf"] = std::move(either);
  schema["additionalProperties"] = !info.strict;
  return schema;
}

}  // namespace tenantry::openapi
