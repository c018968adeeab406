#include "server/openapi/type_text.h"

#include <string>

#include <nlohmann/json.hpp>

namespace tenantry::openapi {
namespace {

constexpr std::string_view kRefPrefix = "#/components/schemas/";

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

Json Builtin(std::string_view name) {
  if (name == "string") return {{"type", "string"}};
  if (name == "int") return {{"type", "integer"}};
  if (name == "number") return {{"type", "number"}};
  if (name == "bool") return {{"type", "boolean"}};
  if (name == "time") return {{"type", "string"}, {"format", "date-time"}};
  if (name == "date") return {{"type", "string"}, {"format", "date"}};
  if (name == "object") return {{"type", "object"}, {"additionalProperties", true}};
  if (name == "any") return Json::object();
  return nullptr;
}

Json OrNull(const Json& type) {
  if (type.empty()) return type;
  if (type.contains("type") && type["type"].is_string() && !type.contains("enum")) {
    Json with = type;
    with["type"] = Json::array({type["type"], "null"});
    return with;
  }
  return {{"anyOf", Json::array({type, {{"type", "null"}}})}};
}

class Parser {
 public:
  Parser(std::string_view text, const FindType& find) : text_(text), find_(find) {}

  Result<Json> Whole() {
    TNT_ASSIGN_OR_RETURN(Json type, Union());
    SkipBlanks();
    if (at_ != text_.size()) return Bad("the end");
    return type;
  }

 private:
  Status Bad(std::string_view wanted) const {
    return InvalidArgument("type \"" + std::string(text_) + "\", character " + std::to_string(at_) +
                           ": expected " + std::string(wanted));
  }
  void SkipBlanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view Name() {
    SkipBlanks();
    const size_t start = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  Result<Json> Union() {
    TNT_ASSIGN_OR_RETURN(Json first, Both());
    if (!Take('|')) return first;
    Json choices = Json::array({first});
    do {
      TNT_ASSIGN_OR_RETURN(Json next, Both());
      choices.push_back(std::move(next));
    } while (Take('|'));
    Json names = Json::array();
    for (const Json& choice : choices) {
      if (!choice.contains("enum")) return Json{{"anyOf", std::move(choices)}};
      names.push_back(choice["enum"][0]);
    }
    return Json{{"type", "string"}, {"enum", std::move(names)}};
  }

  Result<Json> Both() {
    TNT_ASSIGN_OR_RETURN(Json first, Postfix());
    if (!Take('&')) return first;
    Json merged = {{"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}};
    TNT_RETURN_IF_ERROR(Merge(first, &merged));
    do {
      TNT_ASSIGN_OR_RETURN(const Json next, Postfix());
      TNT_RETURN_IF_ERROR(Merge(next, &merged));
    } while (Take('&'));
    return merged;
  }

  Status Merge(const Json& part, Json* merged) const {
    const Json* object = &part;
    if (part.contains("$ref")) {
      object = find_(part["$ref"].get<std::string>().substr(kRefPrefix.size()));
    }
    if (object == nullptr || !object->contains("properties")) return Bad("objects around &");
    Json required = Json::array();
    for (const Json& name : (*merged)["required"]) {
      if (!(*object)["properties"].contains(name.get<std::string>())) required.push_back(name);
    }
    for (const auto& [name, type] : (*object)["properties"].items()) {
      (*merged)["properties"][name] = type;
    }
    for (const Json& name : (*object)["required"]) required.push_back(name);
    (*merged)["required"] = std::move(required);
    return Status::Ok();
  }

  Result<Json> Postfix() {
    TNT_ASSIGN_OR_RETURN(Json type, Primary());
    for (;;) {
      if (Take('?')) {
        type = OrNull(type);
      } else if (Take('[')) {
        if (!Take(']')) return Bad("]");
        type = Json{{"type", "array"}, {"items", type}};
      } else {
        return type;
      }
    }
  }

  Result<Json> Primary() {
    if (Take('{')) return Object();
    if (Take('(')) {
      TNT_ASSIGN_OR_RETURN(Json type, Union());
      if (!Take(')')) return Bad(")");
      return type;
    }
    if (Take('"')) {
      const size_t end = text_.find('"', at_);
      if (end == std::string_view::npos) return Bad("a closing quote");
      const std::string literal(text_.substr(at_, end - at_));
      at_ = end + 1;
      return Json{{"type", "string"}, {"enum", Json::array({literal})}};
    }
    const std::string_view name = Name();
    if (name.empty()) return Bad("a type");
    Json builtin = Builtin(name);
    if (!builtin.is_null()) return builtin;
    if (find_(name) == nullptr) return Bad("a known name instead of " + std::string(name));
    return Json{{"$ref", std::string(kRefPrefix) + std::string(name)}};
  }

  Result<Json> Object() {
    Json object = {{"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}};
    if (Take('*')) {
      if (!Take(':')) return Bad(":");
      TNT_ASSIGN_OR_RETURN(Json value, Union());
      if (!Take('}')) return Bad("}");
      return Json{{"type", "object"}, {"additionalProperties", std::move(value)}};
    }
    while (!Take('}')) {
      const std::string name(Name());
      if (name.empty()) return Bad("the name of a member");
      if (!Take('?')) object["required"].push_back(name);
      if (!Take(':')) return Bad(":");
      TNT_ASSIGN_OR_RETURN(object["properties"][name], Union());
      if (!Take(',')) {
        if (!Take('}')) return Bad("a comma or }");
        break;
      }
    }
    return object;
  }

  const std::string_view text_;
  const FindType& find_;
  size_t at_ = 0;
};

}  // namespace

Result<Json> ParseType(std::string_view text, const FindType& find) {
  return Parser(text, find).Whole();
}

}  // namespace tenantry::openapi
