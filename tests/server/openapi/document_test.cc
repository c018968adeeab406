#include "server/openapi/document.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/release_relay.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/in_process_server.h"

namespace tenantry::openapi {
namespace {

using nlohmann::json;

http::Route Row(http::Method method, std::string_view path, std::string_view name,
                http::Permission permission) {
  return {method,
          path,
          name,
          http::Module::kGym,
          permission,
          http::RateClass::kDefault,
          http::CacheClass::kNone,
          http::Lane::kInline,
          nullptr};
}

constexpr Shape kShapes[] = {{"Part", "{a: int}"}, {"Whole", "Part & {b: int}"}, {"Spare", "int"}};

TEST(DocumentTest, DescribesARouteByItsRowAndItsDoc) {
  const std::vector<http::Route> routes = {
      Row(http::Method::kGet, "/things/:id", "getThing", http::Permission::kPublic),
      Row(http::Method::kDelete, "/things/:id", "deleteThing", http::Permission::kManager)};
  constexpr RouteDoc kDocs[] = {
      {"GET /things/:id", "Read a thing", 200, "Whole", nullptr, "{page?: int, of: string}"},
      {"DELETE /things/:id", "Remove a thing", 204}};
  const ApiDocs docs[] = {{kDocs, kShapes, {}}};
  const Document document = BuildDocument(routes, docs);
  EXPECT_THAT(document.mistakes, testing::IsEmpty());
  const json spec = json::parse(document.json);
  EXPECT_EQ(spec["openapi"], "3.1.0");
  const json& get = spec["paths"]["/things/{id}"]["get"];
  EXPECT_EQ(get["operationId"], "getThing");
  EXPECT_EQ(get["security"], json::parse(R"([{}, {"member": []}])"));
  EXPECT_EQ(get["parameters"][0]["name"], "id");
  EXPECT_EQ(get["parameters"][1]["$ref"], "#/components/parameters/TenantId");
  EXPECT_EQ(get["parameters"][2]["required"], false);
  EXPECT_EQ(get["parameters"][3]["required"], true);
  EXPECT_EQ(get["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/Whole");
  EXPECT_EQ(get["parameters"].size(), 4u) << "a key makes no sense for a read";
  const json& of_delete = spec["paths"]["/things/{id}"]["delete"]["parameters"];
  EXPECT_EQ(of_delete[2]["$ref"], "#/components/parameters/IdempotencyKey");
  EXPECT_EQ(spec["components"]["parameters"]["IdempotencyKey"]["schema"]["maxLength"], 255);
  EXPECT_FALSE(spec["paths"]["/things/{id}"]["delete"]["responses"]["204"].contains("content"));
  EXPECT_TRUE(spec["components"]["schemas"].contains("Whole"));
  EXPECT_FALSE(spec["components"]["schemas"].contains("Spare")) << "only what is referred to";
}

TEST(DocumentTest, SaysWhatDoesNotFit) {
  const std::vector<http::Route> routes = {
      Row(http::Method::kGet, "/a", "a", http::Permission::kOpen),
      Row(http::Method::kGet, "/b", "b", http::Permission::kOpen)};
  constexpr RouteDoc kDocs[] = {{"GET /a", "A", 200, "Unknown"}, {"GET /c", "C"}};
  const ApiDocs docs[] = {{kDocs, {}, {}}};
  EXPECT_THAT(BuildDocument(routes, docs).mistakes,
              testing::UnorderedElementsAre(testing::HasSubstr("a known name instead of Unknown"),
                                            "GET /b has no row in its module's api_docs.cc",
                                            "GET /c is documented but not served"));
}

class ServedDocumentTest : public EngineFixture {};

// The drift check: every route is documented, everything documented is served, every type parses.
TEST_F(ServedDocumentTest, EveryRouteIsDocumentedAndEveryDocIsServed) {
  const server::ServerOptions options;
  server::ReleaseRelay relay;
  engine().SetReleaseListener([&relay] { relay.Notify(); });
  const InProcessServer server(engine(), relay, options);
  for (const std::string& mistake : server.application().doc_mistakes()) ADD_FAILURE() << mistake;
  std::set<std::string_view> names;
  for (const http::Route& route : server.application().routes()) {
    EXPECT_TRUE(names.insert(route.name).second) << route.name << " names two routes";
  }
}

}  // namespace
}  // namespace tenantry::openapi
