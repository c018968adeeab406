#pragma once
// TestApplication: a small application whose handlers tests can hold, release and count.
//
// "X-Admit: no" is refused before its handler, "X-Admit: N" is answered with "X-Admitted: N".
//
//   GET  /echo        what the handler saw, one "name=value" a line        GET /item/:id   the id
//   GET  /large       1 MiB, shared                                          GET /empty      204
//   GET  /throw       throws                                                 GET /same       304
//   POST /command     parked at the index in the body                        POST /tick decided at
//   the tick's end POST /blocking    on a worker, waits for OpenGate()                      POST
//   /hashing   the same, other lane GET  /cold        asks to be run again on the blocking lane
//   GET  /stream/:n   n pieces of 64 KiB, made while they are sent; "cut" fails at the third
//   POST /hold        parked at the index in the body, and held for 20 ms

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/mutex.h"
#include "server/http/server.h"

namespace tenantry::http {

class TestApplication final : public Application {
 public:
  std::optional<Response> Admit(const Request& request, const Route*,
                                Admission* admission) override {
    const std::string wish(request.FindHeader("x-admit").value_or(""));
    if (wish == "no") return Response::Json(403, "not admitted");
    if (!wish.empty()) admission->limit = static_cast<uint32_t>(std::stoul(wish));
    return std::nullopt;
  }
  std::string_view AdmissionLines(const Admission& admission,
                                  std::span<char, kAdmissionLinesBytes> room) override {
    if (admission.limit == 0) return {};
    const std::string line = "X-Admitted: " + std::to_string(admission.limit) + "\r\n";
    return {room.data(), line.copy(room.data(), line.size())};
  }
  Response Handle(const Route& route, const Request& request) override {
    handled_.fetch_add(1);
    return route.handler(request);
  }
  Response Unrouted(const Request& request, MethodSet allowed) override {
    Response response =
        Response::Json(allowed.empty() ? 404 : 405, "Cannot " + std::string(request.method_name) +
                                                        " " + std::string(request.target));
    if (!allowed.empty()) response.headers.emplace_back("Allow", allowed.ToString());
    return response;
  }
  Response ProtocolError(int status, std::string_view reason, const Request* request,
                         std::string_view target) override {
    return Response::Json(status, std::string(reason) + "|" + std::string(target) + "|" +
                                      (request ? request->request_id : "none"));
  }
  Response Overloaded(const Request&) override {
    Response response = Response::Json(503, "overloaded");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  void Decorate(const Request* request, const Route* route, Response* response) override {
    response->headers.emplace_back("X-Decorated", std::string(request ? "request" : "none") + "," +
                                                      std::string(route ? route->name : "none"));
  }
  uint64_t ReleasedIndex() const override { return released_.load(); }
  bool LogIsIdle() const override { return idle_.load(); }
  void OnTickEnd(uint32_t, std::vector<TickVerdict>* verdicts) override {
    MutexLock lock(mutex_);
    ticks_ += 1;
    // Out of order on purpose.
    for (auto it = tickets_.rbegin(); it != tickets_.rend(); ++it) {
      TickVerdict verdict{.ticket = it->first, .release_index = 0, .replacement = {}};
      if (it->second == "gone") verdict.replacement = Response::Json(404, "gone after all");
      if (it->second == "forgotten") continue;
      if (it->second == "later") verdict.release_index = 10;
      verdicts->push_back(std::move(verdict));
    }
    tickets_.clear();
  }
  void OnReply(const AccessRecord& record) override {
    MutexLock lock(mutex_);
    log_.push_back(std::string(record.method_name) + " " + std::string(record.target) + " " +
                   std::to_string(record.status) + " " + std::to_string(record.body_bytes) + " " +
                   std::string(record.route ? record.route->name : "-"));
    if (record.latency_ns < 0) log_.push_back("negative latency");
  }
  void OnException(const Request&, std::string_view what) override {
    MutexLock lock(mutex_);
    log_.push_back("exception " + std::string(what));
  }

  void Release(uint64_t index, Server& server) {
    released_.store(index);
    server.NotifyReleased();
  }
  void SetIdle(bool idle) { idle_.store(idle); }
  void OpenGate() {
    {
      MutexLock lock(mutex_);
      gate_open_ = true;
    }
    gate_.NotifyAll();
  }
  // Workers that stand at the gate.
  void AwaitWaiting(int count) {
    MutexLock lock(mutex_);
    while (waiting_ < count) arrived_.Wait(mutex_);
  }
  int pieces() const { return pieces_.load(); }
  int handled() const { return handled_.load(); }
  int ticks() {
    MutexLock lock(mutex_);
    return ticks_;
  }
  std::vector<std::string> log() {
    MutexLock lock(mutex_);
    return log_;
  }

  std::vector<Route> Routes() {
    return {
        Row(Method::kGet, "/echo", "echo", Lane::kInline,
            [](const Request& r) { return Echo(r, 200); }),
        Row(Method::kPost, "/echo", "postEcho", Lane::kInline,
            [](const Request& r) { return Echo(r, 201); }),
        Row(Method::kGet, "/item/:id", "item", Lane::kInline,
            [](const Request& r) { return Response::Json(200, r.params.values[0]); }),
        Row(Method::kGet, "/large", "large", Lane::kInline,
            [this](const Request&) {
              Response response = Response::Json(200, "");
              response.shared_body = large_;
              return response;
            }),
        Row(Method::kGet, "/empty", "empty", Lane::kInline,
            [](const Request&) { return Response::Json(204, "ignored"); }),
        Row(Method::kGet, "/same", "same", Lane::kInline,
            [](const Request&) { return Response::Empty(304); }),
        Row(Method::kGet, "/throw", "throw", Lane::kInline,
            [](const Request&) -> Response { throw std::runtime_error("secret"); }),
        Row(Method::kGet, "/headers", "headers", Lane::kInline,
            [](const Request&) {
              Response response = Response::Json(200, "x");
              response.headers = {{"Connection", "bogus"}, {"Content-Length", "99"},
                                  {"Date", "never"},       {"Keep-Alive", "max=1"},
                                  {"X-Ok", "100% fine"},   {"X-Bad", "a\r\nInjected: yes"}};
              return response;
            }),
        Row(Method::kPost, "/command", "command", Lane::kInline,
            [](const Request& r) {
              Response response = Response::Json(201, "done " + std::string(r.body));
              response.release_index = std::stoull(std::string(r.body));
              return response;
            }),
        Row(Method::kPost, "/tick", "tick", Lane::kInline,
            [this](const Request& r) {
              Response response = Response::Json(201, "counted");
              MutexLock lock(mutex_);
              response.tick_ticket = ++last_ticket_;
              tickets_[last_ticket_] = std::string(r.body);
              return response;
            }),
        Row(Method::kGet, "/cold", "cold", Lane::kInline,
            [](const Request& r) {
              if (!r.blocking_lane) {
                Response response;
                response.rerun_blocking = true;
                return response;
              }
              return Echo(r, 200);
            }),
        Row(Method::kGet, "/stream/:n", "stream", Lane::kInline,
            [this](const Request& r) {
              const std::string& n = r.params.values[0];
              Response response;
              response.content_type = "text/plain";
              response.stream = std::make_shared<Pieces>(&pieces_, n == "cut" ? -1 : std::stoi(n));
              return response;
            }),
        Row(Method::kPost, "/hold", "hold", Lane::kInline,
            [](const Request& r) {
              Response response = Response::Json(201, "held " + std::string(r.body));
              response.release_index = std::stoull(std::string(r.body));
              response.hold_ms = 20;
              return response;
            }),
        Row(Method::kPost, "/blocking", "blocking", Lane::kBlocking,
            [this](const Request& r) { return WaitAtGate(r); }),
        Row(Method::kPost, "/hashing", "hashing", Lane::kHashing,
            [this](const Request& r) { return WaitAtGate(r); }),
        Row(Method::kPost, "/stall", "stall", Lane::kInline,
            [this](const Request& r) { return WaitAtGate(r); }),
        Row(Method::kPost, "/worker-throw", "workerThrow", Lane::kBlocking,
            [](const Request&) -> Response { throw 42; }),
        Row(Method::kPost, "/worker-tick", "workerTick", Lane::kBlocking,
            [](const Request&) {
              Response response = Response::Empty(200);
              response.tick_ticket = 1;
              return response;
            }),
        Row(Method::kPost, "/worker-command", "workerCommand", Lane::kBlocking,
            [](const Request& r) {
              Response response = Response::Json(201, "done " + std::string(r.body));
              response.release_index = std::stoull(std::string(r.body));
              return response;
            }),
    };
  }

  static constexpr size_t kPieceBytes = 64 * 1024;

 private:
  class Pieces final : public BodySource {
   public:
    Pieces(std::atomic<int>* made, int count) : made_(made), count_(count) {}
    Status Next(std::string* piece) override {
      if (next_ == count_) return Status::Ok();
      if (count_ < 0 && next_ == 2) return IoError("no more");
      piece->assign(kPieceBytes, static_cast<char>('a' + next_ % 26));
      ++next_;
      made_->fetch_add(1);
      return Status::Ok();
    }

   private:
    std::atomic<int>* made_;
    int count_;
    int next_ = 0;
  };

  static Route Row(Method method, std::string_view path, std::string_view name, Lane lane,
                   std::function<Response(const Request&)> handler) {
    return {.method = method,
            .path = path,
            .name = name,
            .module = Module::kShared,
            .permission = Permission::kOpen,
            .rate = RateClass::kDefault,
            .cache = CacheClass::kNone,
            .lane = lane,
            .handler = std::move(handler)};
  }

  static Response Echo(const Request& r, int status) {
    std::string text = "method=" + std::string(r.method_name) +
                       "\ntarget=" + std::string(r.target) + "\npath=" + std::string(r.path) +
                       "\nquery=" + std::string(r.query) + "\npeer=" + r.peer_ip +
                       "\nid=" + r.request_id + "\nblocking=" + (r.blocking_lane ? "yes" : "no") +
                       "\n";
    for (const Header& h : r.headers) {
      text += std::string(h.name) + "=" + std::string(h.value) + "\n";
    }
    return Response::Json(status, text + "body=" + std::string(r.body));
  }

  Response WaitAtGate(const Request& request) {
    MutexLock lock(mutex_);
    ++waiting_;
    arrived_.NotifyAll();
    while (!gate_open_) gate_.Wait(mutex_);
    --waiting_;
    return Response::Json(200, "worked on " + std::string(request.body));
  }

  const std::shared_ptr<const std::string> large_ =
      std::make_shared<const std::string>(1024 * 1024, 'L');
  std::atomic<uint64_t> released_{0};
  std::atomic<bool> idle_{true};
  std::atomic<int> handled_{0};
  std::atomic<int> pieces_{0};
  Mutex mutex_{"test_application"};
  CondVar gate_;
  CondVar arrived_;
  bool gate_open_ TNT_GUARDED_BY(mutex_) = false;
  int waiting_ TNT_GUARDED_BY(mutex_) = 0;
  int ticks_ TNT_GUARDED_BY(mutex_) = 0;
  uint64_t last_ticket_ TNT_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, std::string> tickets_ TNT_GUARDED_BY(mutex_);
  std::vector<std::string> log_ TNT_GUARDED_BY(mutex_);
};

// A running server on a free port of the loopback, with one loop unless told otherwise: then a
// round trip on a second connection proves that the loop has dealt with what the first one sent.
struct TestServer {
  static ServerOptions OneLoop() {
    ServerOptions options;
    options.loops = 1;
    options.blocking = {.workers = 2, .queue = 2, .nice = 0};
    options.hashing = {.workers = 1, .queue = 1, .nice = 10};
    return options;
  }
  explicit TestServer(const ServerOptions& options = OneLoop())
      : server(options, routes, &application, &clock) {
    const Status status = server.Start();
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  ~TestServer() {
    application.OpenGate();
    server.Stop();
  }
  const std::string& address() const { return server.addresses()[0]; }

  SystemClock clock;
  TestApplication application;
  std::vector<Route> routes = application.Routes();
  Server server;
};

}  // namespace tenantry::http
