// Question: what does a client save that asks with the tag it has? Answers in time per request over one loopback connection,
// for a list of fifty popups: whole (200), and not changed (304).
// Goal: 304 takes less time than 200.

#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "bench/micro/bench_engine.h"
#include "bench/micro/result_hash.h"
#include "tests/support/in_process_server.h"
#include "tests/support/raw_connection.h"

namespace tenantry::bench {
namespace {

constexpr int kPopups = 50;

class Storefront {
 public:
  Storefront() {
    bench_.engine().SetReleaseListener([this] { relay_.Notify(); });
    server::ServerOptions options;
    options.shop_auth_open = true;
    server_ = std::make_unique<InProcessServer>(bench_.engine(), relay_, options, 1);
    connection_ = std::make_unique<RawConnection>(server_->port());
    const std::string popup =
        R"({"shopId":"bench.example","name":"Sale","status":"active","triggerType":"exit_intent",)"
        R"("design":{"backgroundColor":"#fff","textColor":"#000","heading":"Summer sale",)"
        R"("subheading":"Today only","buttonText":"Go","buttonColor":"#111","layout":"centered",)"
        R"("width":400,"borderRadius":4,"padding":20}})";
    for (int i = 0; i < kPopups; ++i) {
      TNT_CHECK(Ask("POST /popups HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                    "Content-Length: " +
                    std::to_string(popup.size()) + "\r\n\r\n" + popup)
                    .status == 201);
    }
  }
  ~Storefront() {
    connection_.reset();
    server_.reset();
  }

  RawConnection::Answer Ask(const std::string& request) {
    TNT_CHECK(connection_->Write(request));
    return connection_->ReadAnswer();
  }
  RawConnection::Answer List(const std::string& headers) {
    return Ask("GET /popups/active?shopId=bench.example HTTP/1.1\r\nHost: h\r\n" + headers +
               "\r\n");
  }

 private:
  server::ReleaseRelay relay_;  // Outlives the engine, whose thread calls it.
  BenchEngine bench_;
  std::unique_ptr<InProcessServer> server_;
  std::unique_ptr<RawConnection> connection_;
};

void Repeat(benchmark::State& state, Storefront& storefront, const std::string& headers,
            int status) {
  ResultHash hash;
  size_t bytes = 0;
  for (auto _ : state) {
    const RawConnection::Answer answer = storefront.List(headers);
    TNT_CHECK(answer.status == status);
    hash.Add(answer.body);
    bytes = answer.body.size();
  }
  hash.Report(state);
  state.counters["body_bytes"] = static_cast<double>(bytes);
}

void Whole200(benchmark::State& state) {
  Storefront storefront;
  Repeat(state, storefront, "", 200);
}
BENCHMARK(Whole200)->UseRealTime();

void NotChanged304(benchmark::State& state) {
  Storefront storefront;
  const std::string head = storefront.List("").head;
  const size_t tag = head.find("ETag: ");
  TNT_CHECK(tag != std::string::npos);
  const size_t from = tag + 6;
  const std::string value = head.substr(from, head.find("\r\n", from) - from);
  Repeat(state, storefront, "If-None-Match: " + value + "\r\n", 304);
}
BENCHMARK(NotChanged304)->UseRealTime();

}  // namespace
}  // namespace tenantry::bench
