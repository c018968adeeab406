#pragma once
// LoadRun: one thread that keeps many connections busy and counts what each of them got.
//
//            ┌────────── reconnect after close or error (100 ms) ──────────┐
//   kClosed ─┴▶ kConnecting ─▶ kWaiting ──due──▶ kSending ─▶ kReceiving ─▶ kWaiting ...
//
// Shape    four ways to decide when a connection's next request is due:
//          closed loop    at once after the reply, on `connections` connections for `seconds`;
//          rate           open loop: at fixed instants that add up to `rate` per second. A request that its connection
//                         cannot start in time waits for its turn, and the wait counts: a server that stands still for
//                         two seconds delays all that came due in them (coordinated omission is corrected). What was
//                         due before the end is sent and counted after it;
//          stages         as many users as the stage says, each one request, then `think_seconds`;
//          simultaneous   one request per connection: all are sent up to their last byte, then the last bytes at once.
//          An encrypted connection is made when its handshake is over.
// Units    latency from the first byte sent (rate: from the due instant) to the last byte read, nanoseconds; service time
//          always from the first byte sent.
// Errors   the run itself: kUnavailable when no connection could be made, kIoError without descriptors. What the
//          server does wrong is counted in the result.
// Threads  Run() on one thread, once.
// Owns     its sockets. Borrows the clock.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "server/http/tls.h"
#include "tools/load/latency_histogram.h"
#include "tools/load/request_template.h"

namespace tenantry::load {

struct Stage {
  double seconds = 0;
  uint32_t users = 0;  // Reached at the end of the stage, linearly.
};

struct LoadResult;

struct LoadPlan {
  Endpoint endpoint;
  std::shared_ptr<const http::TlsClient> tls;  // An encrypted endpoint needs it.
  RequestParts request;
  // When not empty, sent in turn in place of `request` to the endpoint's target.
  std::vector<TargetedRequest> mix;
  uint32_t connections = 1;
  double seconds = 1;
  double rate = 0;  // Requests per second over all connections; 0: closed loop.
  std::vector<Stage> stages;
  double think_seconds = 0;
  bool simultaneous = false;
  std::set<int> expected_statuses;  // Empty: any 2xx.
  double reply_timeout_seconds = 10;
  uint64_t requests_max = 0;  // Closed loop: ends after so many; 0: no limit.
  // Hears how far the run is, about four times a second. Null: nobody asks.
  std::function<void(const LoadResult&)> on_progress;
};

// The profile of the gym's load script: 30 s to 50 users, a minute there, 30 s to 100, a minute there, 30 s to none. Each
// user sends one request and sleeps a second. `time_scale` shortens the stages, not the sleep, so the rates stay.
void UseK6RootProfile(double time_scale, LoadPlan* plan);

struct ConnectionCount {
  uint64_t requests = 0;
  int64_t worst_latency_ns = 0;
};

struct LoadResult {
  double seconds = 0;                // Measured, without the wait for the last replies.
  uint64_t requests = 0;             // Answered, whatever the status; closed loop: within them.
  std::map<int, uint64_t> statuses;  // Of all replies, the last ones included.
  uint64_t unexpected_statuses = 0;
  uint64_t connect_errors = 0;
  uint64_t broken = 0;  // Connection lost or bytes that are no response, with a request on the way.
  uint64_t timeouts = 0;
  uint64_t reconnects = 0;   // After the server closed in good order.
  LatencyHistogram latency;  // Timeouts included, with their age; broken requests not.
  LatencyHistogram service;
  std::vector<ConnectionCount> connections;

  uint64_t errors() const { return unexpected_statuses + connect_errors + broken + timeouts; }
  double rate() const { return seconds > 0 ? static_cast<double>(requests) / seconds : 0; }
};

Result<LoadResult> RunLoad(const LoadPlan& plan, const Clock& clock);

}  // namespace tenantry::load
