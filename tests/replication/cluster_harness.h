#pragma once
// Nodes of a cluster as processes: the built binary, driven over HTTP and by its own commands.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::replication {

using nlohmann::json;

inline uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* set = std::getenv(name);
  return set == nullptr ? otherwise : std::strtoull(set, nullptr, 10);
}

template <class Condition>
bool Eventually(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// One server in a folder of its own.
class Node {
 public:
  void Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--shop-auth", "open", "--rate-limit-exempt", "127.0.0.0/8",
                                       "--replication-listen", listen_});
    Result<load::ServerProcess> started =
        load::ServerProcess::Start(TENANTRY_BINARY, folder_.path(), arguments);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    process_ = std::make_unique<load::ServerProcess>(std::move(started).value());
    listen_ = WaitForAddress();
  }
  // Where it listens for other nodes, as soon as it said so.
  std::string WaitForAddress() const {
    constexpr std::string_view kSaid = "tenantry: replication on ";
    std::string address;
    Eventually([&] {
      const std::string text = load::ReadText(folder_.path() + "/server.out");
      const size_t at = text.find(kSaid);
      const size_t end = at == std::string::npos ? at : text.find('\n', at);
      if (end == std::string::npos) return false;
      address = text.substr(at + kSaid.size(), end - at - kSaid.size());
      return true;
    });
    return address;
  }
  httplib::Client Client() const {
    httplib::Client client(process_->url());
    client.set_read_timeout(20);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(
        true);  // Head and body are two writes, and nobody waits for an acknowledgement between them.
    return client;
  }
  // Exit code and what it printed.
  std::pair<int, std::string> Admin(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {TENANTRY_BINARY, "admin"});
    arguments.insert(arguments.end(), {"--data", folder_.path() + "/data"});
    const std::string out = folder_.path() + "/admin.out";
    const std::string err = folder_.path() + "/admin.err";
    Result<load::ChildProcess> tool = load::ChildProcess::Start(arguments, out, err);
    if (!tool.ok()) return {-1, tool.status().ToString()};
    const int code = tool->Wait(30);
    return {code, load::ReadText(out) + load::ReadText(err)};
  }
  std::string Digest() const { return Admin({"digest"}).second; }
  // The last that it said, for whoever has to find out why a test failed.
  std::string LogEnd() const {
    constexpr size_t kBytes = 4'000;
    const std::string text = load::ReadText(folder_.path() + "/server.err");
    return "\n" + listen_ + " said:\n" + text.substr(text.size() - std::min(text.size(), kBytes));
  }
  // Figures of /metrics by their whole name, labels included.
  double Metric(const std::string& name) const {
    const httplib::Result page = Client().Get("/metrics");
    if (!page) return -1;
    const size_t at = page->body.find("\n" + name + " ");
    return at == std::string::npos
               ? -1
               : std::strtod(page->body.c_str() + at + name.size() + 2, nullptr);
  }
  std::string data() const { return folder_.path() + "/data"; }
  void Kill() {
    if (process_) process_->Kill();
    process_.reset();
  }
  void Signal(int signal) { process_->Signal(signal); }
  void Stop() {
    if (process_) {
      EXPECT_EQ(process_->Stop(), 0);
    }
    process_.reset();
  }
  const std::string& url() const { return process_->url(); }
  const std::string& listen() const { return listen_; }

 private:
  TemporaryFolder folder_;
  std::string listen_ = "127.0.0.1:0";
  std::unique_ptr<load::ServerProcess> process_;
};

inline std::string SubscriberBody(const std::string& email) {
  return json({{"shopId", "demo-shop"}, {"email", email}}).dump();
}

inline httplib::Result Subscribe(httplib::Client& client, const std::string& email,
                                 const httplib::Headers& headers = {}) {
  return client.Post("/email-subscribers", headers, SubscriberBody(email), "application/json");
}

// Taken as one: 201 the first time, 409 where it is there already.
inline bool IsThere(httplib::Client& client, const std::string& email) {
  const httplib::Result answer = Subscribe(client, email);
  return answer && (answer->status == 409 || answer->status == 200);
}

inline constexpr const char* kRead = "/popups/active?shopId=demo-shop";

}  // namespace tenantry::replication
