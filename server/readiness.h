#pragma once
// Readiness: whether this process should be sent requests, and why not. Each part that can make it unfit adds one check.
//
// Threads  any. Checks run on the thread that asks, so they read an atomic or take a short lock and never wait.
// Owns     the checks. What they refer to must outlive the last Look().

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/mutex.h"

namespace tenantry::server {

class Readiness {
 public:
  struct State {
    bool ok = true;
    std::string detail;  // For operators: what is wrong, or a figure. May be shown to anybody.
  };
  struct Check {
    std::string name;  // Lower case, such as "disk".
    State state;
  };
  struct Report {
    bool ready = true;  // Every check is.
    std::vector<Check> checks;
    // "[+] disk ok" or "[-] disk failed: why", one line per check, and a verdict.
    std::string ToText() const;
  };

  // A check is asked on every probe; it is listed under `name` in the order of adding.
  void Add(std::string name, std::function<State()> check);
  // From now on not ready: requests in flight are finished, no new ones are wanted.
  void BeginDrain() { draining_.store(true, std::memory_order_relaxed); }

  Report Look() const;

 private:
  struct Entry {
    std::string name;
    std::function<State()> check;
  };
  mutable Mutex mutex_{"readiness"};
  std::vector<Entry> entries_ TNT_GUARDED_BY(mutex_);
  std::atomic<bool> draining_{false};  // Relaxed: a flag that is only ever raised.
};

}  // namespace tenantry::server
