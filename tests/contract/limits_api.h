#pragma once
// LimitsTest: the whole server in this process behind a gate, with a clock the test moves and clients of any address: the
// test speaks as a trusted proxy where it names one.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/limits/gate.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/in_process_server.h"
#include "tests/support/popup_design.h"
#include "tests/support/raw_connection.h"

namespace tenantry::contract {

using nlohmann::json;

struct LimitsAnswer {
  int status = 0;
  std::string head;
  json body;
  // The value of a header, "" without one.
  std::string Header(const std::string& name) const {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class LimitsTest : public EngineFixture {
 protected:
  explicit LimitsTest(const std::vector<std::string>& management_origins = {}) {
    server::ServerOptions options;
    options.shop_auth_open = true;
    options.management_origins = management_origins;
    engine().SetReleaseListener([this] { relay_.Notify(); });
    server_ = std::make_unique<InProcessServer>(engine(), relay_, options, kLoops, &gate_);
  }
  ~LimitsTest() override {
    server_.reset();
    engine_.reset();
  }

  void Apply(const limits::LimitSettings& settings) { ASSERT_TRUE(gate_.Apply(settings).ok()); }
  // Clients are whom X-Forwarded-For names, until the next Apply().
  limits::LimitSettings TrustingUs() const {
    limits::LimitSettings settings;
    settings.trusted_proxies = {"127.0.0.1"};
    return settings;
  }

  static std::string Request(const std::string& method, const std::string& target,
                             const std::string& body = "", const std::string& headers = "") {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers;
    if (!body.empty()) {
      text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n";
    }
    return text + "\r\n" + body;
  }
  static LimitsAnswer Read(RawConnection& connection) {
    const RawConnection::Answer raw = connection.ReadAnswer();
    return {raw.status, raw.head, json::parse(raw.body, nullptr, false)};
  }
  LimitsAnswer Ask(const std::string& request) const {
    RawConnection connection(server_->port());
    EXPECT_TRUE(connection.Write(request));
    return Read(connection);
  }
  LimitsAnswer Get(const std::string& target, const std::string& headers = "") const {
    return Ask(Request("GET", target, "", headers));
  }

  // How often each status came when `total` like requests are sent at once over 30 connections.
  std::map<int, int> Flood(int total, const std::string& request) const {
    constexpr int kConnections = 30;
    std::vector<std::unique_ptr<RawConnection>> connections;
    for (int i = 0; i < kConnections; ++i) {
      connections.push_back(std::make_unique<RawConnection>(server_->port()));
    }
    std::string burst;
    for (int i = 0; i < total / kConnections; ++i) burst += request;
    for (const auto& connection : connections) EXPECT_TRUE(connection->Write(burst));
    std::map<int, int> statuses;
    for (const auto& connection : connections) {
      for (int i = 0; i < total / kConnections; ++i) ++statuses[connection->ReadStatus()];
    }
    return statuses;
  }

  std::string MakePopup(const std::string& shop) const {
    const json body = {{"shopId", shop},
                       {"name", "Sale"},
                       {"status", "active"},
                       {"triggerType", "exit_intent"},
                       {"design", PopupDesign()}};
    const LimitsAnswer made = Ask(Request("POST", "/popups", body.dump()));
    EXPECT_EQ(made.status, 201) << made.body;
    return made.status == 201 ? made.body["id"].get<std::string>() : "";
  }

  static constexpr uint32_t kLoops = 2;
  static constexpr int64_t kMinuteMs = 60'000;
  limits::Gate gate_{kLoops, limits::kDefaultCountersMax, 42};
  server::ReleaseRelay relay_;
  std::unique_ptr<InProcessServer> server_;
};

}  // namespace tenantry::contract
