#pragma once
// Server: the HTTP front in one object: listeners, loops, worker lanes.
//
// Shape    Start() -> serving -> Drain() or Stop(). Not restarted.
// Errors   Start(): kInvalidArgument for bad routes or addresses, kUnavailable for a port in use.
// Threads  Start, Drain, Stop and the destructor from one thread; the others from any once Start() returned.
// Owns     its threads. Borrows routes, application and clock, which must outlive it.

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/thread.h"
#include "server/http/application.h"
#include "server/http/live_limits.h"
#include "server/http/options.h"
#include "server/http/route.h"
#include "server/http/router.h"

namespace tenantry::http {

class Loop;
class TlsContext;
class WorkerLane;

class Server {
 public:
  Server(ServerOptions options, std::span<const Route> routes, Application* application,
         const Clock* clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds every address and serves. On failure nothing is left bound.
  Status Start();

  // HOST:PORT of each listener in the order of the options, with the ports that were bound.
  const std::vector<std::string>& addresses() const { return addresses_; }
  uint32_t loops() const { return static_cast<uint32_t>(loops_.size()); }

  // Takes over what may change while it runs: the limits of connections and waiting requests, and the lanes' queues. What
  // is open or queued beyond a lower limit stays.
  void Adjust(const ServerOptions& options);
  // Reads certificate and key again; connections made from now on use them. On failure the old ones stay. Only when
  // encrypted().
  Status ReloadTls(const ServerOptions& options);
  bool encrypted() const { return tls_ != nullptr; }

  // The application's ReleasedIndex() rose. Cheap, coalesced, from any thread.
  void NotifyReleased();

  // Answers what is queued, in flight or parked, refuses the rest, and returns when all is done or
  // after `limit_ms`.
  void Drain(int64_t limit_ms);
  // Cuts everything off.
  void Stop() { Drain(0); }

  // For metrics.
  size_t connections() const { return limits_.connections.load(std::memory_order_relaxed); }
  size_t connections_max() const { return limits_.connections_max.load(std::memory_order_relaxed); }
  size_t requests_waiting() const {
    return limits_.requests_waiting.load(std::memory_order_relaxed);
  }
  size_t requests_max() const { return limits_.requests_max.load(std::memory_order_relaxed); }
  size_t blocking_depth() const;
  size_t hashing_depth() const;
  // Workers of both lanes that run a request now, and how many there are.
  size_t workers_busy() const;
  size_t workers() const { return options_.blocking.workers + options_.hashing.workers; }

 private:
  const ServerOptions options_;
  const std::span<const Route> routes_;
  Application* const application_;
  const Clock* const clock_;

  // Set by Start().
  std::unique_ptr<Router> router_;
  std::vector<std::string> addresses_;
  std::unique_ptr<WorkerLane> blocking_;
  std::unique_ptr<WorkerLane> hashing_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<Thread> threads_;
  LiveLimits limits_;
  std::unique_ptr<TlsContext> tls_;
};

}  // namespace tenantry::http
