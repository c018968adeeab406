#pragma once
// Application: what the HTTP front asks of the server behind it: answers, error bodies, and when
// replies may leave.
//
// Errors   an exception that leaves Handle() or Unrouted() becomes ProtocolError(500). The others
// must not throw. Threads  Handle() runs on the loop for Lane::kInline, on a worker for the other
// lanes; OnTickEnd() on its loop, with
//          no handler of that loop running; ReleasedIndex() anywhere; the rest on any loop. All
//          concurrently.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "server/http/admission.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/http/route.h"
#include "server/http/router.h"

namespace tenantry::http {

// What becomes of a reply that was held until the end of its tick.
struct TickVerdict {
  uint64_t ticket = 0;
  // The held reply may leave once this log index is released.
  uint64_t release_index = 0;
  // Sent instead of the held reply; its own release_index counts then, its tick_ticket is ignored.
  std::optional<Response> replacement;
};

// One line of the access log, made when a reply is handed to the socket. The views die with the
// call.
struct AccessRecord {
  const Route* route = nullptr;  // Null for unrouted requests and protocol errors.
  Method method = Method::kOther;
  std::string_view method_name;
  std::string_view target;
  std::string_view request_id;
  std::string_view peer_ip;
  int status = 0;
  std::string_view detail;    // Response::log_detail.
  uint64_t tenant_space = 0;  // Response::tenant_space.
  uint64_t body_bytes = 0;
  int64_t latency_ns = 0;  // From the complete request to the reply's hand-over.
  uint32_t loop = 0;
};

class Application {
 public:
  virtual ~Application() = default;

  // Asked once per request, on its loop, before anything else; `route` is null for an unknown path.
  // A response is the answer. What is noted in `admission` stays with the request until it is sent.
  virtual std::optional<Response> Admit(const Request& request, const Route* route,
                                        Admission* admission) = 0;

  // Header lines, each with its line end, that the answer to an admitted or refused request carries;
  // a view into `room` or static text.
  static constexpr size_t kAdmissionLinesBytes = 320;
  virtual std::string_view AdmissionLines(const Admission& admission,
                                          std::span<char, kAdmissionLinesBytes> room) = 0;

  // Middleware and handler of a matched route.
  virtual Response Handle(const Route& route, const Request& request) = 0;

  // The path is unknown (`allowed` is empty) or lacks this method. Also gets OPTIONS, for CORS
  // preflight.
  virtual Response Unrouted(const Request& request, MethodSet allowed) = 0;

  // The body of an error that no handler made. `request` is null when none could be framed;
  // `target` is as sent, and empty when not even the request line was read. `reason` may be shown
  // to the client.
  virtual Response ProtocolError(int status, std::string_view reason, const Request* request,
                                 std::string_view target) = 0;

  // A worker queue is full: 503 with Retry-After.
  virtual Response Overloaded(const Request& request) = 0;

  // Called for every response just before it is rendered: CORS and other headers for all. Both may
  // be null.
  virtual void Decorate(const Request* request, const Route* route, Response* response) = 0;

  // The highest log index whose replies may leave. Never falls. Read often: keep it one atomic
  // load.
  virtual uint64_t ReleasedIndex() const = 0;

  // Whether nothing written earlier is still on its way to the disk. While something is, a tick's
  // entry would only stand in line behind it, so a small tick is kept open for more requests.
  // When this is false, ReleasedIndex() will rise once more, and Server::NotifyReleased() be called
  // after that. Read often, like ReleasedIndex().
  virtual bool LogIsIdle() const = 0;

  // The log index that must be released before a matched request is handled; 0: none. The wait is bounded by
  // TimeLimits::position_ms, so Handle() looks again.
  virtual uint64_t WaitFor(const Route&, const Request&) { return 0; }

  // Whole header lines for a reply that learned its release index after its head was rendered.
  virtual std::string LateLines(uint64_t) { return {}; }

  // Around what a loop does between two looks at its sockets, on the loop's thread. Replies leave after the end, so
  // writes of one batch may share a sync.
  virtual void BeginBatch() {}
  virtual void EndBatch() {}

  // The batch of a loop ended in which handlers returned tick tickets. Every ticket needs its
  // verdict now; a reply without one is answered 500.
  virtual void OnTickEnd(uint32_t loop, std::vector<TickVerdict>* verdicts) = 0;

  // Must be cheap.
  virtual void OnReply(const AccessRecord& record) = 0;

  // A handler threw; for the log only.
  virtual void OnException(const Request& request, std::string_view what) = 0;
};

}  // namespace tenantry::http
