#pragma once
// PopupsApi: what clients of the popup API do, over HTTP against the real binary.
//
// One server serves all tests of a suite; every test uses shops of its own, so they share no state.

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/openapi_check.h"
#include "tests/support/popup_design.h"

namespace tenantry::contract {

using nlohmann::json;

struct PopupAnswer {
  int status = 0;
  json body;  // Null when it is not JSON.
  std::string text;
  httplib::Headers headers;
  std::string Header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
};

inline const std::set<std::string> kPopupKeys = {
    "id",          "shopId",   "name",      "description", "status",
    "triggerType", "design",   "targeting", "offer",       "viewLimit",
    "viewCount",   "isActive", "createdAt", "updatedAt",   "abTestGroupId"};

inline std::set<std::string> Keys(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

class PopupsContractTest : public ::testing::Test {
 protected:
  static std::vector<std::string> Arguments(const std::string& shop_auth) {
    return {"--shop-auth", shop_auth, "--rate-limit-exempt", "127.0.0.0/8,::1/128"};
  }
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    Start();
  }
  static void Start();
  static void TearDownTestSuite() {
    if (server_) {
      EXPECT_EQ(server_->Stop(), 0) << load::ReadText(folder_->path() + "/server.err");
    }
    server_.reset();
    folder_.reset();
  }

  static PopupAnswer Send(const std::string& url, const std::string& method,
                          const std::string& path, const std::string& body,
                          httplib::Headers headers) {
    httplib::Client client(url);
    client.set_read_timeout(30);
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.headers = std::move(headers);
    if (!body.empty() && !request.has_header("Content-Type")) {
      request.set_header("Content-Type", "application/json");
    }
    const httplib::Result result = client.send(request);
    PopupAnswer answer;
    EXPECT_TRUE(result) << method << " " << path << ": " << httplib::to_string(result.error());
    if (!result) return answer;
    answer.status = result->status;
    answer.text = result->body;
    answer.headers = result->headers;
    ExpectDocumented(
        url, {method, path, body, answer.status, answer.text, answer.Header("Content-Type")});
    answer.body = json::parse(answer.text, nullptr, false);
    if (answer.body.is_discarded()) answer.body = nullptr;
    return answer;
  }
  PopupAnswer Call(const std::string& method, const std::string& path,
                   const json& body = json(nullptr), httplib::Headers headers = {}) const {
    return Send(server_->url(), method, path, body.is_null() ? "" : body.dump(),
                std::move(headers));
  }
  PopupAnswer Get(const std::string& path, httplib::Headers headers = {}) const {
    return Call("GET", path, nullptr, std::move(headers));
  }
  PopupAnswer Post(const std::string& path, const json& body) const {
    return Call("POST", path, body);
  }

  // A shop nobody used before.
  static std::string FreshShop() {
    static std::atomic<int> next{0};
    return "shop-" + std::to_string(++next) + ".example";
  }
  static json Design(const json& more = json::object()) {
    json design = PopupDesign();
    design.update(more);
    return design;
  }
  static json PopupBody(const std::string& shop, const json& more = json::object()) {
    json body = {
        {"shopId", shop}, {"name", "Sale"}, {"triggerType", "exit_intent"}, {"design", Design()}};
    body.update(more);
    return body;
  }
  json MakePopup(const std::string& shop, const json& more = json::object()) const {
    const PopupAnswer made = Post("/popups", PopupBody(shop, more));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.body;
  }
  static void ExpectError(const PopupAnswer& answer, int status, const std::string& message,
                          const std::string& error) {
    EXPECT_EQ(answer.status, status) << answer.text;
    EXPECT_EQ(answer.body, (json{{"message", message}, {"error", error}, {"statusCode", status}}))
        << answer.text;
  }
  static void ExpectInvalid(const PopupAnswer& answer, const std::vector<std::string>& messages) {
    EXPECT_EQ(answer.status, 400) << answer.text;
    EXPECT_EQ(answer.body,
              (json{{"message", messages}, {"error", "Bad Request"}, {"statusCode", 400}}))
        << answer.text;
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline std::unique_ptr<load::ServerProcess> server_;
};

}  // namespace tenantry::contract
