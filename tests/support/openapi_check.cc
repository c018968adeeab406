#include "tests/support/openapi_check.h"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace tenantry::contract {
namespace {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

// Objects whose members are listed take no others. Formats are hints for people and clients: what an instant or an address may
// look like has tests of its own.
void Close(json* schema) {
  if (!schema->is_structured()) return;
  if (schema->is_object() && schema->contains("format") && (*schema)["format"].is_string()) {
    schema->erase("format");
  }
  if (schema->is_object() && schema->contains("properties") &&
      (*schema)["properties"].is_object() && !schema->contains("additionalProperties")) {
    (*schema)["additionalProperties"] = false;
  }
  for (auto& [key, value] : schema->items()) Close(&value);
}

std::vector<std::string> Segments(const std::string& path) {
  std::vector<std::string> segments;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (end > at) segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

// How well a template fits: -1 not at all, else how many segments are literally the same.
int Fit(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return -1;
  int same = 0;
  for (size_t i = 0; i < path.size(); ++i) {
    if (pattern[i] == path[i]) {
      ++same;
    } else if (!pattern[i].starts_with('{')) {
      return -1;
    }
  }
  return same;
}

class Spec {
 public:
  explicit Spec(const std::string& url) {
    httplib::Client client(url);
    client.set_read_timeout(30);
    const httplib::Result got = client.Get("/openapi.json");
    if (!got || got->status != 200) {
      ADD_FAILURE() << "no /openapi.json from " << url;
      return;
    }
    document_ = json::parse(got->body);
    Close(&document_["components"]["schemas"]);
    // Schemas of operations are small; their names lead into the components.
    for (auto& [path, item] : document_["paths"].items()) Close(&item);
  }

  const json* FindOperation(const Exchange& exchange) const {
    const std::vector<std::string> path =
        Segments(exchange.target.substr(0, exchange.target.find('?')));
    std::string method = exchange.method;
    for (char& c : method) c = static_cast<char>(c | 0x20);
    const json* best = nullptr;
    int best_fit = -1;
    for (const auto& [pattern, item] : document_["paths"].items()) {
      const int fit = Fit(Segments(pattern), path);
      if (fit <= best_fit || !item.contains(method)) continue;
      best = &item[method];
      best_fit = fit;
    }
    return best;
  }

  // Resolves one "#/components/responses/…".
  const json& Resolve(const json& part) const {
    if (!part.contains("$ref")) return part;
    return document_.at(json::json_pointer(part["$ref"].get<std::string>().substr(1)));
  }

  // Empty when `value` fits, else why not.
  std::string Mistakes(const json& schema, const json& value) {
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    const Adapter target(value);
    if (validator.validate(Parsed(schema), target, &results)) return "";
    std::string text;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
      for (const std::string& part : error.context) text += part;
      text += ": " + error.description + "\n";
    }
    return text;
  }

 private:
  const valijson::Schema& Parsed(const json& schema) {
    std::unique_ptr<Compiled>& entry = parsed_[schema.dump()];
    if (!entry) {
      entry = std::make_unique<Compiled>();
      entry->root = {{"allOf", json::array({schema})}, {"components", document_["components"]}};
      valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
      parser.populateSchema(Adapter(entry->root), entry->schema);
    }
    return entry->schema;
  }

  struct Compiled {
    json root;
    valijson::Schema schema;
  };
  json document_;
  std::map<std::string, std::unique_ptr<Compiled>> parsed_;
};

// What an operation says about a status, or nullptr.
const json* ResponseFor(const json& operation, int status) {
  const json& responses = operation["responses"];
  const std::string exact = std::to_string(status);
  if (responses.contains(exact)) return &responses[exact];
  const std::string range = exact.substr(0, 1) + "XX";
  return responses.contains(range) ? &responses[range] : nullptr;
}

void CheckRequest(Spec& spec, const json& operation, const Exchange& exchange,
                  const std::string& where) {
  if (exchange.status >= 300 || exchange.body.empty()) return;
  if (!operation.contains("requestBody")) return;  // A body nobody reads is harmless.
  const json body = json::parse(exchange.body, nullptr, false);
  if (body.is_discarded()) return;  // A form; the document speaks of JSON.
  const json& schema = operation["requestBody"]["content"]["application/json"]["schema"];
  const std::string mistakes = spec.Mistakes(schema, body);
  EXPECT_EQ(mistakes, "") << where
                          << " accepted a body that /openapi.json refuses: " << exchange.body;
}

void CheckAnswer(Spec& spec, const json& operation, const Exchange& exchange,
                 const std::string& where) {
  const json* const found = ResponseFor(operation, exchange.status);
  ASSERT_NE(found, nullptr) << where << " answered a status that /openapi.json does not name";
  const json& response = spec.Resolve(*found);
  // Chosen fields make a part of the document's shape.
  if (exchange.answer.empty() || exchange.target.find("fields=") != std::string::npos) return;
  ASSERT_TRUE(response.contains("content"))
      << where << " has a body, /openapi.json names none: " << exchange.answer;
  const std::string media = exchange.answer_type.substr(0, exchange.answer_type.find(';'));
  const json& content = response["content"];
  if (!content.contains(media)) {
    // An error may be told in another form, such as a comment in a script.
    EXPECT_TRUE(exchange.status >= 400 || media == "text/plain")
        << where << " answers " << media << ", /openapi.json says " << content.dump();
    return;
  }
  if (media != "application/json") return;
  const json value = json::parse(exchange.answer, nullptr, false);
  ASSERT_FALSE(value.is_discarded()) << where << " is no JSON: " << exchange.answer;
  EXPECT_EQ(spec.Mistakes(content[media]["schema"], value), "")
      << where << " is not as /openapi.json says: " << exchange.answer;
}

}  // namespace

void ExpectDocumented(const std::string& server_url, const Exchange& exchange) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Spec>> specs;
  if (exchange.method == "HEAD" || exchange.method == "OPTIONS" || exchange.status == 0) return;
  const std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<Spec>& spec = specs[server_url];
  if (!spec) spec = std::make_unique<Spec>(server_url);
  const json* const operation = spec->FindOperation(exchange);
  if (operation == nullptr || operation->contains("x-undocumented")) return;
  const std::string where =
      exchange.method + " " + exchange.target + " -> " + std::to_string(exchange.status);
  CheckRequest(*spec, *operation, exchange, where);
  CheckAnswer(*spec, *operation, exchange, where);
}

}  // namespace tenantry::contract
