#pragma once
// DurableContractTest: the built binary with a gym, for tests that kill it and start it again on the same data.
//
// Threads  one at a time, except where a method says otherwise.

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/popup_design.h"

namespace tenantry::contract {

using nlohmann::json;

inline constexpr const char* kShop = "keyed-shop";

struct Reply {
  int status = 0;
  json body;
  std::string text;
  bool replayed = false;
  bool busy = false;  // 409 with Retry-After: the first is still under way.
};

inline std::optional<Reply> TrySend(httplib::Client& client, const std::string& method,
                                    const std::string& path, const json& body,
                                    const httplib::Headers& headers) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.headers = headers;
  if (!body.is_null()) {
    request.body = body.dump();
    request.set_header("Content-Type", "application/json");
  }
  const httplib::Result result = client.send(request);
  if (!result) return std::nullopt;
  Reply reply{result->status, json::parse(result->body, nullptr, false), result->body, false,
              false};
  if (reply.body.is_discarded()) reply.body = nullptr;
  reply.replayed = result->get_header_value("Idempotent-Replayed") == "true";
  reply.busy = result->status == 409 && result->has_header("Retry-After");
  return reply;
}

inline json PopupBody(const std::string& name) {
  return {
      {"shopId", kShop}, {"name", name}, {"triggerType", "exit_intent"}, {"design", PopupDesign()}};
}

class DurableContractTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Start();
    const Reply made = Post("/auth/signup", SignupBody("Keyed Gym", "owner@keyed.example"));
    ASSERT_EQ(made.status, 201) << made.text;
    gym_id_ = made.body["tenant"]["id"];
    owner_ = {{"Authorization", "Bearer " + made.body["token"].get<std::string>()}};
  }
  void Start() {
    Result<load::ServerProcess> started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(),
                                   {"--shop-auth", "open", "--rate-limit-exempt",
                                    "127.0.0.0/8,::1/128", "--webhook-allow", "127.0.0.0/8"});
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::make_unique<load::ServerProcess>(std::move(started).value());
  }
  static json SignupBody(const std::string& gym, const std::string& email) {
    return {{"email", email}, {"password", "Password123"}, {"name", "Olga"}, {"tenantName", gym}};
  }
  Reply Send(const std::string& method, const std::string& path, const json& body,
             const httplib::Headers& headers) const {
    httplib::Client client(server_->url());
    client.set_read_timeout(30);
    const std::optional<Reply> reply = TrySend(client, method, path, body, headers);
    EXPECT_TRUE(reply) << method << " " << path;
    return reply.value_or(Reply());
  }
  Reply Post(const std::string& path, const json& body, httplib::Headers headers = {}) const {
    return Send("POST", path, body, headers);
  }
  Reply Keyed(const std::string& path, const json& body, const std::string& key,
              httplib::Headers headers = {}) const {
    headers.emplace("Idempotency-Key", key);
    return Post(path, body, headers);
  }
  httplib::Headers OwnerWith(const std::string& key) const {
    httplib::Headers headers = owner_;
    headers.emplace("Idempotency-Key", key);
    return headers;
  }
  size_t Locations() const { return Send("GET", "/locations", nullptr, owner_).body.size(); }

  TemporaryFolder folder_;
  std::unique_ptr<load::ServerProcess> server_;
  std::string gym_id_;
  httplib::Headers owner_;
};

}  // namespace tenantry::contract
