#include "server/openapi/document.h"

#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "server/openapi/document_head.h"
#include "server/openapi/struct_schema.h"
#include "server/openapi/type_text.h"

namespace tenantry::openapi {
namespace {

using http::Permission;

constexpr std::string_view kSchemaPrefix = "#/components/schemas/";

std::string RouteKey(const http::Route& route) {
  return std::string(http::MethodName(route.method)) + " " + std::string(route.path);
}

std::string MethodKey(http::Method method) {
  std::string name(http::MethodName(method));
  for (char& c : name) c = static_cast<char>(c | 0x20);
  return name;
}

bool IsMediaType(std::string_view answer) {
  return answer.find('/') != std::string_view::npos;
}

// "/sessions/:id" as "/sessions/{id}"; the names go to `params`.
std::string PathTemplate(std::string_view path, std::vector<std::string>* params) {
  std::string out;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash);
    if (!segment.starts_with("/:")) {
      out.append(segment);
      continue;
    }
    params->emplace_back(segment.substr(2));
    out.append("/{").append(params->back()).append("}");
  }
  return out.empty() ? "/" : out;
}

// The first segment groups operations.
std::string TagOf(const http::Route& route) {
  if (route.module == http::Module::kShared) return "operations";
  const std::string_view rest = route.path.substr(1);
  const std::string tag(rest.substr(0, rest.find('/')));
  return tag.empty() ? "gym" : tag;
}

Json SecurityOf(const http::Route& route) {
  const Json member = {{"member", Json::array()}};
  const Json nobody = Json::object();
  switch (route.permission) {
    case Permission::kAny:
    case Permission::kCrew:
    case Permission::kManager:
      return Json::array({member});
    case Permission::kPublic:
      return Json::array({nobody, member});
    case Permission::kShopKey:
      return Json::array({{{"shopKey", Json::array()}}});
    case Permission::kOpen:
    case Permission::kStorefront:
    case Permission::kLoopbackOnly:
      break;
  }
  return Json::array();
}

std::string WhoMayCall(Permission permission) {
  switch (permission) {
    case Permission::kOpen:
      return "Anybody may call it.";
    case Permission::kPublic:
      return "Anybody may call it; a token personalises the answer.";
    case Permission::kAny:
      return "Any signed-in member may call it.";
    case Permission::kCrew:
      return "OWNER, ADMIN, TRAINER and STAFF may call it.";
    case Permission::kManager:
      return "OWNER and ADMIN may call it.";
    case Permission::kStorefront:
      return "Called by storefronts of any origin, without credentials.";
    case Permission::kShopKey:
      return "Needs the shop's key, unless the server runs with --shop-auth open.";
    case Permission::kLoopbackOnly:
      break;
  }
  return "Answers the networks that the operator allows, by default this machine only.";
}

class Builder {
 public:
  Builder(std::span<const http::Route> routes, std::span<const ApiDocs> modules)
      : routes_(routes), modules_(modules) {}

  Document Build() {
    schemas_["GymError"] = ErrorSchema(true);
    schemas_["PopupError"] = ErrorSchema(false);
    for (const ApiDocs& module : modules_) AddSchemas(module);
    std::map<std::string, const RouteDoc*> docs;
    for (const ApiDocs& module : modules_) {
      for (const RouteDoc& doc : module.routes) {
        if (!docs.emplace(doc.route, &doc).second) Mistake(doc.route, "is documented twice");
      }
    }
    Json paths = Json::object();
    std::set<std::string> tags;
    for (const http::Route& route : routes_) {
      const auto found = docs.find(RouteKey(route));
      const RouteDoc* const doc = found == docs.end() ? nullptr : found->second;
      if (doc == nullptr) Mistake(RouteKey(route), "has no row in its module's api_docs.cc");
      if (found != docs.end()) docs.erase(found);
      std::vector<std::string> params;
      const std::string path = PathTemplate(route.path, &params);
      tags.insert(TagOf(route));
      paths[path][MethodKey(route.method)] = Operation(route, doc, params);
    }
    for (const auto& [route, doc] : docs) Mistake(route, "is documented but not served");
    Prune(paths);
    Json document = DocumentHead(tags, std::move(schemas_));
    document["paths"] = std::move(paths);
    return {document.dump(), std::move(mistakes_)};
  }

 private:
  void Mistake(std::string_view where, std::string_view what) {
    mistakes_.push_back(std::string(where) + " " + std::string(what));
  }

  Json Type(std::string_view where, std::string_view text) {
    const FindType find = [this](std::string_view name) -> const Json* {
      const auto found = schemas_.find(std::string(name));
      return found == schemas_.end() ? nullptr : &*found;
    };
    Result<Json> type = ParseType(text, find);
    if (type.ok()) return *std::move(type);
    Mistake(where, type.status().message());
    return Json::object();
  }

  void AddSchemas(const ApiDocs& module) {
    for (const StructFunction record : module.records) {
      const schema::StructInfo& info = record();
      schemas_[info.name] = RecordSchema(info);
    }
    for (const Shape& shape : module.shapes) {
      Json type = Type(shape.name, shape.type);
      schemas_[std::string(shape.name)] = std::move(type);
    }
  }

  // Adds the names that `part` refers to, and what those refer to.
  void CollectReferences(const Json& part, std::set<std::string>* names) const {
    if (!part.is_structured()) return;
    for (const auto& [key, value] : part.items()) {
      if (key != "$ref") {
        CollectReferences(value, names);
        continue;
      }
      const std::string target = value.get<std::string>();
      if (!target.starts_with(kSchemaPrefix)) continue;
      const std::string name = target.substr(kSchemaPrefix.size());
      if (names->insert(name).second) CollectReferences(schemas_[name], names);
    }
  }

  // Drops the schemas that only served to build others.
  void Prune(const Json& paths) {
    std::set<std::string> used = {"GymError", "PopupError"};
    CollectReferences(paths, &used);
    Json kept = Json::object();
    for (const auto& [name, schema] : schemas_.items()) {
      if (used.contains(name)) kept[name] = schema;
    }
    schemas_ = std::move(kept);
  }

  Json Parameters(const http::Route& route, const RouteDoc& doc,
                  const std::vector<std::string>& params) {
    Json out = Json::array();
    for (const std::string& name : params) {
      out.push_back(
          {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    }
    if (route.module == http::Module::kGym) {
      out.push_back({{"$ref", "#/components/parameters/TenantId"}});
    }
    if (route.module != http::Module::kShared && route.method != http::Method::kGet) {
      out.push_back({{"$ref", "#/components/parameters/IdempotencyKey"}});
    }
    if (doc.query.empty()) return out;
    const Json query = Type(doc.route, doc.query);
    if (!query.contains("properties")) return out;
    std::set<std::string> required;
    for (const Json& name : query["required"]) required.insert(name.get<std::string>());
    for (const auto& [name, type] : query["properties"].items()) {
      out.push_back({{"name", name},
                     {"in", "query"},
                     {"required", required.count(name) > 0},
                     {"schema", type}});
    }
    return out;
  }

  Json Responses(const http::Route& route, const RouteDoc& doc) {
    Json success = {{"description", "Success"}};
    if (IsMediaType(doc.answer)) {
      success["content"][std::string(doc.answer)] = {{"schema", {{"type", "string"}}}};
    } else if (!doc.answer.empty()) {
      success["content"]["application/json"] = {{"schema", Type(doc.route, doc.answer)}};
    }
    const bool gym = route.module != http::Module::kPopups;
    const std::string error = gym ? "GymError" : "PopupError";
    const Json refusal = {{"$ref", "#/components/responses/" + error}};
    Json responses = {{std::to_string(doc.status), std::move(success)}};
    if (route.method == http::Method::kGet) {
      responses["304"] = {{"description", "Not changed since the entity tag in If-None-Match"}};
    }
    responses["4XX"] = refusal;
    responses["5XX"] = refusal;
    return responses;
  }

  Json Operation(const http::Route& route, const RouteDoc* doc,
                 const std::vector<std::string>& params) {
    static constexpr RouteDoc kUnknown{};
    const RouteDoc& known = doc != nullptr ? *doc : kUnknown;
    Json operation = {
        {"operationId", route.name},
        {"summary", known.summary.empty() ? route.name : known.summary},
        {"description", WhoMayCall(route.permission)},
        {"tags", Json::array({TagOf(route)})},
        {"security", SecurityOf(route)},
    };
    if (doc == nullptr) operation["x-undocumented"] = true;
    Json parameters = Parameters(route, known, params);
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (known.input != nullptr) {
      const schema::StructInfo& info = known.input();
      // A PATCH says what changes: nothing is required, and null is refused where a value is.
      const bool patch = route.method == http::Method::kPatch;
      const std::string name = info.name + (patch ? "Changes" : "");
      schemas_[name] = InputSchema(info, patch);
      bool all_optional = true;
      for (const schema::FieldInfo& field : info.fields) all_optional &= patch || !field.required;
      operation["requestBody"] = {
          {"required", !all_optional},
          {"content",
           {{"application/json", {{"schema", {{"$ref", "#/components/schemas/" + name}}}}}}}};
    }
    operation["responses"] = Responses(route, known);
    return operation;
  }

  const std::span<const http::Route> routes_;
  const std::span<const ApiDocs> modules_;
  Json schemas_ = Json::object();
  std::vector<std::string> mistakes_;
};

}  // namespace

Document BuildDocument(std::span<const http::Route> routes, std::span<const ApiDocs> modules) {
  return Builder(routes, modules).Build();
}

}  // namespace tenantry::openapi
